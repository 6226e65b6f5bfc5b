"""Quality of service profiles and policies."""

from __future__ import annotations

import enum
import warnings
from typing import Any, ClassVar

from rclpy.duration import Duration, Infinite

from embedded_ros.wire.binding import INFINITE
from embedded_ros.wire.qos import EndpointQos, Liveliness


class QoSPolicyEnum(enum.IntEnum):
    """Base of the policies; short keys are the names on command lines."""

    @classmethod
    def short_keys(cls) -> list[str]:
        """Return the policies' names in lower case."""
        return [key.lower() for key in cls.__members__ if not key.startswith("RMW")]

    @classmethod
    def get_from_short_key(cls, name: str) -> int:
        """Return the policy of a name; raises KeyError."""
        return cls[name.upper()].value

    @property
    def short_key(self) -> str:
        """Return the policy's name in lower case."""
        return self.name.lower()


class HistoryPolicy(QoSPolicyEnum):
    """Whether to keep the last samples or all."""

    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(QoSPolicyEnum):
    """Whether lost samples are sent again."""

    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(QoSPolicyEnum):
    """Whether late readers get earlier samples."""

    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(QoSPolicyEnum):
    """Who tells that a writer is alive."""

    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


QoSHistoryPolicy = HistoryPolicy
QoSReliabilityPolicy = ReliabilityPolicy
QoSDurabilityPolicy = DurabilityPolicy
QoSLivelinessPolicy = LivelinessPolicy


class QoSPolicyKind(enum.IntEnum):
    """Policies as incompatibility events name them."""

    INVALID = 1
    DURABILITY = 2
    DEADLINE = 4
    LIVELINESS = 8
    RELIABILITY = 16
    HISTORY = 32
    LIFESPAN = 64
    DEPTH = 128
    LIVELINESS_LEASE_DURATION = 256
    AVOID_ROS_NAMESPACE_CONVENTIONS = 512


class InvalidQoSProfileException(Exception):
    """A profile lacks what it needs."""

    def __init__(self, *args: Any) -> None:
        super().__init__("Invalid QoSProfile", *args)


