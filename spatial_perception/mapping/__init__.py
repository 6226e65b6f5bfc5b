"""The state of the world: a bounded voxel map, posed keyframes, and the frame in which layouts are written."""
