"""Conversion factors between seconds and nanoseconds."""

from __future__ import annotations

S_TO_NS = 1000 * 1000 * 1000
"""Nanoseconds in a second."""
