"""The action that starts a node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from launch.actions import ExecuteProcess
from launch.substitution import SomeSubstitutions, perform

from embedded_ros.run import find_executable

from ..parameters import evaluate_parameters, write_parameters

_UNNAMED = "<node_name_unspecified>"


class Node(ExecuteProcess):
    """Starts an executable of a package (or any program, without ``package``) as a ROS node.

    parameters: dictionaries and YAML files, later ones win. remappings: pairs of names. arguments: of the program;
    ros_arguments: after ``--ros-args``. name and namespace override those of the program; the namespace is relative to
    that of the group. Other arguments are those of ``ExecuteProcess``.
    """

    def __init__(
        self,
        *,
        executable: SomeSubstitutions,
        package: SomeSubstitutions | None = None,
        name: SomeSubstitutions | None = None,
        namespace: SomeSubstitutions | None = None,
        exec_name: SomeSubstitutions | None = None,
        parameters: Iterable[Any] | None = None,
        remappings: Iterable[tuple[SomeSubstitutions, SomeSubstitutions]] | None = None,
        ros_arguments: Iterable[SomeSubstitutions] | None = None,
        arguments: Iterable[SomeSubstitutions] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cmd=[executable], name=exec_name or executable, **kwargs)
        self._executable, self._package = executable, package
        self._node_name_given, self._namespace_given = name, namespace
        if isinstance(parameters, (str, dict)):
            raise TypeError(f"parameters of a Node must be a list of files and dictionaries, got {parameters!r}")
        self._parameters = list(parameters or ())
        self._remappings = list(remappings or ())
        self._ros_arguments, self._arguments = list(ros_arguments or ()), list(arguments or ())
        self._full_name: str | None = None

    @property
    def node_name(self) -> str:
        """The fully qualified name; RuntimeError before the node is executed."""
        if self._full_name is None:
            raise RuntimeError("cannot access the name of a node before it is executed")
        return self._full_name

    def command(self, context: Any) -> list[str]:
        """Return the words of the command with everything that ROS needs."""
        executable = perform(context, self._executable)
        words = [executable] if self._package is None else find_executable(perform(context, self._package), executable)
        words += [perform(context, argument) for argument in self._arguments]
        return [*words, "--ros-args", *self._ros_words(context)]

    def _ros_words(self, context: Any) -> list[str]:
        words = [perform(context, argument) for argument in self._ros_arguments]
        name = perform(context, self._node_name_given) if self._node_name_given is not None else None
        namespace = self._full_namespace(context)
        self._full_name = f"{(namespace or '').rstrip('/')}/{name or _UNNAMED}"
        if name:
            words += ["-r", f"__node:={name}"]
        if namespace is not None:
            words += ["-r", f"__ns:={namespace}"]
        words += self._parameter_words(context)
        given = [*context.launch_configurations.get("ros_remaps", ()), *self._remappings]
        for source, target in given:
            words += ["-r", f"{perform(context, source)}:={perform(context, target)}"]
        return words

    def _full_namespace(self, context: Any) -> str | None:
        base = context.launch_configurations.get("ros_namespace")
        own = perform(context, self._namespace_given) if self._namespace_given is not None else None
        if base is None and own is None:
            return None
        return join_namespaces(base or "", own or "")

    def _parameter_words(self, context: Any) -> list[str]:
        words: list[str] = []
        for entry in context.launch_configurations.get("global_params", ()):
            file = write_parameters({entry[0]: entry[1]}) if isinstance(entry, tuple) else entry
            words += ["--params-file", str(file)]
        node = "/**" if self._full_name is None or _UNNAMED in self._full_name else self._full_name
        for entry in evaluate_parameters(context, self._parameters):
            file = write_parameters(entry, node) if isinstance(entry, dict) else entry
            words += ["--params-file", str(file)]
        return words


def join_namespaces(base: str, name: str) -> str:
    """Return ``name`` below ``base``, or ``name`` alone when it is absolute; always with a leading slash."""
    if name.startswith("/"):
        return "/" + name.strip("/")
    parts = [part.strip("/") for part in (base, name) if part.strip("/")]
    return "/" + "/".join(parts)
