"""Message, service and action types: definitions, Python classes, CDR encoding and type hashes."""

from __future__ import annotations
