"""Markers that change without flicker: the same namespace and id updates in place, what vanished is deleted."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from spatial_perception.ros.convert.stamps import header_message
from spatial_perception.visualization import palette

Key = tuple[str, int]


class MarkerDiff:
    """Turns the markers of now into the array that brings viewers up to date, and remembers what they show.

    Each array adds everything there is (the same namespace and id updates in place) and deletes what vanished, so a viewer
    that joins late and gets only the last, latched array shows everything as well. At the start, and after `reset` or
    `cleared`, the next array begins with DELETEALL.
    """

    def __init__(self) -> None:
        self._shown: dict[Key, tuple[object, ...]] = {}
        self._reset = True

    def reset(self) -> None:
        """Forget everything; the next array clears the viewers."""
        self._shown, self._reset = {}, True

    def update(self, markers: Iterable[Marker], header: Header, *, only_changes: bool = False) -> MarkerArray:
        """The array that shows these markers and nothing else.

        `only_changes` leaves out markers that look as before: less to send where nobody joins late.
        """
        wanted = {(m.ns, m.id): m for m in markers}
        looks = {key: _look(m) for key, m in wanted.items()}
        array = [_clear(header)] if self._reset else []
        array += [_deleted(key, header) for key in self._shown if key not in wanted]
        array += [m for key, m in wanted.items() if not (only_changes and self._shown.get(key) == looks[key])]
        self._shown, self._reset = looks, False
        return MarkerArray(markers=array)

    def cleared(self, frame_id: str, stamp: float) -> MarkerArray:
        """An array that empties all viewers at once, as when a new epoch begins before its first layout."""
        self.reset()
        return MarkerArray(markers=[_clear(header_message(frame_id, stamp))])


def marker(number: int, namespace: str, kind: int, header: Header, colour: str, alpha: float) -> Marker:
    """A marker of a colour (`#rrggbb`) at the origin of its frame."""
    made = Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD, frame_locked=True)
    # An orientation of zeros makes RViz warn and draw nothing.
    made.pose.orientation.w = 1.0
    r, g, b = palette.rgb(colour)
    made.color = ColorRGBA(r=float(r), g=float(g), b=float(b), a=alpha)
    return made


def text_marker(
    number: int, namespace: str, text: str, place: tuple[float, float, float], header: Header, height: float = 0.2
) -> Marker:
    """Letters of a height (m) that always face the viewer."""
    made = marker(number, namespace, Marker.TEXT_VIEW_FACING, header, "#ffffff", 0.95)
    made.pose.position.x, made.pose.position.y, made.pose.position.z = (float(v) for v in place)
    made.scale, made.text = Vector3(x=0.0, y=0.0, z=height), text
    return made


def _deleted(key: Key, header: Header) -> Marker:
    return Marker(header=header, ns=key[0], id=key[1], action=Marker.DELETE)


def _clear(header: Header) -> Marker:
    return Marker(header=header, action=Marker.DELETEALL)


def _look(m: Marker) -> tuple[object, ...]:
    """Everything that a viewer shows of a marker; the stamp is not part of it."""
    p, q, s, c = m.pose.position, m.pose.orientation, m.scale, m.color
    place = (m.header.frame_id, p.x, p.y, p.z, q.x, q.y, q.z, q.w)
    points = tuple((end.x, end.y, end.z) for end in m.points)
    return (*place, s.x, s.y, s.z, c.r, c.g, c.b, c.a, m.type, m.text, points)
