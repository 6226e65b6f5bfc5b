"""Network blocks that several models share: serialised attention and sparse convolution on voxels, in plain torch."""
