"""Inner parts with public names."""
