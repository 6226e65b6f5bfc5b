"""``cv_bridge``: image messages and arrays, in numpy alone."""

from __future__ import annotations

from .conversion import convert as cvtColor2
from .core import CvBridge
from .encodings import CvBridgeError

__all__ = ["CvBridge", "CvBridgeError", "cvtColor2"]
