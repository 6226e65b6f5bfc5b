"""Pictures and recordings of clouds and layouts: floor plans, 3-D views, rerun files."""
