"""What cutting a home into tiles and stitching their layouts costs in accuracy, with a model that makes no mistake.

A tiny checkpoint is made whose language model writes, for each tile, the true layout of what the tile shows, in bins: with
rooms as tiles the walls of that room from corner to corner, with stretches of 32 m the walls cut at their borders.
What is lost against the truth of the whole home is lost by cutting, quantising and stitching.

Usage: python benchmarks/tile_stitching.py [--seeds 10000-10010] [--homes-in-a-row 6]
Scenes are single homes of 2-6 rooms, and homes side by side that are longer than 32 m together. The figure to hold is a
wall F1 of 0.99 at both thresholds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.layout.entities import Door, Layout, Wall, Window
from spatial_perception.layout.transforms import translate
from spatial_perception.models.spatiallm.estimation import Estimation
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.models.spatiallm.processing import Canvas, Prepared
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.pointcloud.alignment import Alignment
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.apartment import HomeStyle
from spatial_perception.simulation.sensors import simulate_scene

REACH = 0.2  # m
SEEN = 0.3  # of a room, from which a model tells of it
SCORED = ("wall", "door", "window", "boxes, class ignored")


@dataclass(frozen=True)
class Scene:
    """A cloud, its true layout, and the outlines (x, y) of its rooms, all in one frame."""

    cloud: PointCloud
    truth: Layout
    rooms: tuple[Polygon, ...]


def one_home(seed: int, rooms: int, yaw: float | None = None) -> Scene:
    """A simulated home of `rooms` rooms as scanners in each of them see it."""
    style = HomeStyle() if yaw is None else HomeStyle(yaw=yaw, offset=(0.0, 0.0, 0.0), outside=False)
    cloud, home = simulate_scene(seed, stations=rooms, rooms=rooms, style=style, max_points=150_000 * rooms)
    return Scene(cloud, home.layout, tuple(Polygon(room.polygon) for room in home.rooms))


def row_of_homes(seed: int, count: int) -> Scene:
    """`count` homes side by side along x, a metre apart: far longer than the world of the model."""
    scenes = [one_home(1000 * count + 100 * seed + k, 2 + (seed + k) % 3, yaw=0.0) for k in range(count)]
    xyz, rooms, walls, doors, windows, boxes = [], [], [], [], [], []
    end = 0.0
    for scene in scenes:
        points = np.array([p for room in scene.rooms for p in room.exterior.coords])
        shift = np.array([end + 1.0 - points[:, 0].min(), -points[:, 1].min(), 0.0])
        end += 1.0 + float(np.ptp(points[:, 0]))
        moved = translate(scene.truth, shift)
        xyz.append(scene.cloud.xyz + shift.astype(np.float32))
        rooms += [Polygon(np.array(room.exterior.coords) + shift[:2]) for room in scene.rooms]
        base = len(walls)
        walls += [replace(wall, id=base + wall.id) for wall in moved.walls]
        doors += [replace(door, id=len(doors) + k, wall_id=base + door.wall_id) for k, door in enumerate(moved.doors)]
        windows += [replace(w, id=len(windows) + k, wall_id=base + w.wall_id) for k, w in enumerate(moved.windows)]
        boxes += [replace(item, id=len(boxes) + k) for k, item in enumerate(moved.boxes)]
    return Scene(PointCloud(np.concatenate(xyz)), Layout(walls, doors, windows, boxes), tuple(rooms))


class Oracle:
    """Stands in for the language model: whatever the prompt, it writes the true layout of the tile at hand."""

    def __init__(self, estimator: SpatialLMEstimator, scene: Scene) -> None:
        self.estimator, self.scene = estimator, scene
        self.inner = estimator.model.language_model
        self.ids: list[int] = []
        self.prompt_length = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def face(self, prepared: Prepared, part: PointCloud, alignment: Alignment) -> None:
        """Make up the answer about a part of the aligned cloud."""
        shown = truth_of(part, self.scene, alignment, self.estimator.settings.by_room is not False)
        text = prepared.canvas.to_text(renumbered(shown))
        self.ids = [*self.estimator.vocabulary.encode(text), *self.estimator.stop_ids]

    def new_cache(self, prompt: int, new_tokens: int) -> Any:
        """A cache of the stock model; the answer begins behind the prompt."""
        self.prompt_length = prompt
        return self.inner.new_cache(prompt, new_tokens)

    def step(self, embeds: torch.Tensor, positions: torch.Tensor, cache: Any, keep: int) -> torch.Tensor:
        """Logits (B, keep, V) that leave no doubt."""
        cache.advance(embeds.shape[1])
        logits = torch.zeros(len(embeds), keep, len(self.estimator.tokenizer))
        for row in range(keep):
            place = cache.length - keep + row + 1 - self.prompt_length
            logits[:, row, self.ids[min(place, len(self.ids) - 1)]] = 9.0
        return logits


def truth_of(part: PointCloud, scene: Scene, alignment: Alignment, by_room: bool) -> Layout:
    """The true layout of what a tile shows, in the aligned frame: of the rooms its points are in, within its borders."""
    truth = alignment.apply_layout(scene.truth)
    low, high = part.xyz.min(axis=0), part.xyz.max(axis=0)
    # the middle lines of outer walls lie outside of what is seen of them
    borders = box(*low[:2], *high[:2]).buffer(REACH, join_style="mitre")
    if not by_room:
        return clipped(truth, borders)
    rooms = [Polygon(aligned_ring(room, alignment)) for room in scene.rooms]
    shares = [room.intersection(footprint(part)).area / room.area for room in rooms]
    shown = [room.buffer(0.02, join_style="mitre") for room, share in zip(rooms, shares) if share > SEEN]
    # walls from corner to corner, walls inside, and what is in them and among them
    return clipped(truth, unary_union(shown).intersection(borders), reach=0.1)


def footprint(part: PointCloud) -> BaseGeometry:
    """The plan area that a tile's points cover, in squares of 25 cm."""
    cells = np.unique(np.floor(part.xyz[:, :2] / 0.25).astype(int), axis=0)
    return unary_union([box(*(0.25 * cell), *(0.25 * (cell + 1))) for cell in cells])


