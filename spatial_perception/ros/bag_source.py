"""A rosbag2 (mcap or sqlite3) as serialized messages with their types, topics and QoS; needs the library `rosbags`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatial_perception.errors import CloudFileError, MissingExtraError


@dataclass(frozen=True)
class BagTopic:
    """A recorded topic: its name, type (`sensor_msgs/msg/PointCloud2`), and whether late subscribers got its last message."""

    name: str
    type_name: str
    latched: bool


@dataclass(frozen=True)
class BagMessage:
    """One recorded message: when it was recorded (ns), its topic, and its bytes as sent (CDR)."""

    stamp: int
    topic: str
    data: bytes


class Bag:
    """An open bag. Raises CloudFileError when it cannot be read, MissingExtraError without the library."""

    def __init__(self, path: Path | str) -> None:
        try:
            from rosbags.rosbag2 import Reader, ReaderError
        except ImportError as error:
            raise MissingExtraError("reading bags needs the library rosbags: pip install rosbags") from error
        path = Path(path).expanduser()
        # `ros2 bag` takes the file inside as well as the folder.
        folder = path.parent if path.suffix in (".mcap", ".db3") else path
        try:
            self._reader: Any = Reader(folder)
            self._reader.open()
        except (ReaderError, OSError, KeyError, ValueError) as error:
            raise CloudFileError(
                f"{path}: not a readable rosbag2 ({error}); give the folder with metadata.yaml"
            ) from error

    @property
    def duration(self) -> float:
        """From the first message to the last (s)."""
        return float(self._reader.duration) / 1e9

    @property
    def start(self) -> int:
        """When the first message was recorded (ns)."""
        return int(self._reader.start_time)

    def topics(self) -> list[BagTopic]:
        """All topics."""
        return [BagTopic(c.topic, c.msgtype, _is_latched(c)) for c in self._reader.connections]

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """The messages of these topics in the order of recording."""
        chosen = [c for c in self._reader.connections if c.topic in topics]
        for connection, stamp, data in self._reader.messages(chosen) if chosen else ():
            yield BagMessage(stamp, connection.topic, bytes(data))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def _is_latched(connection: Any) -> bool:
    """Whether a topic was offered as transient local, whichever way the bag writes its profiles."""
    for profile in connection.ext.offered_qos_profiles or ():
        durability = getattr(profile, "durability", None)
        if "TRANSIENT_LOCAL" in str(getattr(durability, "name", durability)).upper():
            return True
    return connection.topic.endswith("tf_static")
