"""The names that nodes of perception packages import and call, each looked up where those packages look for it."""

from __future__ import annotations

import importlib

import pytest

# module -> names, as thirteen published perception packages use them
MODULES = {
    "rclpy": "init shutdown ok spin spin_once spin_until_future_complete create_node try_shutdown get_global_executor "
    "get_default_context get_rmw_implementation_identifier Context",
    "rclpy.action": "ActionClient ActionServer CancelResponse GoalResponse get_action_names_and_types",
    "rclpy.action.server": "ServerGoalHandle",
    "rclpy.action.client": "ClientGoalHandle",
    "rclpy.callback_groups": "CallbackGroup MutuallyExclusiveCallbackGroup ReentrantCallbackGroup",
    "rclpy.client": "Client",
    "rclpy.clock": "Clock ClockType JumpThreshold ROSClock",
    "rclpy.constants": "S_TO_NS",
    "rclpy.context": "Context",
    "rclpy.duration": "Duration Infinite",
    "rclpy.event_handler": "PublisherEventCallbacks SubscriptionEventCallbacks",
    "rclpy.exceptions": "InvalidParameterTypeException InvalidParameterValueException NotInitializedException "
    "ParameterAlreadyDeclaredException ParameterNotDeclaredException ROSInterruptException",
    "rclpy.executors": "Executor ExternalShutdownException MultiThreadedExecutor SingleThreadedExecutor "
    "ShutdownException TimeoutException",
    "rclpy.guard_condition": "GuardCondition",
    "rclpy.lifecycle": "LifecycleNode LifecyclePublisher LifecycleState Node Publisher State TransitionCallbackReturn",
    "rclpy.logging": "LoggingSeverity get_logger get_logging_severity_from_string set_logger_level",
    "rclpy.node": "Node",
    "rclpy.parameter": "Parameter parameter_value_to_python",
    "rclpy.parameter_client": "AsyncParameterClient",
    "rclpy.publisher": "Publisher",
    "rclpy.qos": "DurabilityPolicy HistoryPolicy LivelinessPolicy QoSDurabilityPolicy QoSHistoryPolicy "
    "QoSLivelinessPolicy QoSPresetProfiles QoSProfile QoSReliabilityPolicy ReliabilityPolicy "
    "qos_profile_action_status_default qos_profile_parameter_events qos_profile_parameters qos_profile_sensor_data "
    "qos_profile_services_default qos_profile_system_default",
    "rclpy.qos_overriding_options": "QoSOverridingOptions",
    "rclpy.serialization": "deserialize_message serialize_message",
    "rclpy.service": "Service",
    "rclpy.service_introspection": "ServiceIntrospectionState",
    "rclpy.validate_parameter_name": "validate_parameter_name",
    "rclpy.signals": "SignalHandlerOptions",
    "rclpy.subscription": "Subscription",
    "rclpy.task": "Future Task",
    "rclpy.time": "Time",
    "rclpy.timer": "Rate Timer",
    "rclpy.utilities": "get_default_context ok remove_ros_args",
    "rclpy.wait_for_message": "wait_for_message",
    "rclpy.waitable": "Waitable",
    "tf2_ros": "Buffer BufferInterface ConnectivityException ExtrapolationException InvalidArgumentException "
    "LookupException StaticTransformBroadcaster TransformBroadcaster TransformException TransformListener",
    "tf2_ros.buffer": "Buffer",
    "tf2_ros.transform_listener": "TransformListener",
    "tf2_ros.transform_broadcaster": "TransformBroadcaster",
    "tf2_ros.static_transform_broadcaster": "StaticTransformBroadcaster",
    "tf2_geometry_msgs": "do_transform_point do_transform_pose do_transform_pose_stamped do_transform_vector3 "
    "PointStamped PoseStamped",
    "message_filters": "ApproximateTimeSynchronizer Cache SimpleFilter Subscriber TimeSynchronizer",
    "sensor_msgs_py.point_cloud2": "create_cloud create_cloud_xyz32 dtype_from_fields read_points read_points_list "
    "read_points_numpy",
    "cv_bridge": "CvBridge CvBridgeError",
    "ament_index_python.packages": "PackageNotFoundError get_package_prefix get_package_share_directory",
    "launch": "LaunchContext LaunchDescription LaunchService",
    "launch.actions": "DeclareLaunchArgument EmitEvent ExecuteProcess GroupAction IncludeLaunchDescription LogInfo "
    "OpaqueFunction RegisterEventHandler SetEnvironmentVariable TimerAction",
    "launch.conditions": "IfCondition UnlessCondition",
    "launch.event_handlers": "OnProcessExit OnProcessStart OnShutdown",
    "launch.events": "Shutdown",
    "launch.launch_description_sources": "PythonLaunchDescriptionSource",
    "launch.substitutions": "Command EnvironmentVariable FindExecutable LaunchConfiguration PathJoinSubstitution "
    "PythonExpression TextSubstitution ThisLaunchFileDir",
    "launch_ros.actions": "LifecycleNode Node PushRosNamespace SetParameter SetRemap",
    "launch_ros.substitutions": "FindPackageShare",
}  # fmt: skip

