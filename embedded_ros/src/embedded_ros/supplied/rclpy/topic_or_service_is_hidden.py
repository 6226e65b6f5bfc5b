"""Whether tools leave a name out of their lists."""

from __future__ import annotations

HIDDEN_TOPIC_PREFIX = "_"
TOPIC_SEPERATOR_STRING = "/"


def topic_or_service_is_hidden(name: str) -> bool:
    """Return whether a part of the name begins with an underscore."""
    return any(part.startswith(HIDDEN_TOPIC_PREFIX) for part in name.split(TOPIC_SEPERATOR_STRING))
