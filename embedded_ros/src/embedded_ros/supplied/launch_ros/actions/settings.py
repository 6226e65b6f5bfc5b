"""Actions that hold for all nodes started after them in their scope."""

from __future__ import annotations

from typing import Any

from launch import Action
from launch.substitution import SomeSubstitutions, perform

from ..parameters import ParameterFile, evaluate_value
from .node import join_namespaces


class PushRosNamespace(Action):
    """Puts the nodes that follow into a namespace, below the one they are in already unless it is absolute."""

    def __init__(self, namespace: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.namespace = namespace

    def execute(self, context: Any) -> None:
        """Change the namespace of the scope."""
        outside = context.launch_configurations.get("ros_namespace", "")
        inside = join_namespaces(outside, perform(context, self.namespace))
        if inside != "/" or outside:
            context.launch_configurations["ros_namespace"] = inside


PushROSNamespace = PushRosNamespace


class SetParameter(Action):
    """Gives a parameter to all nodes that follow."""

    def __init__(self, name: SomeSubstitutions, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.value = value

    def execute(self, context: Any) -> None:
        """Add it to the parameters of the scope."""
        entry = (perform(context, self.name), evaluate_value(context, self.value))
        _append(context, "global_params", entry)


class SetUseSimTime(SetParameter):
    """Gives ``use_sim_time`` to all nodes that follow."""

    def __init__(self, value: Any, **kwargs: Any) -> None:
        super().__init__("use_sim_time", value, **kwargs)


class SetParametersFromFile(Action):
    """Gives the parameters of a YAML file to all nodes that follow."""

    def __init__(
        self, filename: SomeSubstitutions, *, node_name: SomeSubstitutions | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if node_name is not None:
            raise NotImplementedError("SetParametersFromFile(node_name=...) is not supported by embedded_ros")
        self.filename = filename

    def execute(self, context: Any) -> None:
        """Add the file to the parameters of the scope."""
        _append(context, "global_params", str(ParameterFile(self.filename).evaluate(context)))


class SetRemap(Action):
    """Gives a remapping to all nodes that follow."""

    def __init__(self, src: SomeSubstitutions, dst: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.src = src
        self.dst = dst

    def execute(self, context: Any) -> None:
        """Add it to the remappings of the scope."""
        _append(context, "ros_remaps", (perform(context, self.src), perform(context, self.dst)))


class SetROSLogDir(Action):
    """Sets the folder of log files for the processes that follow."""

    def __init__(self, new_log_dir: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log_dir = new_log_dir

    def execute(self, context: Any) -> None:
        """Set it."""
        context.environment["ROS_LOG_DIR"] = perform(context, self.log_dir)


def _append(context: Any, name: str, entry: Any) -> None:
    # a new list, so that the scope outside keeps its own
    context.launch_configurations[name] = [*context.launch_configurations.get(name, ()), entry]
