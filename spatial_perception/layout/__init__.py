"""The layout language and its algebra: entities, text, quantisation, transforms, validation, JSON (numpy and shapely only)."""