def aligned_ring(room: Polygon, alignment: Alignment) -> np.ndarray:
    """The corners (N, 2) of a room in the aligned frame."""
    ring = np.array(room.exterior.coords)
    return alignment.apply_points(np.column_stack([ring, np.zeros(len(ring))]))[:, :2]


def clipped(truth: Layout, area: BaseGeometry, reach: float = 0.0) -> Layout:
    """Walls cut to an area, and what else has its middle there; `reach` (m) widens it for everything but walls."""
    walls = tuple(part for wall in truth.walls if (part := cut_wall(wall, area)) is not None)
    ids, wide = {wall.id for wall in walls}, area.buffer(reach)

    def kept(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(item for item in items if wide.contains(Point(item.center[:2])))

    def open_in(items: Sequence[Door | Window]) -> tuple[Any, ...]:
        return tuple(item for item in kept(items) if item.wall_id in ids)

    return replace(
        truth, walls=walls, doors=open_in(truth.doors), windows=open_in(truth.windows), boxes=kept(truth.boxes)
    )


def cut_wall(wall: Wall, area: BaseGeometry) -> Wall | None:
    """The part of a wall within an area, from its first to its last point there; none shorter than 5 cm."""
    part = LineString([wall.start[:2], wall.end[:2]]).intersection(area)
    points = [point for piece in getattr(part, "geoms", [part]) for point in getattr(piece, "coords", [])]
    if part.is_empty or len(points) < 2:
        return None
    along = np.subtract(wall.end, wall.start)[:2]
    points.sort(key=lambda point: float(np.dot(point, along)))
    if np.hypot(*np.subtract(points[-1], points[0])) < 0.05:
        return None
    return replace(wall, start=(*points[0], wall.start[2]), end=(*points[-1], wall.end[2]))


def renumbered(layout: Layout) -> Layout:
    """The same with ids from 0, as models write them."""
    numbers = {wall.id: number for number, wall in enumerate(layout.walls)}

    def counted(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(replace(item, id=k, wall_id=numbers[item.wall_id]) for k, item in enumerate(items))

    walls = tuple(replace(wall, id=number) for number, wall in enumerate(layout.walls))
    boxes = tuple(replace(item, id=number) for number, item in enumerate(layout.boxes))
    return Layout(walls, counted(layout.doors), counted(layout.windows), boxes)


@contextmanager
def answering(estimator: SpatialLMEstimator, scene: Scene) -> Iterator[None]:
    """While this is open, the estimator's language model knows the truth of the scene."""
    oracle, original, model = Oracle(estimator, scene), Estimation._prepared, type(estimator.model)
    stock = model.language_model

    def prepared(self: Estimation, part: PointCloud, alignment: Alignment, **canvas: Canvas | None) -> Prepared:
        result = original(self, part, alignment, **canvas)
        whole = canvas.get("whole")
        oracle.face(result, part, alignment if whole is None else whole.alignment)
        return result

    Estimation._prepared, model.language_model = prepared, property(lambda _: oracle)  # type: ignore[assignment]
    try:
        yield
    finally:
        Estimation._prepared, model.language_model = original, stock  # type: ignore[method-assign]


def scores_of(scene: Scene, checkpoint: str, **settings: Any) -> tuple[dict[str, tuple[float, float]], str]:
    """F1 at .25 and .5 per class of the stitched layout, and what the estimator noted about tiles."""
    estimator = SpatialLMEstimator.from_pretrained(checkpoint, device="cpu", **settings)
    with answering(estimator, scene):
        layout = estimator.estimate(scene.cloud)
    result = evaluate_scene(layout, scene.truth)
    found = {score.name: (score.counts[0].f1, score.counts[1].f1) for score in result.classes if score.name in SCORED}
    return found, next((note for note in layout.provenance.notes if "tiles" in note), "one tile")


def main() -> None:
    """Print F1 per scene and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="10000-10010")
    parser.add_argument("--homes-in-a-row", type=int, default=6)
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(make_tiny_checkpoint(folder))
        homes = [one_home(seed, 2 + seed % 5) for seed in range(first, last)]
        rows = [
            row_of_homes(seed, arguments.homes_in_a_row) for seed in range(first, first + max(1, (last - first) // 5))
        ]
        cases = (("homes, room by room", homes, {}), ("rows, room by room", rows, {}))
        for name, scenes, settings in (*cases, ("rows, 32 m at a time", rows, {"by_room": False})):
            found = [scores_of(scene, checkpoint, **settings) for scene in scenes]
            extent = max(float(np.ptp(scene.cloud.xyz[:, 0])) for scene in scenes)
            print(f"{name}: {len(scenes)} scenes of up to {extent:.0f} m; {found[0][1]}")
            for label in SCORED:
                values = np.array([scores[label] for scores, _ in found if label in scores])
                print(f"  {label:22} F1 @.25 {values[:, 0].mean():.4f}  @.5 {values[:, 1].mean():.4f}")


if __name__ == "__main__":
    main()
