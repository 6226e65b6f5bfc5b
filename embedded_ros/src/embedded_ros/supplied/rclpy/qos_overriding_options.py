"""QoS that users may override by parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.exceptions import ParameterAlreadyDeclaredException
from rclpy.qos import QoSPolicyEnum, QoSPolicyKind, QoSProfile


class InvalidQosOverridesError(Exception):
    """The overridden QoS was rejected."""


QosCallbackResult = SetParametersResult
QosCallbackType = Callable[[QoSProfile], QosCallbackResult]


class QoSOverridingOptions:
    """Which policies may be overridden, and a callback that checks the outcome."""

    def __init__(
        self,
        policy_kinds: Iterable[QoSPolicyKind],
        *,
        callback: Callable[[QoSProfile], Any] | None = None,
        entity_id: str | None = None,
    ) -> None:
        self.policy_kinds = tuple(policy_kinds)
        self.callback = callback
        self.entity_id = entity_id

    @classmethod
    def with_default_policies(
        cls, *, callback: Callable[[QoSProfile], Any] | None = None, entity_id: str | None = None
    ) -> QoSOverridingOptions:
        """Return options for history, depth and reliability."""
        kinds = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY)
        return cls(kinds, callback=callback, entity_id=entity_id)


def declare_qos_parameters(
    entity_type: str, node: Any, topic_name: str, default_qos: QoSProfile, options: QoSOverridingOptions
) -> None:
    """Declare parameters ``qos_overrides.<topic>.<entity>.<policy>`` and put their values into ``default_qos``.

    Raises InvalidQosOverridesError when a value is unknown or the callback rejects the outcome.
    """
    from rcl_interfaces.msg import ParameterDescriptor

    name = f"{entity_type}_{options.entity_id}" if options.entity_id else entity_type
    for policy in options.policy_kinds:
        attribute = QoSPolicyKind(policy).name.lower()
        key = f"qos_overrides.{topic_name}.{name}.{attribute}"
        current = getattr(default_qos, attribute)
        try:
            parameter = node.declare_parameter(key, _to_parameter(current), ParameterDescriptor(read_only=True))
        except ParameterAlreadyDeclaredException:
            parameter = node.get_parameter(key)
        setattr(default_qos, attribute, _from_parameter(current, parameter.value, key))
    if options.callback is not None:
        result = options.callback(default_qos)
        if not result.successful:
            raise InvalidQosOverridesError(f"{topic_name} {entity_type}: {result.reason}")


def _to_parameter(value: Any) -> Any:
    if isinstance(value, QoSPolicyEnum):
        return value.short_key
    return value.nanoseconds if isinstance(value, Duration) else value


def _from_parameter(current: Any, value: Any, key: str) -> Any:
    if isinstance(current, QoSPolicyEnum):
        try:
            return type(current)[str(value).upper()]
        except KeyError:
            raise InvalidQosOverridesError(
                f"{key} is {value!r}; use one of {', '.join(type(current).short_keys())}"
            ) from None
    return Duration(nanoseconds=value) if isinstance(current, Duration) else value
