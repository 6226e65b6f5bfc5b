"""Options for filtering by content, which is not supported."""

from __future__ import annotations

from typing import Any

__all__ = ["ContentFilterOptions"]


class ContentFilterOptions:
    """Refused: readers get all messages of their topic."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "rclpy.subscription_content_filter_options.ContentFilterOptions is not supported by embedded_ros"
        )
