"""Real processes over real DDS: a domain per world, a probe node that listens and speaks, and a simple room to scan."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.runtime import is_quiet

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""How long to wait for what must come; a busy machine may take most of it."""
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


def take_domain():
    """A domain that no other program on this machine uses and no other test holds, and the lock that says so."""
    folder = Path(tempfile.gettempdir()) / "embedded_ros_domains"
    folder.mkdir(exist_ok=True)
    for step in range(100):
        domain = 1 + (os.getpid() * 7 + step) % 100
        lock = (folder / str(domain)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if is_quiet(domain):
            return domain, lock
        lock.close()
    raise RuntimeError("all domains are taken")


class World:
    """One domain, a probe node in a thread, and processes."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen] = []

    def __enter__(self):
        self.domain, self._lock = take_domain()
        self.environment = {
            **os.environ, "ROS_DOMAIN_ID": str(self.domain), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1",
            "ROS_LOG_DIR": str(self.folder), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=self.domain)
        self.node = rclpy.create_node("probe", context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        return self

    def _spin(self):
        with contextlib.suppress(ExternalShutdownException):
            while self.context.ok():
                self._executor.spin_once(timeout_sec=0.1)

    def __exit__(self, *exception):
        for process in self.processes:
            if process.poll() is None:
                self.interrupt(process)
        self.context.try_shutdown()
        self._thread.join()
        self.node.destroy_node()
        self._lock.close()

    # ---------------------------------------------------------------- processes

    def run(self, executable, *arguments, namespace="", parameters=None):
        """Start a node as `ros2 run` would; its output goes to a file."""
        words = ["--ros-args", "-r", f"__ns:=/{namespace}"] if namespace else ["--ros-args"]
        for name, value in (parameters or {}).items():
            words += ["-p", f"{name}:={value}"]
        return self._start(
            [*_tool("run"), "spatial_perception", executable, *arguments, *words], executable + namespace
        )

    def launch(self, file, *arguments):
        """Start a launch file of the package."""
        return self._start([*_tool("launch"), "spatial_perception", file, *arguments], file)

    def _start(self, command, name):
        log = (self.folder / f"{name}-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        process.log = Path(log.name)
        self.processes.append(process)
        return process

    def interrupt(self, process, patience=20.0):
        """Ctrl-C; returns the exit status. What does not end is killed with all its children."""
        try:
            process.send_signal(signal.SIGINT)
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def wait(self, what, seconds=PATIENCE, describe="it"):
        """The first true value of `what()`; fails with the logs of all processes when it takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = what()
            if value:
                return value
            for process in self.processes:
                assert process.poll() in (None, 0, -2, 130), f"{process.args} died\n{self.logs()}"
            time.sleep(0.02)
        raise AssertionError(f"{describe} did not happen within {seconds} s\n{self.logs()}")

    def logs(self):
        return "\n".join(f"--- {p.log.name}\n{p.log.read_text()[-3000:]}" for p in self.processes)

    # ---------------------------------------------------------------- topics, services

    def listen(self, kind, topic, qos=LATCHED):
        """A list that grows by each message."""
        heard = []
        self.node.create_subscription(kind, topic, heard.append, qos)
        return heard

    def call(self, kind, name, **fields):
        """The answer of a service."""
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready, describe=f"service {name}")
        future = client.call_async(kind.Request(**fields))
        self.wait(future.done, describe=f"answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def set_parameter(self, node, name, value):
        """Change a parameter of a node; returns the result."""
        from rcl_interfaces.srv import SetParameters

        change = Parameter(name, value=value).to_parameter_msg()
        return self.call(SetParameters, f"{node}/set_parameters", parameters=[change]).results[0]

    def transition(self, node, label):
        """Take a lifecycle node through a transition; returns its success."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        return self.call(ChangeState, f"{node}/change_state", transition=Transition(label=label)).success

    def state(self, node):
        """The state of a lifecycle node."""
        from lifecycle_msgs.srv import GetState

        return self.call(GetState, f"{node}/get_state").current_state.label


def _tool(name):
    import shutil

    return ["ros2", name] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros", name]


def diagnostics(heard, task):
    """The last status of a diagnostic task: (level, message, values), None before there is one."""
    for report in reversed(heard):
        for status in report.status:
            if status.name.endswith(task):
                return status.level[0], status.message, {item.key: item.value for item in status.values}
    return None


def children(pid):
    """The processes that a process started."""
    text = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]
    return found if text.exists() else []


def room(points=6000, seed=0, size=(5.0, 4.0, 2.6)):
    """The surfaces of an empty room around a sensor at height 1 m, in the axes of the sensor."""
    rng = np.random.default_rng(seed)
    x, y, z = size
    areas = np.array([x * y, x * y, x * z, x * z, y * z, y * z])
    side = rng.choice(6, points, p=areas / areas.sum())
    xyz = rng.uniform([-x / 2, -y / 2, -1.0], [x / 2, y / 2, z - 1.0], (points, 3))
    for number, (axis, value) in enumerate([(2, -1.0), (2, z - 1.0), (1, -y / 2), (1, y / 2), (0, -x / 2), (0, x / 2)]):
        xyz[side == number, axis] = value
    return (xyz + rng.normal(0, 0.005, xyz.shape)).astype(np.float32)


class Robot:
    """Publishes a room and transforms as a robot would; each detail can be spoilt."""

    def __init__(self, world, topic="points", frame="lidar", qos=10):
        from sensor_msgs.msg import PointCloud2
        from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

        self.world, self.frame = world, frame
        self.cloud_pub = world.node.create_publisher(PointCloud2, topic, qos)
        self.moving, self.still = TransformBroadcaster(world.node), StaticTransformBroadcaster(world.node)
        self.offset, self.correction, self.has_tf = 0.0, Pose(), True
        self.xyz = room()
        from spatial_perception.ros.messages import transform_message

        self.still.sendTransform(transform_message(Pose((0.0, 0.0, 1.0)), "base_link", frame, 0.0))
        self._ending = threading.Event()
        self._thread = None

    @property
    def now(self):
        return time.time() + self.offset

    def send(self, xyz=None, stamp=None, message=None):
        """One moment: transforms, then the cloud."""
        from spatial_perception.ros.convert.clouds import cloud_message
        from spatial_perception.ros.convert.stamps import stamp_message
        from spatial_perception.ros.messages import transform_message

        stamp = self.now if stamp is None else stamp
        if self.has_tf:
            self.moving.sendTransform(
                [
                    transform_message(self.correction, "map", "odom", stamp),
                    transform_message(Pose(), "odom", "base_link", stamp),
                ]
            )
        if message is None:
            message = cloud_message(PointCloud(self.xyz if xyz is None else xyz, None, self.frame, stamp))
        else:
            message.header.stamp, message.header.frame_id = stamp_message(stamp), self.frame
        self.cloud_pub.publish(message)

    def drive(self, rate=10.0):
        """Send until `stop`, in a thread."""
        self._ending.clear()

        def run():
            while not self._ending.wait(1.0 / rate):
                self.send()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self):
        return self.drive()

    def __exit__(self, *exception):
        self.stop()
