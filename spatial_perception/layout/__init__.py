"""The layout language and its algebra: entities, text, quantisation, transforms, validation, JSON. Needs numpy and shapely only."""
