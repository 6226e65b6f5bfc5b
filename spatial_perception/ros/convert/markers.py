"""visualization_msgs for RViz and Foxglove: one namespace per kind, the stable id as id, nothing that flickers."""

from __future__ import annotations

from collections.abc import Iterator

from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from spatial_perception.layout.boxes import Kind, OrientedBox, to_boxes
from spatial_perception.layout.entities import Layout, Vec3
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.ros.convert.detections import upright_pose
from spatial_perception.ros.convert.marker_diff import MarkerDiff, text_marker
from spatial_perception.ros.convert.stamps import header_message
from spatial_perception.visualization import palette

NAMESPACES: dict[Kind, str] = {"wall": "walls", "door": "doors", "window": "windows", "bbox": "objects"}
LABELS = "labels"
_THINNEST = 0.03
_PROUD = 0.04
"""Openings stand out of their wall by this (m), so that they can be seen."""
_LETTERS = 0.18


class LayoutMarkers:
    """Turns layouts into marker arrays that change without flicker; see `MarkerDiff`."""

    def __init__(self) -> None:
        self._diff = MarkerDiff()

    def reset(self) -> None:
        """A new epoch began: forget everything; the next array clears the viewers."""
        self._diff.reset()

    def update(self, layout: Layout | TrackedLayout, *, labels: bool = True, only_changes: bool = False) -> MarkerArray:
        """The array that brings viewers up to date with a layout, with the names of objects where `labels` are wanted.

        `only_changes` leaves out markers that look as before: less to send where nobody joins late.
        """
        header = header_message(layout.frame_id, layout.stamp)
        drawn = _markers(layout.layout if isinstance(layout, TrackedLayout) else layout, header)
        wanted = [marker for marker in drawn if labels or marker.ns != LABELS]
        return self._diff.update(wanted, header, only_changes=only_changes)

    def cleared(self, frame_id: str, stamp: float) -> MarkerArray:
        """An array that empties all viewers at once, as when a new epoch begins before its first layout."""
        return self._diff.cleared(frame_id, stamp)


def _markers(layout: Layout, header: Header) -> Iterator[Marker]:
    for box in to_boxes(layout):
        yield _cube(box, header)
        if box.kind == "bbox":
            yield _text(box, header)


def _cube(box: OrientedBox, header: Header) -> Marker:
    x, y, z = box.size
    proud = _PROUD if box.kind in ("door", "window") else 0.0
    size = (x, max(y + proud, _THINNEST), z) if box.kind != "bbox" else (x, y, z)
    marker = _marker(box.id, NAMESPACES[box.kind], Marker.CUBE, header)
    marker.pose = upright_pose(box.center, box.yaw)
    # A length of zero makes RViz warn and draw nothing.
    marker.scale = _scale(size)
    marker.color = _colour(box)
    return marker


def _text(box: OrientedBox, header: Header) -> Marker:
    x, y, z = box.center
    place = (x, y, z + box.size[2] / 2 + _LETTERS)
    return text_marker(box.id, LABELS, palette.display_name(box.label), place, header, _LETTERS)


def _marker(number: int, namespace: str, kind: int, header: Header) -> Marker:
    # Locked to its frame: viewers with another fixed frame transform it at each moment, also long after its stamp.
    return Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD, frame_locked=True)


def _scale(size: Vec3) -> Vector3:
    x, y, z = (max(float(v), 0.01) for v in size)
    return Vector3(x=x, y=y, z=z)


def _colour(box: OrientedBox) -> ColorRGBA:
    fixed = {"wall": (palette.MUTED, 0.45), "door": (palette.DOOR, 0.85), "window": (palette.WINDOW, 0.6)}
    if box.kind in fixed:
        (r, g, b), alpha = palette.rgb(fixed[box.kind][0]), fixed[box.kind][1]
    else:
        (r, g, b), alpha = palette.colour_of(box.label), 0.55
    return ColorRGBA(r=float(r), g=float(g), b=float(b), a=alpha)
