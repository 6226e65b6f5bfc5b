"""Lets clocks follow ``/clock`` while a node's parameter ``use_sim_time`` is true."""

from __future__ import annotations

import weakref
from typing import Any

from rclpy.clock import ROSClock
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time

CLOCK_TOPIC = "/clock"
USE_SIM_TIME_NAME = "use_sim_time"


class TimeSource:
    """Keeps the clocks attached to it on the node's time."""

    def __init__(self, *, node: Any = None) -> None:
        self._clock_sub: Any = None
        self._node: Any = lambda: None
        self._clocks: list[ROSClock] = []
        self._active = False
        self._last_time = Time(clock_type=ROSClock().clock_type)
        if node is not None:
            self.attach_node(node)

    @property
    def ros_time_is_active(self) -> bool:
        """Return whether the clocks follow ``/clock``."""
        return self._active

    @ros_time_is_active.setter
    def ros_time_is_active(self, enabled: bool) -> None:
        if enabled == self._active:
            return
        self._active = enabled
        for clock in self._clocks:
            clock._set_ros_time_is_active(enabled)
        if enabled:
            self._subscribe()
        elif self._clock_sub is not None:
            self._node().destroy_subscription(self._clock_sub)
            self._clock_sub = None

    def attach_node(self, node: Any) -> None:
        """Follow a node's parameter; raises TypeError for anything but a node."""
        from rclpy.node import Node

        if not isinstance(node, Node):
            raise TypeError("Node must be of type rclpy.node.Node")
        self._node = weakref.ref(node)
        if not node.has_parameter(USE_SIM_TIME_NAME):
            node.declare_parameter(USE_SIM_TIME_NAME, False)
        parameter = node.get_parameter(USE_SIM_TIME_NAME)
        if parameter.type_ is Parameter.Type.BOOL:
            self.ros_time_is_active = parameter.value
        else:
            node.get_logger().error(
                f"Invalid type for parameter '{USE_SIM_TIME_NAME}' {parameter.type_!r} should be bool"
            )
        node.add_on_set_parameters_callback(self._check_parameter)
        node.add_post_set_parameters_callback(self._use_parameter)

    def detach_node(self) -> None:
        """Follow no node any more."""
        if self._clock_sub is not None and self._node() is not None:
            self._node().destroy_subscription(self._clock_sub)
        self._clock_sub = None
        self._node = lambda: None

    def attach_clock(self, clock: Any) -> None:
        """Set this clock too; raises ValueError for anything but a ROS clock."""
        if not isinstance(clock, ROSClock):
            raise ValueError("Only clocks with type ROS_TIME can be attached.")
        clock.set_ros_time_override(self._last_time)
        clock._set_ros_time_is_active(self._active)
        self._clocks.append(clock)

    def clock_callback(self, msg: Any) -> None:
        """Set the clocks to a rosgraph_msgs/Clock."""
        self._last_time = Time.from_msg(msg.clock)
        for clock in self._clocks:
            clock.set_ros_time_override(self._last_time)

    def _subscribe(self) -> None:
        from rosgraph_msgs.msg import Clock as ClockMsg

        node = self._node()
        if node is not None and self._clock_sub is None:
            qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
            self._clock_sub = node.create_subscription(ClockMsg, CLOCK_TOPIC, self.clock_callback, qos)

    def _check_parameter(self, parameters: list[Parameter]) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for parameter in parameters:
            if parameter.name == USE_SIM_TIME_NAME and parameter.type_ is not Parameter.Type.BOOL:
                return SetParametersResult(successful=False, reason=f"Expected a bool for '{USE_SIM_TIME_NAME}'")
        return SetParametersResult(successful=True)

    def _use_parameter(self, parameters: list[Parameter]) -> None:
        for parameter in parameters:
            if parameter.name == USE_SIM_TIME_NAME and parameter.type_ is Parameter.Type.BOOL:
                self.ros_time_is_active = parameter.value
