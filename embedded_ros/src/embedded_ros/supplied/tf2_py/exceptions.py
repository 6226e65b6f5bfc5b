"""The exception family of tf2: every failure of a lookup is one of these."""

from __future__ import annotations


class TransformException(Exception):
    """Base of every tf2 error; catching it covers all failed lookups."""


class ConnectivityException(TransformException):
    """The two frames are known but lie in trees that are not connected."""


class LookupException(TransformException):
    """A frame is not known to the buffer."""


class ExtrapolationException(TransformException):
    """The requested time lies outside the interval for which transforms are stored."""


class InvalidArgumentException(TransformException):
    """A frame name is empty or starts with a slash."""


class TimeoutException(TransformException):
    """A transform did not become available within the time given."""
