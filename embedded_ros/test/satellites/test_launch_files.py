"""Launch files run as processes: output, exit handlers, scopes, signals, respawn, errors."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

HEAD = """
import sys
from launch import LaunchDescription
from launch.actions import *
from launch.conditions import *
from launch.event_handlers import *
from launch.events import Shutdown as ShutdownEvent, matches_action
from launch.events.process import ShutdownProcess, SignalProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import *

def python(code, **kwargs):
    kwargs.setdefault("output", "screen")
    return ExecuteProcess(cmd=[sys.executable, "-c", code], name=kwargs.pop("name", "child"), **kwargs)

def generate_launch_description():
"""
RUN = "import sys; from embedded_ros.launch_runtime import main; sys.exit(main(sys.argv[1:]))"
POLITE = "import time\ntry:\n    print('up', flush=True); time.sleep(99)\nexcept KeyboardInterrupt:\n    print('bye', flush=True)"
STUBBORN = (
    "import signal, time\n[signal.signal(s, signal.SIG_IGN) for s in (2, 15)]\nprint('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def write(tmp_path):
    def write(body: str, name: str = "demo.launch.py") -> pathlib.Path:
        path = tmp_path / name
        path.write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "))
        return path

    return write


def environment(tmp_path) -> dict[str, str]:
    source = pathlib.Path(__file__).parents[2] / "src"
    return {**os.environ, "PYTHONPATH": str(source), "ROS_LOG_DIR": str(tmp_path / "log"), "EMBEDDED_ROS": "auto"}


def start(tmp_path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def launch(tmp_path, *arguments: object) -> tuple[int, str]:
    process = start(tmp_path, *arguments)
    output, _ = process.communicate(timeout=400)
    return process.returncode, output


def read_until(process: subprocess.Popen[str], text: str) -> str:
    seen = ""
    while text not in seen:
        line = process.stdout.readline()
        assert line, f"ended without {text!r}: {seen}"
        seen += line
    return seen


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_output_has_the_name_of_the_process_and_goes_to_the_log(write, tmp_path):
    path = write("""
        return LaunchDescription([
            python("print('hello'); import sys; print('oops', file=sys.stderr)", name="talker"),
            python("print('quiet'); import sys; print('loud', file=sys.stderr)", name="logger", output="log"),
        ])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "[talker-1] hello" in output
    assert "[talker-1] oops" in output
    assert "[logger-2] loud" in output
    assert "quiet" not in output
    assert "process has finished cleanly" in output
    log = next((tmp_path / "log").rglob("launch.log")).read_text()
    assert "[logger-2] quiet" in log


def test_arguments_conditions_and_expressions(write, tmp_path):
    path = write("""
        speed = LaunchConfiguration("speed")
        return LaunchDescription([
            DeclareLaunchArgument("speed", default_value="2", description="in m/s"),
            DeclareLaunchArgument("mode", default_value="slow", choices=["slow", "fast"]),
            LogInfo(msg=["twice ", PythonExpression([speed, " * 2"])]),
            LogInfo(msg="fast", condition=LaunchConfigurationEquals("mode", "fast")),
            LogInfo(msg="slow", condition=UnlessCondition(PythonExpression(["'", LaunchConfiguration("mode"), "' == 'fast'"]))),
            LogInfo(msg="positive", condition=IfCondition(PythonExpression([speed, " > 0"]))),
        ])
    """)
    status, output = launch(tmp_path, path, "speed:=21", "mode:=fast")
    assert status == 0
    assert "twice 42" in output
    assert "]: fast" in output
    assert "]: slow" not in output
    assert "positive" in output
    status, output = launch(tmp_path, path, "mode:=sideways")
    assert status == 1
    assert "Valid options are: ['slow', 'fast']" in output


def test_show_args_lists_arguments_of_included_files_too(write, tmp_path):
    write('return LaunchDescription([DeclareLaunchArgument("inner", description="from inside")])', "inner.launch.py")
    path = write(f"""
        return LaunchDescription([
            DeclareLaunchArgument("outer", default_value="1", description="an outer one", choices=["1", "2"]),
            IncludeLaunchDescription(PythonLaunchDescriptionSource({str(tmp_path / "inner.launch.py")!r})),
        ])
    """)
    status, output = launch(tmp_path, path, "--show-args")
    assert status == 0
    for text in ("'outer':", "an outer one", "['1', '2']", "(default: '1')", "'inner':", "from inside"):
        assert text in output


