"""``topic``: list, info, echo, hz, bw, pub."""

from __future__ import annotations

import argparse
import collections
import itertools
import statistics
import time
from typing import Any

from embedded_ros.cli.common import (
    absolute,
    is_hidden,
    parse_yaml,
    print_yaml,
    spin_until_interrupt,
    tool_node,
    topic_type,
)
from embedded_ros.cli.main import ToolError

_WINDOW = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="list topics")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-topics", action="store_true")
    listing.set_defaults(run=_list)
    info = commands.add_parser("info", help="show publishers and subscriptions of a topic")
    info.add_argument("topic")
    info.add_argument("-v", "--verbose", action="store_true")
    info.set_defaults(run=_info)
    kind = commands.add_parser("type", help="show the type of a topic")
    kind.add_argument("topic")
    kind.set_defaults(run=_type)
    for name, function in (("echo", _echo), ("hz", _hz), ("bw", _bw)):
        command = commands.add_parser(name)
        command.add_argument("topic")
        command.add_argument("type", nargs="?")
        command.add_argument("--count", type=int, default=0, help="end after so many messages")
        command.add_argument("--timeout", type=float, default=0.0, help="end after so many seconds")
        command.add_argument("--truncate-length", type=int, default=128, help="longest sequence shown by echo")
        command.add_argument("--once", dest="count", action="store_const", const=1)
        command.set_defaults(run=function)
    _add_pub(commands.add_parser("pub", help="publish"))


def _add_pub(command: argparse.ArgumentParser) -> None:
    command.add_argument("topic")
    command.add_argument("type")
    command.add_argument("values", nargs="?", default="{}", help="YAML")
    command.add_argument("-r", "--rate", type=float, default=1.0, help="Hz")
    command.add_argument("-t", "--times", type=int, default=0, help="how often; 0: until interrupted")
    command.add_argument("-1", "--once", dest="times", action="store_const", const=1)
    command.add_argument("-w", "--wait-matching-subscriptions", type=int, default=None)
    command.set_defaults(run=_pub)


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        for name, types in node.get_topic_names_and_types():
            if options.include_hidden_topics or not is_hidden(name):
                print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def _info(options: argparse.Namespace, rest: list[str]) -> None:
    topic = absolute(options.topic)
    with tool_node(rest) as node:
        publishers, subscriptions = (
            node.get_publishers_info_by_topic(topic),
            node.get_subscriptions_info_by_topic(topic),
        )
        print(f"Type: {topic_type(node, topic)}")
        for title, found in (("Publisher", publishers), ("Subscription", subscriptions)):
            print(f"{title} count: {len(found)}")
            if options.verbose:
                print("\n".join(f"\n{entry}" for entry in found))


def _type(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        print(topic_type(node, absolute(options.topic)))


def matching_qos(node: Any, topic: str) -> Any:
    """Return QoS that all present publishers of a topic can serve."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    offered = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
    reliable = all(qos.reliability is ReliabilityPolicy.RELIABLE for qos in offered)
    latched = bool(offered) and all(qos.durability is DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
    return QoSProfile(
        depth=max([10, *[qos.depth for qos in offered]]),
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def _watch(options: argparse.Namespace, rest: list[str], callback: Any, raw: bool, report: Any = None) -> None:
    """Call back with the messages of a topic until count, timeout or interrupt."""
    from embedded_ros.messages.classes import message_class

    topic = absolute(options.topic)
    seen = [0]
    with tool_node(rest) as node:
        cls = message_class(options.type or topic_type(node, topic, options.timeout or 5.0))

        def received(message: Any) -> None:
            if not options.count or seen[0] < options.count:
                seen[0] += 1
                callback(message)

        node.create_subscription(cls, topic, received, matching_qos(node, topic), raw=raw)
        if report is not None:
            node.create_timer(1.0, report)
        end = time.monotonic() + options.timeout if options.timeout else None
        spin_until_interrupt(
            node,
            lambda: bool(options.count and seen[0] >= options.count) or (end is not None and time.monotonic() > end),
        )
    if report is not None:
        report()


def _echo(options: argparse.Namespace, rest: list[str]) -> None:
    from embedded_ros.messages.convert import to_plain

    def show(message: Any) -> None:
        print_yaml(to_plain(message, options.truncate_length))
        print("---", flush=True)

    _watch(options, rest, show, raw=False)


def _hz(options: argparse.Namespace, rest: list[str]) -> None:
    times: collections.deque[float] = collections.deque(maxlen=_WINDOW)

    def report() -> None:
        gaps = [after - before for before, after in zip(times, list(times)[1:])]
        if gaps:
            mean = statistics.fmean(gaps)
            print(
                f"average rate: {1.0 / mean:.3f}\n\tmin: {min(gaps):.4f}s max: {max(gaps):.4f}s "
                f"std dev: {statistics.pstdev(gaps):.5f}s window: {len(times)}",
                flush=True,
            )

    _watch(options, rest, lambda message: times.append(time.perf_counter()), raw=True, report=report)


def _bw(options: argparse.Namespace, rest: list[str]) -> None:
    seen: collections.deque[tuple[float, int]] = collections.deque(maxlen=_WINDOW)

    def report() -> None:
        if len(seen) > 1:
            span = max(time.perf_counter() - seen[0][0], 1e-9)
            sizes = [size for _, size in seen]
            print(
                f"{_amount(sum(sizes) / span)}/s from {len(seen)} messages\n"
                f"\tMessage size mean: {_amount(statistics.fmean(sizes))} "
                f"min: {_amount(min(sizes))} max: {_amount(max(sizes))}",
                flush=True,
            )

    _watch(options, rest, lambda data: seen.append((time.perf_counter(), len(data))), raw=True, report=report)


def _amount(size: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit, step in (("MB", 1e6), ("KB", 1e3)):
        if size >= step:
            return f"{size / step:.2f} {unit}"
    return f"{size:.0f} B"


def _pub(options: argparse.Namespace, rest: list[str]) -> None:
    from embedded_ros.messages.classes import message_class
    from embedded_ros.messages.convert import from_plain

    if not options.rate > 0:
        raise ToolError(f"the rate must be positive, not {options.rate:g}")
    message = from_plain(message_class(options.type), parse_yaml(options.values))
    with tool_node(rest, settle=False) as node:
        publisher = node.create_publisher(type(message), absolute(options.topic), 10)
        wanted = options.wait_matching_subscriptions
        if wanted is None:
            wanted = 1 if options.times == 1 else 0
        if publisher.get_subscription_count() < wanted:
            print(f"waiting for {wanted} subscription(s) of {options.topic}", flush=True)
        spin_until_interrupt(node, lambda: publisher.get_subscription_count() >= wanted)
        if not node.context.ok():
            return
        left, count = [options.times or -1], itertools.count(1)

        def publish() -> None:
            if left[0]:
                publisher.publish(message)
                left[0] -= 1
                print(f"publishing #{next(count)}: {message!r}\n", flush=True)

        publish()
        node.create_timer(1.0 / options.rate, publish)
        spin_until_interrupt(node, lambda: left[0] == 0)
        if node.context.ok():
            from rclpy.duration import Duration

            publisher.wait_for_all_acked(Duration(seconds=1))