METHODS = {
    ("rclpy.node", "Node"): "add_on_set_parameters_callback add_post_set_parameters_callback "
    "add_pre_set_parameters_callback count_clients count_publishers count_services count_subscribers create_client "
    "create_guard_condition create_publisher create_rate create_service create_subscription create_timer "
    "declare_parameter declare_parameters describe_parameter describe_parameters destroy_client "
    "destroy_guard_condition destroy_node destroy_publisher destroy_rate destroy_service destroy_subscription "
    "destroy_timer get_clock get_fully_qualified_name get_logger get_name get_namespace get_node_names "
    "get_node_names_and_namespaces get_parameter get_parameter_or get_parameters get_parameters_by_prefix "
    "get_parameter_type get_parameter_types get_publisher_names_and_types_by_node get_publishers_info_by_topic "
    "get_service_names_and_types get_subscriptions_info_by_topic get_topic_names_and_types has_parameter "
    "list_parameters remove_on_set_parameters_callback resolve_service_name resolve_topic_name set_descriptor "
    "set_parameters set_parameters_atomically undeclare_parameter wait_for_node add_waitable remove_waitable "
    "default_callback_group context executor publishers subscriptions services clients timers guards waitables",
    ("rclpy.client", "Client"): "call call_async remove_pending_request service_is_ready wait_for_service",
    ("rclpy.publisher", "Publisher"): "publish get_subscription_count topic_name topic assert_liveliness "
    "wait_for_all_acked destroy",
    ("rclpy.subscription", "Subscription"): "topic_name get_publisher_count destroy callback",
    ("rclpy.timer", "Timer"): "cancel is_canceled is_ready reset time_since_last_call time_until_next_call "
    "timer_period_ns clock destroy",
    ("rclpy.executors", "Executor"): "add_node remove_node get_nodes create_task shutdown spin spin_once "
    "spin_until_future_complete spin_once_until_future_complete wake context",
    ("rclpy.task", "Future"): "add_done_callback cancel cancelled done exception result set_exception set_result",
    ("rclpy.action", "ActionClient"): "send_goal send_goal_async server_is_ready wait_for_server destroy",
    ("rclpy.action", "ActionServer"): "destroy register_cancel_callback register_execute_callback "
    "register_goal_callback register_handle_accepted_callback",
    ("rclpy.action.client", "ClientGoalHandle"): "accepted goal_id status cancel_goal cancel_goal_async get_result "
    "get_result_async stamp",
    ("rclpy.action.server", "ServerGoalHandle"): "abort canceled execute goal_id is_active is_cancel_requested "
    "publish_feedback request status succeed",
    ("rclpy.lifecycle", "LifecycleNode"): "create_lifecycle_publisher on_activate on_cleanup on_configure "
    "on_deactivate on_error on_shutdown trigger_activate trigger_cleanup trigger_configure trigger_deactivate "
    "trigger_shutdown add_managed_entity",
    ("rclpy.time", "Time"): "from_msg nanoseconds seconds_nanoseconds to_msg clock_type",
    ("rclpy.duration", "Duration"): "from_msg nanoseconds to_msg",
    ("rclpy.clock", "Clock"): "now sleep_for sleep_until create_jump_callback clock_type",
    ("rclpy.parameter", "Parameter"): "Type from_parameter_msg get_parameter_value to_parameter_msg name value type_",
    ("rclpy.context", "Context"): "init ok on_shutdown shutdown try_shutdown get_domain_id",
    ("tf2_ros", "Buffer"): "all_frames_as_string all_frames_as_yaml can_transform can_transform_full clear "
    "lookup_transform lookup_transform_async lookup_transform_full set_transform set_transform_static transform "
    "wait_for_transform_async",
    ("tf2_ros", "TransformBroadcaster"): "sendTransform",
    ("tf2_ros", "StaticTransformBroadcaster"): "sendTransform",
    ("message_filters", "Subscriber"): "getTopic registerCallback",
    ("message_filters", "ApproximateTimeSynchronizer"): "registerCallback add",
    ("message_filters", "Cache"): "getElemAfterTime getElemBeforeTime getInterval getLast getOldestTime",
    ("cv_bridge", "CvBridge"): "compressed_imgmsg_to_cv2 cv2_to_compressed_imgmsg cv2_to_imgmsg encoding_to_cvtype2 "
    "imgmsg_to_cv2",
}  # fmt: skip