def test_include_passes_arguments_and_complains_about_missing_ones(write, tmp_path):
    write(
        'return LaunchDescription([DeclareLaunchArgument("inner"), LogInfo(msg=["got ", LaunchConfiguration("inner"), '
        '" in ", ThisLaunchFileDir()])])',
        "inner.launch.py",
    )
    body = """
        return LaunchDescription([IncludeLaunchDescription(
            PythonLaunchDescriptionSource([ThisLaunchFileDir(), "/inner.launch.py"]), launch_arguments={}.items())])
    """
    status, output = launch(tmp_path, write(body.replace("{}", '{"inner": "x"}')))
    assert status == 0
    assert f"got x in {tmp_path}" in output
    status, output = launch(tmp_path, write(body))
    assert status == 1
    assert "missing required argument 'inner'" in output


def test_groups_keep_their_changes_to_themselves(write, tmp_path):
    path = write("""
        return LaunchDescription([
            SetLaunchConfiguration("a", "outside"),
            GroupAction([
                SetLaunchConfiguration("a", "inside"), SetEnvironmentVariable("DEMO_VALUE", "inside"),
                LogInfo(msg=["1 ", LaunchConfiguration("a"), " ", EnvironmentVariable("DEMO_VALUE")]),
            ]),
            LogInfo(msg=["2 ", LaunchConfiguration("a"), " ", EnvironmentVariable("DEMO_VALUE", default_value="unset")]),
            GroupAction([SetLaunchConfiguration("a", "leaked")], scoped=False),
            LogInfo(msg=["3 ", LaunchConfiguration("a")]),
            GroupAction([LogInfo(msg="never")], condition=IfCondition("false")),
        ])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "1 inside inside" in output
    assert "2 outside unset" in output
    assert "3 leaked" in output
    assert "never" not in output


def test_exit_and_start_handlers_and_shutdown(write, tmp_path):
    path = write("""
        first = python("print('first')", name="first")
        second = python("import time; time.sleep(600)", name="second")
        return LaunchDescription([
            first,
            RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[LogInfo(msg="first is done"), second])),
            RegisterEventHandler(OnProcessStart(
                target_action=second, on_start=[EmitEvent(event=ShutdownEvent(reason="enough"))])),
            RegisterEventHandler(OnShutdown(on_shutdown=lambda event, context: [LogInfo(msg="ending: " + event.reason)])),
        ])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "first is done" in output
    assert "ending: enough" in output


def test_on_exit_shutdown_ends_the_others(write, tmp_path):
    path = write(f"""
        return LaunchDescription([
            python({POLITE!r}, name="long"),
            python("import time; time.sleep(0.7)", name="short", on_exit=[Shutdown(reason="short is done")]),
        ])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "[long-1] bye" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_launch_ends_the_children_first(write, tmp_path, number, end_of):
    path = write(f"return LaunchDescription([python({POLITE!r}, sigterm_timeout='60')])")
    process = start(tmp_path, path)
    seen = read_until(process, "] up")
    pid = int(seen.split("process started with pid [")[1].split("]")[0])
    seconds, output = end_of(process, number)
    assert process.returncode == 0
    assert seconds < 10
    assert "sending SIGTERM" not in output
    assert "[child-1] bye" in output
    assert "Traceback" not in output
    assert not is_alive(pid)


def test_a_child_that_ignores_signals_is_killed(write, tmp_path, end_of):
    path = write(f"return LaunchDescription([python({STUBBORN!r}, sigterm_timeout='0.3', sigkill_timeout='0.3')])")
    process = start(tmp_path, path)
    read_until(process, "] up")
    seconds, output = end_of(process, signal.SIGINT)
    assert "sending SIGTERM" in output
    assert "sending SIGKILL" in output
    assert seconds < 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the parent death signal of Linux")
def test_a_killed_launch_leaves_no_orphans(write, tmp_path):
    path = write(f"return LaunchDescription([python({POLITE!r})])")
    process = start(tmp_path, path)
    seen = read_until(process, "] up")
    pid = int(seen.split("process started with pid [")[1].split("]")[0])
    process.kill()
    process.communicate(timeout=400)
    deadline = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


ORPHANED = """
import os, time
import embedded_ros
embedded_ros.activate()
from launch.process import _dying_with
prepare, parent = _dying_with(os.getpid()), os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.01)
    prepare()
    print("went on")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the parent death signal of Linux")
