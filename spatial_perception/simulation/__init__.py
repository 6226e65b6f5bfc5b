"""Procedural homes with exact layouts, virtual sensors, and a robot that drives through them."""
