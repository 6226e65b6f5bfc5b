"""Nodes."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any

from rclpy._arguments import merged_arguments
from rclpy._names import expand_topic_name, join, validate_full_topic_name, validate_namespace, validate_node_name
from rclpy._node_entities import EntityOwner
from rclpy._node_graph import GraphQueries, NodeNameNonExistentError
from rclpy._node_parameters import ParameterStore
from rclpy._parameter_checks import PARAM_REL_TOL
from rclpy._rosout import RosoutSink
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock, ROSClock
from rclpy.constants import S_TO_NS
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.exceptions import NotInitializedException
from rclpy.guard_condition import GuardCondition
from rclpy.logging import get_logger
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter
from rclpy.parameter_service import ParameterService
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, qos_profile_parameter_events, qos_profile_services_default
from rclpy.qos_overriding_options import QoSOverridingOptions, declare_qos_parameters
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.time_source import TimeSource
from rclpy.timer import Rate, Timer
from rclpy.type_description_service import START_PARAMETER, TypeDescriptionService
from rclpy.type_support import check_is_valid_msg_type, check_is_valid_srv_type
from rclpy.utilities import get_default_context
from rclpy.waitable import Waitable

from embedded_ros.wire.graph import NodeRecord

__all__ = ["PARAMETER_SEPARATOR_STRING", "Node", "NodeNameNonExistentError"]

HIDDEN_NODE_PREFIX = "_"


class Node(GraphQueries, ParameterStore, EntityOwner):
    """A named participant of the ROS graph with publishers, subscriptions, services, clients, timers and parameters.

    Private names that the genuine class lacks begin with ``_impl_``: subclasses may use ``_timers``, ``_run`` and the like.
    """

    PARAM_REL_TOL = PARAM_REL_TOL

    def __init__(
        self, node_name: str, *, context: Context | None = None, cli_args: list[str] | None = None,
        namespace: str | None = None, use_global_arguments: bool = True, enable_rosout: bool = True,
        rosout_qos_profile: Any = None, start_parameter_services: bool = True,
        parameter_overrides: list[Parameter] | None = None, allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False, enable_logger_service: bool = False,
    ) -> None:  # fmt: skip
        """Join the graph; raises NotInitializedException, InvalidNodeNameException and InvalidNamespaceException."""
        self._context = get_default_context() if context is None else context
        if not self._context.ok():
            raise NotInitializedException("cannot create node")
        self._impl_executor_ref: Callable[[], Any] = lambda: None
        self._impl_destroyed = False
        self._impl_init_collections()
        self._impl_arguments = merged_arguments(self._context.arguments, cli_args, use_global_arguments)
        self._impl_init_name(node_name, namespace)
        self._impl_init_parameters(
            parameter_overrides,
            allow_undeclared_parameters,
            self._impl_arguments.parameters,
            automatically_declare_parameters_from_overrides,
        )
        self._default_callback_group = MutuallyExclusiveCallbackGroup()
        self._impl_record = NodeRecord(self._impl_name, self._impl_namespace, enclave=self._impl_arguments.enclave)
        self._context.track_node(self)
        self._impl_announcing = False
        self._impl_init_services(
            enable_rosout and self._impl_arguments.rosout, start_parameter_services, enable_logger_service
        )
        self._impl_announcing = True
        self._context.graph.add_node(self._impl_record)

    def _impl_init_collections(self) -> None:
        self._impl_publishers: list[Publisher] = []
        self._impl_subscriptions: list[Subscription] = []
        self._impl_clients: list[Client] = []
        self._impl_services: list[Service] = []
        self._impl_timers: list[Timer] = []
        self._impl_guards: list[GuardCondition] = []
        self._impl_waitables: list[Waitable] = []

    def _impl_init_name(self, node_name: str, namespace: str | None) -> None:
        import os

        namespace = namespace or os.environ.get("ROS_NAMESPACE") or "/"
        namespace = namespace if namespace.startswith("/") else "/" + namespace
        validate_node_name(node_name)
        validate_namespace(namespace)
        original = node_name
        for rule in self._impl_arguments.remaps:
            if rule.node in (None, original) and rule.kind == "name":
                node_name = rule.right
            elif rule.node in (None, original) and rule.kind == "ns":
                namespace = rule.right if rule.right.startswith("/") else "/" + rule.right
        validate_node_name(node_name)
        validate_namespace(namespace)
        self._impl_name, self._impl_namespace = node_name, namespace
        self._logger = get_logger(self.get_fully_qualified_name().strip("/").replace("/", "."))

    def _impl_init_services(self, rosout: bool, parameter_services: bool, logger_service: bool) -> None:
        from rcl_interfaces.msg import ParameterEvent

        self._impl_rosout = RosoutSink(self) if rosout else None
        self._clock = ROSClock()
        self._parameter_event_publisher = self.create_publisher(
            ParameterEvent, "/parameter_events", qos_profile_parameter_events
        )
        self._time_source = TimeSource(node=self)
        self._time_source.attach_clock(self._clock)
        self._impl_declare_overrides()
        if parameter_services:
            self._parameter_service = ParameterService(self)
        if not self.has_parameter(START_PARAMETER):
            self.declare_parameter(START_PARAMETER, True, _read_only_descriptor())
        if self.get_parameter(START_PARAMETER).value:
            self._type_description_service = TypeDescriptionService(self)
        if logger_service:
            from rclpy.logging_service import LoggingService

            self._logger_service = LoggingService(self)

    # Names

    def get_name(self) -> str:
        """Return the name."""
        return self._impl_name

    def get_namespace(self) -> str:
        """Return the namespace."""
        return self._impl_namespace

    def get_fully_qualified_name(self) -> str:
        """Return namespace and name."""
        return join(self._impl_namespace, self._impl_name)

    def get_logger(self) -> Any:
        """Return the node's logger."""
        return self._logger

    def get_clock(self) -> Clock:
        """Return the node's clock (ROS time)."""
        return self._clock

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """Return the full name that remaps and namespaces make of a topic; raises InvalidTopicNameException."""
        return self._impl_resolve(topic, "topic", only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        """Return the full name that remaps and namespaces make of a service; raises InvalidServiceNameException."""
        return self._impl_resolve(service, "service", only_expand)

    def _impl_resolve(self, name: str, kind: str, only_expand: bool) -> str:
        service = kind == "service"
        full = expand_topic_name(name, self._impl_name, self._impl_namespace, is_service=service)
        if not only_expand:
            for rule in self._impl_arguments.remaps:
                if (
                    rule.kind in (kind, "both")
                    and rule.node in (None, self._impl_name)
                    and self._impl_expanded(rule.left, service) == full
                ):
                    full = self._impl_expanded(rule.right, service)
                    break
        validate_full_topic_name(full, is_service=service)
        return full

    def _impl_expanded(self, name: str, service: bool) -> str:
        return expand_topic_name(name, self._impl_name, self._impl_namespace, is_service=service)

    # Executor and context

    @property
    def context(self) -> Context:
        """Return the context."""
        return self._context

    @property
    def executor(self) -> Any:
        """Return the executor that serves this node, None when none does."""
        return self._impl_executor_ref()

    @executor.setter
    def executor(self, new_executor: Any) -> None:
        current = self.executor
        if current is new_executor:
            return
        if current is not None:
            current.remove_node(self)
        if new_executor is None:
            self._impl_forget_executor()
        else:
            self._impl_executor_ref = weakref.ref(new_executor)
            new_executor.add_node(self)

    def _impl_executor_is(self, executor: Any) -> bool:
        return self.executor is executor

    def _impl_forget_executor(self) -> None:
        self._impl_executor_ref = lambda: None

    @property
    def default_callback_group(self) -> MutuallyExclusiveCallbackGroup:
        """Return the group of callbacks that are given none."""
        return self._default_callback_group

    def _impl_wake_executor(self) -> None:
        if self.executor is not None:
            self.executor.wake()

    # Creating

    def create_publisher(
        self, msg_type: Any, topic: str, qos_profile: QoSProfile | int, *, callback_group: Any = None,
        event_callbacks: PublisherEventCallbacks | None = None, qos_overriding_options: QoSOverridingOptions | None = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:  # fmt: skip
        """Create a publisher; raises NoTypeSupportImportedException and InvalidTopicNameException."""
        check_is_valid_msg_type(msg_type)
        name = self.resolve_topic_name(topic)
        qos = self._impl_qos("publisher", name, qos_profile, qos_overriding_options)
        group = callback_group or self.default_callback_group
        publisher = publisher_class(self, msg_type, name, qos, event_callbacks or PublisherEventCallbacks(), group)
        self._impl_publishers.append(publisher)
        self._impl_adopt(group, *publisher.event_handlers)
        self._impl_add_to_graph(publisher._writer)
        return publisher

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Callable[..., Any], qos_profile: QoSProfile | int, *,
        callback_group: Any = None,
        event_callbacks: SubscriptionEventCallbacks | None = None, qos_overriding_options: QoSOverridingOptions | None = None,
        raw: bool = False, content_filter_options: Any = None,
    ) -> Subscription:  # fmt: skip
        """Create a subscription; raises NoTypeSupportImportedException and InvalidTopicNameException."""
        if content_filter_options is not None:
            raise NotImplementedError(
                "content_filter_options of rclpy.node.Node.create_subscription() are not supported by embedded_ros"
            )
        check_is_valid_msg_type(msg_type)
        name = self.resolve_topic_name(topic)
        qos = self._impl_qos("subscription", name, qos_profile, qos_overriding_options)
        group = callback_group or self.default_callback_group
        subscription = Subscription(
            self, msg_type, name, callback, group, qos, raw, event_callbacks or SubscriptionEventCallbacks()
        )
        self._impl_subscriptions.append(subscription)
        self._impl_adopt(group, subscription, *subscription.event_handlers)
        self._impl_add_to_graph(subscription._reader)
        return subscription

    def _impl_qos(
        self, entity: str, topic: str, profile: QoSProfile | int, options: QoSOverridingOptions | None
    ) -> QoSProfile:
        if isinstance(profile, int) and not isinstance(profile, bool):
            if profile < 0:
                raise ValueError("History depth must be greater than or equal to zero")
            qos = QoSProfile(depth=profile)
        elif isinstance(profile, QoSProfile):
            qos = copy.copy(profile)
        else:
            raise TypeError(f"Expected QoSProfile or int, got {type(profile)}")
        if options is not None:
            declare_qos_parameters(entity, self, topic, qos, options)
        return qos

    def create_service(
        self, srv_type: Any, srv_name: str, callback: Callable[[Any, Any], Any], *,
        qos_profile: QoSProfile = qos_profile_services_default, callback_group: Any = None,
    ) -> Service:  # fmt: skip
        """Create a service; raises NoTypeSupportImportedException and InvalidServiceNameException."""
        check_is_valid_srv_type(srv_type)
        group = callback_group or self.default_callback_group
        service = Service(self, srv_type, self.resolve_service_name(srv_name), callback, group, qos_profile)
        self._impl_services.append(service)
        self._impl_adopt(group, service)
        self._impl_add_to_graph(service._server.reader, service._server.writer)
        return service

    def create_client(
        self,
        srv_type: Any,
        srv_name: str,
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: Any = None,
    ) -> Client:
        """Create a client; raises NoTypeSupportImportedException and InvalidServiceNameException."""
        check_is_valid_srv_type(srv_type)
        group = callback_group or self.default_callback_group
        client = Client(self, srv_type, self.resolve_service_name(srv_name), qos_profile, group)
        self._impl_clients.append(client)
        self._impl_adopt(group, client)
        self._impl_add_to_graph(client._client.reader, client._client.writer)
        return client

    def create_timer(
        self, timer_period_sec: float, callback: Callable[..., Any] | None, callback_group: Any = None,
        clock: Clock | None = None, autostart: bool = True,
    ) -> Timer:  # fmt: skip
        """Create a timer; without ``clock`` it follows the node's clock."""
        group = callback_group or self.default_callback_group
        period = int(float(timer_period_sec) * S_TO_NS)
        timer = Timer(
            callback, group, period, clock or self._clock, context=self.context, autostart=autostart, node=self
        )
        self._impl_timers.append(timer)
        self._impl_adopt(group, timer)
        return timer

    def create_guard_condition(self, callback: Callable[[], Any], callback_group: Any = None) -> GuardCondition:
        """Create a guard condition."""
        group = callback_group or self.default_callback_group
        guard = GuardCondition(callback, group, context=self.context, node=self)
        self._impl_guards.append(guard)
        self._impl_adopt(group, guard)
        return guard

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """Create a rate of ``frequency`` Hz; raises ValueError unless that is positive."""
        if frequency <= 0:
            raise ValueError("frequency must be > 0")
        from rclpy.callback_groups import ReentrantCallbackGroup

        return Rate(self.create_timer(1.0 / frequency, None, ReentrantCallbackGroup(), clock), context=self.context)

    def add_waitable(self, waitable: Waitable) -> None:
        """Let the executor serve a waitable."""
        self._impl_waitables.append(waitable)
        self._impl_wake_executor()

    def remove_waitable(self, waitable: Waitable) -> None:
        """Undo ``add_waitable``."""
        self._impl_waitables.remove(waitable)
        self._impl_wake_executor()

    def _impl_adopt(self, group: Any, *entities: Any) -> None:
        for entity in entities:
            group.add_entity(entity)
        self._impl_wake_executor()

    # Destroying

    def destroy_node(self) -> None:
        """Leave the graph; everything the node created ends."""
        if self._impl_destroyed:
            return
        self._impl_destroyed = True
        self._impl_announcing = False
        if self.executor is not None:
            self.executor.remove_node(self)
        if self._context._participant is not None:
            self._context.graph.remove_node(self._impl_record)
        self._impl_disconnect()

    def _impl_disconnect(self) -> None:
        """End all endpoints, on destruction or when the context leaves the domain."""
        if self._impl_rosout is not None:
            self._impl_rosout.close()
        self._impl_announcing = False
        self._time_source.detach_node()
        for owned in (
            self._impl_publishers,
            self._impl_subscriptions,
            self._impl_clients,
            self._impl_services,
            self._impl_timers,
            self._impl_guards,
        ):
            for entity in list(owned):
                entity.destroy()
            owned.clear()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy_node()


def _read_only_descriptor() -> Any:
    from rcl_interfaces.msg import ParameterDescriptor

    return ParameterDescriptor(read_only=True, description="Start the ~/get_type_description service for this node.")