def test_a_child_whose_launch_died_before_it_could_ask_for_the_signal_ends(tmp_path):
    done = subprocess.run([sys.executable, "-c", ORPHANED], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_respawn_stops_after_the_retries_allowed(write, tmp_path):
    path = write("""
        return LaunchDescription([python("print('again'); raise SystemExit(3)", respawn=True, respawn_delay=0.05,
                                         respawn_max_retries=2)])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert output.count("[child-1] again") == 3
    assert "exit code 3" in output


def test_timer_opaque_function_and_signal_events(write, tmp_path):
    path = write(f"""
        child = python({POLITE!r})
        def later(context, word):
            return [LogInfo(msg=[word, " ", LaunchConfiguration("a")])]
        return LaunchDescription([
            SetLaunchConfiguration("a", "b"),
            child,
            OpaqueFunction(function=later, args=["opaque"]),
            TimerAction(period=1.0, actions=[LogInfo(msg=["timer ", LaunchConfiguration("a")]),
                EmitEvent(event=SignalProcess(signal_number="SIGINT", process_matcher=matches_action(child)))]),
            SetLaunchConfiguration("a", "changed"),
        ])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "opaque b" in output
    assert "timer b" in output
    assert "[child-1] bye" in output


def test_process_output_can_be_acted_on(write, tmp_path):
    path = write(f"""
        child = python({POLITE!r})
        def on_stdout(event):
            if b"up" in event.text:
                return [EmitEvent(event=ShutdownProcess(process_matcher=matches_action(child)))]
        return LaunchDescription([child, RegisterEventHandler(OnProcessIO(target_action=child, on_stdout=on_stdout))])
    """)
    status, output = launch(tmp_path, path)
    assert status == 0
    assert "bye" in output


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('broken file')", "broken file"),
        ("return LaunchDescription([ExecuteProcess(cmd=['/no/such/program'])])", "cannot start /no/such/program"),
        ("return LaunchDescription([LogInfo(msg=LaunchConfiguration('nothing'))])", "'nothing' does not exist"),
        ("return LaunchDescription([DeclareLaunchArgument('must', description='give it')])", "'must'"),
        ("return LaunchDescription([LogInfo(msg=PythonExpression(['__import__(\"os\")']))])", "__import__"),
        ("return LaunchDescription([LogInfo(msg='x', condition=IfCondition('perhaps'))])", "perhaps"),
        ("return LaunchDescription(['not an action'])", "not an action"),
    ],
)
def test_errors_are_one_line_and_end_with_status_one(write, tmp_path, body, message):
    status, output = launch(tmp_path, write(body))
    assert status == 1
    assert message in output
    assert "Traceback" not in output


def test_an_error_ends_what_was_started_before(write, tmp_path):
    path = write(f"return LaunchDescription([python({POLITE!r}), LogInfo(msg=LaunchConfiguration('nothing'))])")
    status, _ = launch(tmp_path, path)
    assert status == 1


@pytest.mark.parametrize("words", [["nowhere.launch.py"], ["no_such_package", "x.launch.py"], []])
def test_unknown_files_are_reported(tmp_path, words):
    status, output = launch(tmp_path, *words)
    assert status in (1, 2)
    assert "Traceback" not in output


def test_xml_and_yaml_are_refused_by_name(tmp_path):
    (tmp_path / "demo.launch.xml").write_text("<launch/>")
    status, output = launch(tmp_path, "demo.launch.xml")
    assert status == 1
    assert "XML or YAML" in output
