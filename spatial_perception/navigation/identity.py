"""Names that stay the same from one update to the next."""

from __future__ import annotations

from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

_NAMESPACE = uuid5(NAMESPACE_URL, "https://spatial-perception/navigation")


@lru_cache(maxsize=16_384)
def stable_uuid(frame_id: str, kind: str, number: int, part: int = 0) -> UUID:
    """The UUID (version 5, RFC 9562) of part `part` of an entity: the same frame, kind and id give the same UUID, always."""
    return uuid5(_NAMESPACE, f"{frame_id}/{kind}/{number}/{part}")
