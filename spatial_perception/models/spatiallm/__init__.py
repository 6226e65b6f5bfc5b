"""SpatialLM: a language model that reads a point cloud and writes the layout of the room, versions 1.0 and 1.1."""