PACKAGES = {
    "action_msgs": ("msg.GoalStatus msg.GoalStatusArray", "srv.CancelGoal"),
    "builtin_interfaces": ("msg.Time msg.Duration",),
    "diagnostic_msgs": ("msg.DiagnosticArray msg.DiagnosticStatus msg.KeyValue",),
    "example_interfaces": ("srv.AddTwoInts", "action.Fibonacci"),
    "geometry_msgs": ("msg.Point msg.Pose msg.PoseStamped msg.Quaternion msg.Transform msg.TransformStamped msg.Twist "
                      "msg.Vector3 msg.PoseArray msg.PolygonStamped",),
    "lifecycle_msgs": ("msg.State msg.Transition", "srv.ChangeState srv.GetState"),
    "nav_msgs": ("msg.OccupancyGrid msg.Odometry msg.Path msg.MapMetaData", "srv.GetMap"),
    "rcl_interfaces": ("msg.ParameterDescriptor msg.SetParametersResult msg.IntegerRange msg.FloatingPointRange msg.Log",
                       "srv.SetParameters srv.GetParameters"),
    "sensor_msgs": ("msg.CameraInfo msg.CompressedImage msg.Image msg.Imu msg.JointState msg.LaserScan msg.PointCloud2 "
                    "msg.PointField msg.RegionOfInterest",),
    "std_msgs": ("msg.Bool msg.ColorRGBA msg.Empty msg.Float32 msg.Float64MultiArray msg.Header msg.Int32 msg.String",),
    "std_srvs": ("srv.Empty srv.SetBool srv.Trigger",),
    "tf2_msgs": ("msg.TFMessage", "srv.FrameGraph"),
    "unique_identifier_msgs": ("msg.UUID",),
    "vision_msgs": ("msg.BoundingBox2D msg.BoundingBox3D msg.Detection2D msg.Detection2DArray msg.Detection3D "
                    "msg.Detection3DArray msg.ObjectHypothesisWithPose",),
    "visualization_msgs": ("msg.ImageMarker msg.Marker msg.MarkerArray",),
}  # fmt: skip


def module_of(name: str):
    """Import a module; a genuine installation may lack companion packages, this runtime may not."""
    try:
        import embedded_ros
    except ImportError:
        return pytest.importorskip(name)
    return importlib.import_module(name) if embedded_ros.is_active() else pytest.importorskip(name)


@pytest.mark.parametrize("module", MODULES)
def test_modules_offer_their_names(module):
    found = module_of(module)
    assert [name for name in MODULES[module].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize(("module", "cls"), METHODS)
def test_classes_offer_their_methods(module, cls, node):
    found = getattr(module_of(module), cls)
    assert [name for name in METHODS[module, cls].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_interfaces_can_be_imported_and_made(package):
    for name in " ".join(PACKAGES[package]).split():
        kind, _, cls = name.partition(".")
        found = getattr(module_of(f"{package}.{kind}"), cls)
        made = {"msg": lambda c: [c()], "srv": lambda c: [c.Request(), c.Response()],
                "action": lambda c: [c.Goal(), c.Result(), c.Feedback()]}[kind](found)  # fmt: skip
        assert all(repr(message) for message in made)
