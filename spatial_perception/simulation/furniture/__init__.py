"""Furniture as recognisable composites of solid primitives, one builder per category."""
