"""A layout without weights: planes, gaps in them, and what stands in between. Needs numpy, scipy and shapely only."""