class QoSProfile:
    """Policies of a publisher, subscription, service or client."""

    __qos_profile_default_dict: ClassVar[dict[str, Any]] = {
        "history": HistoryPolicy.KEEP_LAST,
        "depth": 10,
        "reliability": ReliabilityPolicy.RELIABLE,
        "durability": DurabilityPolicy.VOLATILE,
        "lifespan": Duration(),
        "deadline": Duration(),
        "liveliness": LivelinessPolicy.SYSTEM_DEFAULT,
        "liveliness_lease_duration": Duration(),
        "avoid_ros_namespace_conventions": False,
    }
    __slots__ = tuple("_" + key for key in __qos_profile_default_dict)

    def __init__(self, **kwargs: Any) -> None:
        """Take policies by keyword; raises InvalidQoSProfileException without history and depth, or depth for KEEP_LAST."""
        unknown = kwargs.keys() - self.__qos_profile_default_dict.keys()
        if unknown:
            raise AssertionError(f"Invalid arguments passed to constructor: {', '.join(sorted(unknown))}")
        if "history" not in kwargs:
            if "depth" not in kwargs:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            kwargs["history"] = HistoryPolicy.KEEP_LAST
        elif HistoryPolicy(kwargs["history"]) is HistoryPolicy.KEEP_LAST and "depth" not in kwargs:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        for key, default in self.__qos_profile_default_dict.items():
            setattr(self, key, kwargs.get(key, default))
        if self.history is HistoryPolicy.KEEP_LAST and self.depth == 0:
            warnings.warn(
                "A zero depth with KEEP_LAST doesn't make sense; no data could be stored. "
                "This will be interpreted as SYSTEM_DEFAULT",
                stacklevel=2,
            )

    history = property(
        lambda self: self._history, lambda self, value: _set_policy(self, "_history", value, HistoryPolicy)
    )
    reliability = property(
        lambda self: self._reliability, lambda self, value: _set_policy(self, "_reliability", value, ReliabilityPolicy)
    )
    durability = property(
        lambda self: self._durability, lambda self, value: _set_policy(self, "_durability", value, DurabilityPolicy)
    )
    liveliness = property(
        lambda self: self._liveliness, lambda self, value: _set_policy(self, "_liveliness", value, LivelinessPolicy)
    )
    lifespan = property(
        lambda self: self._lifespan, lambda self, value: _set_instance(self, "_lifespan", value, Duration)
    )
    deadline = property(
        lambda self: self._deadline, lambda self, value: _set_instance(self, "_deadline", value, Duration)
    )
    liveliness_lease_duration = property(
        lambda self: self._liveliness_lease_duration,
        lambda self, value: _set_instance(self, "_liveliness_lease_duration", value, Duration),
    )
    depth = property(lambda self: self._depth, lambda self, value: _set_instance(self, "_depth", value, int))
    avoid_ros_namespace_conventions = property(
        lambda self: self._avoid_ros_namespace_conventions,
        lambda self, value: _set_instance(self, "_avoid_ros_namespace_conventions", value, bool),
    )

    def get_c_qos_profile(self) -> EndpointQos:
        """Return the profile as the wire wants it."""
        return to_endpoint_qos(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QoSProfile):
            return False
        return all(getattr(self, slot) == getattr(other, slot) for slot in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{slot[1:]}={getattr(self, slot)}' for slot in self.__slots__)})"


def _set_policy(profile: QoSProfile, slot: str, value: Any, policy: type[QoSPolicyEnum]) -> None:
    if not isinstance(value, (policy, int)):
        raise AssertionError(f"{slot[1:]} must be a {policy.__name__}, not {type(value).__name__}")
    setattr(profile, slot, policy(value))


def _set_instance(profile: QoSProfile, slot: str, value: Any, cls: type) -> None:
    if not isinstance(value, cls):
        raise AssertionError(f"{slot[1:]} must be a {cls.__name__}, not {type(value).__name__}")
    setattr(profile, slot, value)


def _nanoseconds(duration: Duration) -> int:
    """Return a duration for the wire; zero means that none was given."""
    return duration.nanoseconds or INFINITE


def to_endpoint_qos(profile: QoSProfile, matching: list[EndpointQos] | None = None) -> EndpointQos:
    """Return the wire's QoS; BEST_AVAILABLE policies follow the endpoints in ``matching``."""
    others = matching or []
    reliable = profile.reliability is not ReliabilityPolicy.BEST_EFFORT
    if profile.reliability is ReliabilityPolicy.BEST_AVAILABLE:
        reliable = all(other.reliable for other in others)
    transient = profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    if profile.durability is DurabilityPolicy.BEST_AVAILABLE:
        transient = bool(others) and all(other.transient_local for other in others)
    manual = profile.liveliness is LivelinessPolicy.MANUAL_BY_TOPIC
    return EndpointQos(
        reliable=reliable,
        transient_local=transient,
        keep_all=profile.history is HistoryPolicy.KEEP_ALL,
        depth=profile.depth or 1,
        deadline=_nanoseconds(profile.deadline),
        lifespan=_nanoseconds(profile.lifespan),
        liveliness=Liveliness.MANUAL_BY_TOPIC if manual else Liveliness.AUTOMATIC,
        liveliness_lease=_nanoseconds(profile.liveliness_lease_duration),
    )


def from_endpoint_qos(qos: EndpointQos) -> QoSProfile:
    """Return the profile of an endpoint as graph queries report it."""
    manual = qos.liveliness is not Liveliness.AUTOMATIC
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if qos.keep_all else HistoryPolicy.KEEP_LAST,
        depth=max(0, qos.depth),
        reliability=ReliabilityPolicy.RELIABLE if qos.reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if qos.transient_local else DurabilityPolicy.VOLATILE,
        lifespan=Infinite if qos.lifespan >= INFINITE else Duration(nanoseconds=qos.lifespan),
        deadline=Infinite if qos.deadline >= INFINITE else Duration(nanoseconds=qos.deadline),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC if manual else LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Infinite
        if qos.liveliness_lease >= INFINITE
        else Duration(nanoseconds=qos.liveliness_lease),
    )


_BEST_EFFORT, _TRANSIENT = ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.TRANSIENT_LOCAL
qos_profile_default = QoSProfile(depth=10)
qos_profile_unknown = QoSProfile(
    history=HistoryPolicy.UNKNOWN,
    depth=0,
    reliability=ReliabilityPolicy.UNKNOWN,
    durability=DurabilityPolicy.UNKNOWN,
    liveliness=LivelinessPolicy.UNKNOWN,
)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=_BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_rosout_default = QoSProfile(depth=1000, durability=_TRANSIENT, lifespan=Duration(seconds=10))
qos_profile_action_status_default = QoSProfile(depth=1, durability=_TRANSIENT)
qos_profile_best_available = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.BEST_AVAILABLE,
    durability=DurabilityPolicy.BEST_AVAILABLE,
    liveliness=LivelinessPolicy.BEST_AVAILABLE,
)


class QoSPresetProfiles(enum.Enum):
    """The presets by name."""

    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default
    BEST_AVAILABLE = qos_profile_best_available

    @classmethod
    def short_keys(cls) -> list[str]:
        """Return the presets' names in lower case."""
        return [key.lower() for key in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        """Return the preset of a name; raises KeyError."""
        return cls[name.upper()].value


class QoSCompatibility(enum.IntEnum):
    """Whether two profiles can talk."""

    OK = 0
    WARNING = 1
    ERROR = 2


def qos_check_compatible(publisher_qos: QoSProfile, subscription_qos: QoSProfile) -> tuple[QoSCompatibility, str]:
    """Return whether a publisher and a subscription of these profiles match, and why not."""
    from rclpy._qos_compatibility import check_compatible

    return check_compatible(publisher_qos, subscription_qos)
