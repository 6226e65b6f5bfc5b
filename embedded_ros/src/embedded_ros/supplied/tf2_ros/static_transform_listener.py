"""A listener for static transforms alone."""

from __future__ import annotations

from typing import Any

from .transform_listener import TransformListener


class StaticTransformListener(TransformListener):
    """A ``TransformListener`` that does not subscribe to ``/tf``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "static_only": True})
