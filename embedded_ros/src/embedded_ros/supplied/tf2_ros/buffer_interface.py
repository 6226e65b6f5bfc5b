"""What every buffer offers beyond lookups: transforming stamped data of registered types."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from rclpy.duration import Duration
from std_msgs.msg import Header

Transformer = Callable[[Any, Any], Any]


class TypeException(Exception):
    """No transformation or conversion is registered for a type."""

    def __init__(self, errstr: str) -> None:
        super().__init__(errstr)
        self.errstr = errstr


class NotImplementedException(Exception):
    """A buffer does not implement ``can_transform`` or ``lookup_transform``."""

    def __init__(self) -> None:
        self.errstr = "CanTransform or LookupTransform not implemented"
        super().__init__(self.errstr)


class BufferInterface:
    """Base of buffers: ``transform`` on top of the lookups that a subclass implements."""

    def __init__(self) -> None:
        self.registration = TransformRegistration()

    def transform(
        self, object_stamped: Any, target_frame: str, timeout: Duration | None = None, new_type: Any = None
    ) -> Any:
        """Return stamped data in another frame at its own time.

        Raises TypeException when the type is not registered (import tf2_geometry_msgs or tf2_sensor_msgs), and what
        ``lookup_transform`` raises.
        """
        apply = self.registration.get(type(object_stamped))
        header = object_stamped.header
        found = self.lookup_transform(target_frame, header.frame_id, header.stamp, timeout or Duration())
        result = apply(object_stamped, found)
        return result if new_type is None else convert(result, new_type)

    def transform_full(
        self,
        object_stamped: Any,
        target_frame: str,
        target_time: Any,
        fixed_frame: str,
        timeout: Duration | None = None,
        new_type: Any = None,
    ) -> Any:
        """Return stamped data in another frame at another time; ``fixed_frame`` is taken to be at rest between."""
        apply = self.registration.get(type(object_stamped))
        header = object_stamped.header
        found = self.lookup_transform_full(
            target_frame, target_time, header.frame_id, header.stamp, fixed_frame, timeout or Duration()
        )
        result = apply(object_stamped, found)
        return result if new_type is None else convert(result, new_type)

    def lookup_transform(self, target_frame: str, source_frame: str, time: Any, timeout: Any = None) -> Any:
        """Return the transform from ``source_frame`` into ``target_frame``; to be implemented."""
        raise NotImplementedException

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Any = None,
    ) -> Any:
        """Return the transform between two times; to be implemented."""
        raise NotImplementedException

    def can_transform(self, target_frame: str, source_frame: str, time: Any, timeout: Any = None) -> bool:
        """Return whether a lookup would succeed; to be implemented."""
        raise NotImplementedException

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Any = None,
    ) -> bool:
        """Return whether a lookup between two times would succeed; to be implemented."""
        raise NotImplementedException


def Stamped(obj: Any, stamp: Any, frame_id: str) -> Any:
    """Give an object a header and return it."""
    obj.header = Header(frame_id=frame_id, stamp=stamp)
    return obj


class TransformRegistration:
    """How data of each type is transformed; one table for the whole process."""

    _transformers: ClassVar[dict[Any, Transformer]] = {}

    def print_me(self) -> None:
        """Print the table."""
        print(self._transformers)

    def add(self, key: Any, callback: Transformer) -> None:
        """Register ``callback(data, transform)`` for a type."""
        self._transformers[key] = callback

    def get(self, key: Any) -> Transformer:
        """Return the function registered for a type; TypeException if there is none."""
        return _registered(self._transformers, key)


class ConvertRegistration:
    """How types convert into each other, directly or over a message; one table for the whole process."""

    _to_msg: ClassVar[dict[Any, Callable[[Any], Any]]] = {}
    _from_msg: ClassVar[dict[Any, Callable[[Any], Any]]] = {}
    _direct: ClassVar[dict[Any, Callable[[Any], Any]]] = {}

    def add_from_msg(self, key: Any, callback: Callable[[Any], Any]) -> None:
        """Register how a type is made from its message."""
        self._from_msg[key] = callback

    def add_to_msg(self, key: Any, callback: Callable[[Any], Any]) -> None:
        """Register how a type becomes its message."""
        self._to_msg[key] = callback

    def add_convert(self, key: tuple[Any, Any], callback: Callable[[Any], Any]) -> None:
        """Register a direct conversion for a pair of types."""
        self._direct[key] = callback

    def get_from_msg(self, key: Any) -> Callable[[Any], Any]:
        """Return the registered function; TypeException if there is none."""
        return _registered(self._from_msg, key)

    def get_to_msg(self, key: Any) -> Callable[[Any], Any]:
        """Return the registered function; TypeException if there is none."""
        return _registered(self._to_msg, key)

    def get_convert(self, key: tuple[Any, Any]) -> Callable[[Any], Any]:
        """Return the registered function; TypeException if there is none."""
        return _registered(self._direct, key)


def _registered(table: dict[Any, Callable[..., Any]], key: Any) -> Callable[..., Any]:
    try:
        return table[key]
    except KeyError:
        raise TypeException(f"Type {key} is not loaded or supported") from None


def convert(a: Any, b_type: Any) -> Any:
    """Convert a value: directly where registered, by copying for the same type, else over messages."""
    registry = ConvertRegistration()
    try:
        direct = registry.get_convert((type(a), b_type))
    except TypeException:
        if type(a) is b_type:
            return copy.deepcopy(a)
        return registry.get_from_msg(b_type)(registry.get_to_msg(type(a))(a))
    return direct(a)
