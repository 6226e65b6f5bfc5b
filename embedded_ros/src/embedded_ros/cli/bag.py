"""``bag``: record, play, info."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import sys

from embedded_ros.cli.common import absolute, spin_until_interrupt, tool_node, wait_for_discovery


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    record = commands.add_parser("record", help="record topics")
    record.add_argument("topics", nargs="*")
    record.add_argument("-a", "--all", action="store_true")
    record.add_argument("-e", "--regex")
    record.add_argument("-x", "--exclude", help="regular expression of topics to leave out")
    record.add_argument("-o", "--output")
    record.add_argument("-s", "--storage", choices=("mcap", "sqlite3"), default="mcap")
    record.add_argument("-d", "--duration", type=float, default=0.0, help="end after so many seconds")
    record.set_defaults(run=_record)
    play = commands.add_parser("play", help="play a bag")
    play.add_argument("bag")
    play.add_argument("-r", "--rate", type=float, default=1.0)
    play.add_argument("-l", "--loop", action="store_true")
    play.add_argument("--clock", type=float, nargs="?", const=40.0, default=0.0, metavar="HZ")
    play.add_argument("--start-offset", type=float, default=0.0)
    play.add_argument("--topics", nargs="*", default=[])
    play.add_argument("-d", "--delay", type=float, default=0.0, help="seconds to wait before the start")
    play.set_defaults(run=_play)
    info = commands.add_parser("info", help="describe a bag")
    info.add_argument("bag")
    info.set_defaults(run=_info)


def _record(options: argparse.Namespace, rest: list[str]) -> int:
    import time

    from embedded_ros.bags.recorder import BagError, Recorder, topic_filter
    from embedded_ros.cli.main import ToolError

    if not (options.topics or options.all or options.regex):
        raise ToolError("name topics, or use --all or --regex")
    folder = options.output or f"rosbag2_{datetime.datetime.now():%Y_%m_%d-%H_%M_%S}"
    wanted = topic_filter(options.topics, options.all, options.regex, options.exclude)
    with tool_node(rest) as node:
        try:
            recorder = Recorder(node, folder, wanted, options.storage)
            print(f"recording to {folder}; end with Ctrl-C", flush=True)
            end = time.monotonic() + options.duration if options.duration else None
            spin_until_interrupt(
                node, lambda: recorder.failure is not None or (end is not None and time.monotonic() > end)
            )
            recorder.close()
        except BagError as error:
            print(f"bag: {error}", file=sys.stderr)
            return 1
    print(f"{recorder.count} messages recorded")
    return 0


def _play(options: argparse.Namespace, rest: list[str]) -> int:
    from embedded_ros.bags.player import Player, PlayOptions
    from embedded_ros.bags.recorder import BagError

    chosen = tuple(absolute(topic) for topic in options.topics)
    how = PlayOptions(options.rate, options.loop, options.clock, options.start_offset, chosen)
    with tool_node(rest, settle=False) as node:
        try:
            player = Player(node, options.bag, how)
        except BagError as error:
            print(f"bag: {error}", file=sys.stderr)
            return 1
        try:
            wait_for_discovery(node)
            _pause(node, options.delay)
            player.play(node.context.ok)
        except KeyboardInterrupt:
            pass
        finally:
            player.close()
        _flush(node)
    print(f"{player.count} messages played")
    return 0


def _pause(node: object, seconds: float) -> None:
    import time

    end = time.monotonic() + seconds
    spin_until_interrupt(node, lambda: time.monotonic() >= end)


def _flush(node: object) -> None:
    """Give reliable subscriptions time to receive the last messages."""
    from rclpy.duration import Duration

    if node.context.ok():
        for publisher in node.publishers:
            publisher.wait_for_all_acked(Duration(seconds=1))


def _info(options: argparse.Namespace, rest: list[str]) -> int:
    """Describe a bag as ``ros2 bag info`` does."""
    from embedded_ros.bags.player import open_bag
    from embedded_ros.bags.recorder import BagError

    try:
        reader = open_bag(options.bag)
    except BagError as error:
        print(f"bag: {error}", file=sys.stderr)
        return 1
    path = pathlib.Path(options.bag)
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    data = [file for file in files if file.suffix != ".yaml"]
    rows = [
        ("Files", " ".join(file.name for file in data)),
        ("Bag size", _size(sum(file.stat().st_size for file in files))),
        ("Storage id", {".mcap": "mcap", ".db3": "sqlite3"}.get(data[0].suffix, data[0].suffix) if data else "none"),
        ("Duration", f"{reader.duration / 1e9:.9f}s"),
        ("Start", _moment(reader.start_time)),
        ("End", _moment(reader.end_time)),
        ("Messages", str(reader.message_count)),
    ]
    for label, text in rows:
        print(f"{label + ':':<19}{text}")
    label = "Topic information:"
    for connection in sorted(reader.connections, key=lambda found: found.topic):
        kind = f"Type: {connection.msgtype} | Count: {connection.msgcount} | Serialization Format: cdr"
        print(f"{label:<19}Topic: {connection.topic} | {kind}")
        label = ""
    reader.close()
    return 0


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _moment(stamp: int) -> str:
    """Return nanoseconds since the epoch as local time and as they are."""
    seconds, nanoseconds = divmod(stamp, 10**9)
    return (
        f"{datetime.datetime.fromtimestamp(seconds):%b %d %Y %H:%M:%S}.{nanoseconds:09d} ({seconds}.{nanoseconds:09d})"
    )
