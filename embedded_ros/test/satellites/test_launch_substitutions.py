"""Substitutions, conditions and parameters of launch files, evaluated without running anything."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import math
import pathlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from launch import LaunchContext
from launch.actions import AppendEnvironmentVariable, DeclareLaunchArgument, SetLaunchConfiguration
from launch.conditions import InvalidConditionExpressionError, evaluate_condition_expression
from launch.expression import ExpressionError, evaluate
from launch.substitutions import (
    AndSubstitution,
    AnonName,
    AnySubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FileContent,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    StringJoinSubstitution,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFile,
)
from launch_ros.actions import Node, PushRosNamespace, SetParameter, SetRemap
from launch_ros.actions.node import join_namespaces
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.parameters import evaluate_parameters


@pytest.fixture
def context():
    context = LaunchContext()
    context.launch_configurations["robot"] = "spot"
    return context


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("'a' if 2 > 1 else 'b'", "a"),
        ("not False and true", True),
        ("'slow' in ['slow', 'fast']", True),
        ("1 < 2 < 3", True),
        ("math.sqrt(16) + pi", 4 + math.pi),
        ("'Abc'.lower() + str(1)", "abc1"),
        ("float('0.5') * 2", 1.0),
        ("{'a': 1}['a']", 1),
        ("'x' == 'y' or 'z'", "z"),
        ("2 ** 8", 256),
    ],
)
def test_expressions(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "().__class__",
        "'a'.__class__",
        "'{0.__class__}'.format(1)",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "math.__dict__",
        "2 ** 100000000",
        "'a' * 1000000000",
        "undefined",
        "1 +",
        "1 / 0",
        "str(1, encoding='x')",
        "(" * 3000,
    ],
)
def test_expressions_that_are_refused(text):
    with pytest.raises(ExpressionError):
        evaluate(text)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_value_or_one_kind_of_error(text):
    with contextlib.suppress(ExpressionError):
        evaluate(text)


def test_substitutions(context, tmp_path, monkeypatch):
    monkeypatch.setenv("DEMO", "env")
    (tmp_path / "file.txt").write_text("content")
    context.current_launch_file = "/x/y.launch.py"
    cases = {
        TextSubstitution(text="t"): "t",
        LaunchConfiguration("robot"): "spot",
        LaunchConfiguration("none", default="d"): "d",
        EnvironmentVariable("DEMO"): "env",
        EnvironmentVariable("DEMO_UNSET", default_value=["a", LaunchConfiguration("robot")]): "aspot",
        PathJoinSubstitution(["/a", LaunchConfiguration("robot"), ["x", ".yaml"]]): "/a/spot/x.yaml",
        PathJoinSubstitution(["/a"]) / "b": "/a/b",
        StringJoinSubstitution(["a", "b"], delimiter="-"): "a-b",
        PythonExpression(["'", LaunchConfiguration("robot"), "' == 'spot'"]): "True",
        NotSubstitution("false"): "true",
        AndSubstitution("true", "false"): "false",
        OrSubstitution("true", "false"): "true",
        AnySubstitution("false", "false", "1"): "true",
        EqualsSubstitution("1.0", "1"): "true",
        EqualsSubstitution(LaunchConfiguration("robot"), "spot"): "true",
        NotEqualsSubstitution("a", "b"): "true",
        IfElseSubstitution("true", "yes", "no"): "yes",
        FileContent(str(tmp_path / "file.txt")): "content",
        ThisLaunchFile(): "/x/y.launch.py",
        Command(["echo ", LaunchConfiguration("robot")]): "spot\n",
    }
    for substitution, expected in cases.items():
        assert context.perform_substitution(substitution) == expected
    assert pathlib.Path(FindExecutable(name="sh").perform(context)).is_file()
    assert AnonName("n").perform(context) == AnonName("n").perform(context)


@pytest.mark.parametrize(
    "substitution",
    [
        LaunchConfiguration("none"),
        EnvironmentVariable("SURELY_NOT_SET"),
        FindExecutable(name="surely-no-such-program"),
        FileContent("/no/such/file"),
        Command("false"),
        Command("surely-no-such-program"),
        NotSubstitution("perhaps"),
        ThisLaunchFile(),
        PythonExpression("open('x')"),
    ],
)
def test_substitutions_that_fail_say_so(context, substitution):
    with pytest.raises(SubstitutionFailure):
        substitution.perform(context)


def test_conditions_know_four_words(context):
    assert evaluate_condition_expression(context, "True")
    assert not evaluate_condition_expression(context, ["0"])
    with pytest.raises(InvalidConditionExpressionError, match="maybe"):
        evaluate_condition_expression(context, "maybe")


def test_argument_defaults_do_not_override(context):
    DeclareLaunchArgument("robot", default_value="other").execute(context)
    DeclareLaunchArgument("speed", default_value=["1", "0"]).execute(context)
    assert context.launch_configurations == {"robot": "spot", "speed": "10"}
    with pytest.raises(ValueError, match="not one of"):
        DeclareLaunchArgument("x", default_value="c", choices=["a", "b"])
    SetLaunchConfiguration("robot", "anymal").execute(context)
    assert context.launch_configurations["robot"] == "anymal"


def test_environment_lists_are_extended(context, monkeypatch):
    monkeypatch.setenv("DEMO_PATH", "/b")
    AppendEnvironmentVariable("DEMO_PATH", "/c").execute(context)
    AppendEnvironmentVariable("DEMO_PATH", "/a", prepend=True).execute(context)
    assert context.environment["DEMO_PATH"] == "/a:/b:/c"


def test_parameters_keep_or_find_their_types(context):
    context.launch_configurations.update(rate="2.5", flag="true", text="007", names="[a, b]")
    values = {
        "a": "1.0",
        "b": LaunchConfiguration("rate"),
        "c": LaunchConfiguration("flag"),
        "d": ParameterValue(LaunchConfiguration("text"), value_type=str),
        "e": {"f": [1, 2.5], "g": LaunchConfiguration("names")},
        "h": [LaunchConfiguration("robot"), "_x"],
        "i": ParameterValue(1, value_type=float),
        "j": pathlib.Path("/a"),
        "k": ParameterValue(["<robot name='", LaunchConfiguration("robot"), "'>: {"], value_type=str),
        "l": ParameterValue([1, 2], value_type=list[float]),
    }
    assert evaluate_parameters(context, [values]) == [
        {
            "a": "1.0",
            "b": 2.5,
            "c": True,
            "d": "007",
            "e.f": [1.0, 2.5],
            "e.g": ["a", "b"],
            "h": "spot_x",
            "i": 1.0,
            "j": "/a",
            "k": "<robot name='spot'>: {",
            "l": [1.0, 2.0],
        }
    ]
    with pytest.raises(TypeError, match="one type"):
        evaluate_parameters(context, [{"x": [1, "a"]}])
    with pytest.raises(ValueError, match="as int"):
        evaluate_parameters(context, [{"x": ParameterValue(LaunchConfiguration("robot"), value_type=int)}])
    with pytest.raises(FileNotFoundError, match="no_such"):
        evaluate_parameters(context, ["/no_such.yaml"])


def test_parameter_files_may_hold_substitutions(context, tmp_path):
    (tmp_path / "p.yaml").write_text(
        "/**:\n  ros__parameters:\n    name: $(var robot)\n    home: $(env NOTHING none)\n"
    )
    (path,) = evaluate_parameters(context, [ParameterFile(str(tmp_path / "p.yaml"), allow_substs=True)])
    assert yaml.safe_load(path.read_text())["/**"]["ros__parameters"] == {"name": "spot", "home": "none"}
    (path,) = evaluate_parameters(context, [tmp_path / "p.yaml"])
    assert path == tmp_path / "p.yaml"


@pytest.mark.parametrize(
    ("base", "name", "full"),
    [("", "", "/"), ("", "a", "/a"), ("/a", "b", "/a/b"), ("/a", "/b", "/b"), ("/a", "", "/a"), ("a/", "b/", "/a/b")],
)
def test_namespaces_are_joined(base, name, full):
    assert join_namespaces(base, name) == full


def test_the_command_of_a_node_holds_everything(context):
    PushRosNamespace("fleet").execute(context)
    SetParameter("use_sim_time", True).execute(context)
    SetRemap("/tf", "tf").execute(context)
    node = Node(
        executable="program",
        name="driver",
        namespace=LaunchConfiguration("robot"),
        parameters=[{"rate": 10}],
        remappings=[("scan", ["scan_", "front"])],
        arguments=["--fast"],
        ros_arguments=["--log-level", "debug"],
    )
    words = node.command(context)
    assert words[:5] == ["program", "--fast", "--ros-args", "--log-level", "debug"]
    assert node.node_name == "/fleet/spot/driver"
    pairs = set(itertools.pairwise(words))
    assert {
        ("-r", "__node:=driver"),
        ("-r", "__ns:=/fleet/spot"),
        ("-r", "/tf:=tf"),
        ("-r", "scan:=scan_front"),
    } <= pairs
    files = [yaml.safe_load(pathlib.Path(file).read_text()) for word, file in pairs if word == "--params-file"]
    assert {"/**": {"ros__parameters": {"use_sim_time": True}}} in files
    assert {"/fleet/spot/driver": {"ros__parameters": {"rate": 10}}} in files
    assert all(pathlib.Path(file).exists() for word, file in pairs if word == "--params-file")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch.actions.declare_launch_argument", "DeclareLaunchArgument"),
        ("launch.actions.execute_process", "ExecuteProcess"),
        ("launch.substitutions.launch_configuration", "LaunchConfiguration"),
        ("launch.substitutions.path_join_substitution", "PathJoinSubstitution"),
        ("launch.conditions.if_condition", "IfCondition"),
        ("launch.event_handlers.on_process_io", "OnProcessIO"),
        ("launch.events.shutdown", "Shutdown"),
        ("launch.launch_description_sources.python_launch_description_source", "PythonLaunchDescriptionSource"),
        ("launch.launch_description", "LaunchDescription"),
        ("launch_ros.actions.node", "Node"),
        ("launch_ros.actions.push_ros_namespace", "PushRosNamespace"),
        ("launch_ros.substitutions.find_package", "FindPackageShare"),
        ("launch_ros.substitutions.find_package_share", "FindPackageShare"),
        ("launch_ros.descriptions.parameter_value", "ParameterValue"),
        ("launch.utilities", "perform_substitutions"),
        ("launch.some_substitutions_type", "SomeSubstitutionsType"),
    ],
)
def test_modules_have_the_names_of_the_genuine_packages(module, name):
    found = getattr(importlib.import_module(module), name)
    package = importlib.import_module(".".join(module.split(".")[:2]))
    assert found is getattr(package, name)
