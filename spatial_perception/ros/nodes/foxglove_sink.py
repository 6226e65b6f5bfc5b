"""`foxglove_sink`: shows topics in Foxglove over a websocket, where foxglove_bridge is not installed."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from spatial_perception.configuration import StrictModel
from spatial_perception.ros.foxglove import FoxgloveServer
from spatial_perception.ros.parameters import NodeSettings, setting
from spatial_perception.ros.running import run, until_shutdown

_TICK, _DISCOVERY = 0.1, 0.5


class FoxgloveSettings(StrictModel):
    """The parameters of `foxglove_sink`."""

    address: str = setting(
        "127.0.0.1", "Address to listen at; 0.0.0.0 lets other machines in, without any password.", read_only=True
    )
    port: int = setting(8765, "Port to listen at; 0: any that is free.", read_only=True, ge=0, le=65535)
    topics: tuple[str, ...] = setting((".*",), "Regular expressions of the topics that are offered.", read_only=True)


class FoxgloveSink(Node):
    """Offers all wanted topics; subscribes to one only while somebody looks at it."""

    def __init__(self) -> None:
        super().__init__("foxglove_sink")
        s = NodeSettings(self, FoxgloveSettings).values
        sim_time = bool(self.get_parameter("use_sim_time").value)
        self._server = FoxgloveServer(self, s.address, s.port, s.topics, sim_time)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_TICK, self._update, clock=steady)
        self.create_timer(_DISCOVERY, self._discover, clock=steady)
        self.get_logger().info(
            f"open ws://{s.address}:{self._server.port} in Foxglove (Open connection, Foxglove WebSocket)"
        )

    def close(self) -> None:
        """Disconnect everybody."""
        self._server.close()

    def _update(self) -> None:
        with until_shutdown(self):
            self._server.update()

    def _discover(self) -> None:
        with until_shutdown(self):
            self._server.discover()


def main() -> int:
    """Run the node."""
    return run(FoxgloveSink)


if __name__ == "__main__":
    raise SystemExit(main())
