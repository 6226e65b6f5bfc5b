"""What services could tell about their calls; embedded_ros publishes no such events."""

from __future__ import annotations

import enum

__all__ = ["ServiceIntrospectionState"]


class ServiceIntrospectionState(enum.IntEnum):
    """How much of its calls a service or client publishes; only OFF is supported."""

    OFF = 0
    METADATA = 1
    CONTENTS = 2
