"""Arguments after ``--ros-args``: remaps, parameters, log levels (https://design.ros2.org/articles/ros_command_line_arguments.html)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from rclpy.exceptions import InvalidROSArgsError

_REMAP = re.compile(r"(?:(?P<node>\w+):(?!=))?(?P<left>(?:ros(?:topic|service)://)?[^\s:]+):=(?P<right>\S+)$")
_PARAM = re.compile(r"(?:(?P<node>[\w/*]+):(?!=))?(?P<name>[^\s:]+):=(?P<value>.*)$", re.DOTALL)
_FLAGS = {"enable-rosout-logs", "enable-stdout-logs", "enable-external-lib-logs"}
_SILENT_VALUES = {"--log-config-file", "--log-file-name"}


@dataclasses.dataclass(frozen=True)
class RemapRule:
    """``node:left:=right``; ``kind`` is topic, service, both, name or ns; ``node`` None means every node."""

    kind: str
    node: str | None
    left: str
    right: str


@dataclasses.dataclass(frozen=True)
class ParameterRule:
    """A value for a parameter of the nodes that match a pattern (``/**`` for all)."""

    node: str
    name: str
    value: Any


@dataclasses.dataclass
class RosArguments:
    """All that ``--ros-args`` said."""

    remaps: list[RemapRule] = dataclasses.field(default_factory=list)
    parameters: list[ParameterRule] = dataclasses.field(default_factory=list)
    log_levels: list[tuple[str | None, str]] = dataclasses.field(default_factory=list)
    enclave: str = "/"
    rosout: bool = True
    stdout: bool = True
    others: list[str] = dataclasses.field(default_factory=list)


def parse_arguments(args: Sequence[str]) -> RosArguments:
    """Return the ROS arguments in ``args`` and all others in order; raises InvalidROSArgsError naming the bad one."""
    found = RosArguments()
    inside = False
    queue = list(args)
    while queue:
        word = queue.pop(0)
        if not inside:
            if word == "--ros-args":
                inside = True
            else:
                found.others.append(word)
        elif word == "--":
            inside = False
        elif word != "--ros-args":
            _take(found, word, queue)
    return found


def _take(found: RosArguments, word: str, queue: list[str]) -> None:
    """Take one option with its value."""
    switch = re.match(r"--(enable|disable)-(.+)$", word)
    if switch and f"enable-{switch[2]}" in _FLAGS:
        if switch[2] == "rosout-logs":
            found.rosout = switch[1] == "enable"
        elif switch[2] == "stdout-logs":
            found.stdout = switch[1] == "enable"
        return
    word, _, inline = word.partition("=") if word.startswith("--") else (word, "", "")
    if word not in {
        "-r",
        "--remap",
        "-p",
        "--param",
        "--params-file",
        "--log-level",
        "-e",
        "--enclave",
        *_SILENT_VALUES,
    }:
        raise InvalidROSArgsError(f"unknown ROS argument {word!r} after --ros-args")
    if not inline and not queue:
        raise InvalidROSArgsError(f"{word} needs a value")
    value = inline or queue.pop(0)
    if word in ("-r", "--remap"):
        found.remaps.append(parse_remap(value))
    elif word in ("-p", "--param"):
        found.parameters.append(_parse_parameter(value))
    elif word == "--params-file":
        found.parameters.extend(load_parameter_rules(value))
    elif word == "--log-level":
        name, _, level = value.rpartition(":=")
        found.log_levels.append((name or None, level))
    elif word in ("-e", "--enclave"):
        found.enclave = value


def parse_remap(text: str) -> RemapRule:
    """Return the rule in ``[node:][rostopic://|rosservice://]left:=right``; raises InvalidROSArgsError."""
    match = _REMAP.match(text)
    if match is None:
        raise InvalidROSArgsError(
            f"{text!r} is no remap rule; write from:=to, node:from:=to, __ns:=/ns or __node:=name"
        )
    left, kind = match["left"], "both"
    if left in ("__node", "__name"):
        kind = "name"
    elif left == "__ns":
        kind = "ns"
    for prefix, scheme in (("rostopic://", "topic"), ("rosservice://", "service")):
        if left.startswith(prefix):
            left, kind = left[len(prefix) :], scheme
    return RemapRule(kind, match["node"], left, match["right"])


def _parse_parameter(text: str) -> ParameterRule:
    import yaml

    match = _PARAM.match(text)
    if match is None:
        raise InvalidROSArgsError(f"{text!r} is no parameter; write name:=value")
    try:
        value = yaml.safe_load(match["value"])
    except yaml.YAMLError as error:
        raise InvalidROSArgsError(f"value of parameter {match['name']!r} is no YAML: {error}") from error
    return ParameterRule(match["node"] or "/**", match["name"], value)


def load_parameter_rules(path: str) -> list[ParameterRule]:
    """Return the parameters of a YAML file in its order; raises InvalidROSArgsError naming the file."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        raise InvalidROSArgsError(f"cannot read parameter file {path}: {error}") from error
    if content is None:
        return []
    rules: list[ParameterRule] = []
    _walk_nodes(path, content, [], rules)
    return rules


def _walk_nodes(path: str, content: Any, names: list[str], rules: list[ParameterRule]) -> None:
    """Collect ``namespace: node: ros__parameters:`` blocks at any depth."""
    if not isinstance(content, dict):
        raise InvalidROSArgsError(f"parameter file {path}: below {'/'.join(names) or 'the top'} must be a mapping")
    for key, value in content.items():
        if key == "ros__parameters":
            node = "/" + "/".join(part.strip("/") for part in names if part.strip("/"))
            _flatten(path, value, "", node, rules)
        else:
            _walk_nodes(path, value, [*names, str(key)], rules)


def _flatten(path: str, value: Any, prefix: str, node: str, rules: list[ParameterRule]) -> None:
    if value is None and not prefix:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(path, item, f"{prefix}.{key}" if prefix else str(key), node, rules)
    elif not prefix:
        raise InvalidROSArgsError(f"parameter file {path}: ros__parameters of {node} must be a mapping")
    else:
        rules.append(ParameterRule(node, prefix, value))


def matches(pattern: str, full_name: str) -> bool:
    """Return whether a node pattern (``*`` one level, ``**`` any number, a bare name the node's name) fits a full name."""
    if "/" not in pattern and pattern not in ("*", "**"):
        return full_name.rsplit("/", 1)[-1] == pattern
    return _fits([p for p in pattern.split("/") if p], [p for p in full_name.split("/") if p])


def _fits(pattern: list[str], parts: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(pattern[1:], parts[start:]) for start in range(len(parts) + 1))
    return bool(parts) and pattern[0] in ("*", parts[0]) and _fits(pattern[1:], parts[1:])


def merged_arguments(common: RosArguments, cli_args: list[str] | None, use_global: bool) -> RosArguments:
    """Return the arguments of the node itself, followed by those of the program."""
    own = parse_arguments(cli_args) if cli_args is not None else RosArguments()
    if not use_global:
        return own
    return RosArguments(
        remaps=[*own.remaps, *common.remaps],
        parameters=[*common.parameters, *own.parameters],
        log_levels=own.log_levels or common.log_levels,
        enclave=common.enclave,
        rosout=own.rosout and common.rosout,
    )
