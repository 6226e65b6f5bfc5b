"""Loggers for launch files that print through ``launch.logging.get_logger``."""

from __future__ import annotations

import logging


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger that prints lines as the launch does."""
    logger = logging.getLogger(name or "launch")
    root = logging.getLogger("launch")
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("[%(levelname)s] [%(name)s]: %(message)s"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
    if not logger.name.startswith("launch"):
        logger.parent = root
    return logger
