"""Stable ids over time: the entities of each new layout are matched with those known, so that a door stays door 7.

Estimators number entities anew in every layout. A tracker keeps an id while its entity exists, deletes a vanished one
after evidence, and smooths geometry. A deleted entity that turns up again at its place gets its id back; no id is ever
used for anything else. The order of entities in a layout does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.layout.assignment import Pair, best_pairs
from spatial_perception.layout.association import (
    SAME_BOX,
    Costs,
    box_costs,
    box_iou,
    covered_by,
    fills_the_same_place,
    opening_costs,
    overlap_in_wall,
    wall_costs,
)
from spatial_perception.layout.boxes import Kind
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Vec3, Wall, Window, vec3
from spatial_perception.layout.smoothing import Smoothed, SmoothingSettings, aligned, difference, geometry

_KINDS: tuple[tuple[Kind, type], ...] = (("wall", Wall), ("door", Door), ("window", Window), ("bbox", Box))
_GRAVES = 512
_STILL_SEEN = 0.8  # share of the points that supported an entity, above which nothing of it was forgotten
_SEAT = 0.5
_NEWCOMER = 0.3
"""What matching with something found only once costs more, beside 1 where it ends."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Entities missed in `misses` layouts in which they could be seen are deleted; every ten layouts with an entity earn it
    one miss more, up to twice as many. An entity is shown once it was in `confirm` layouts."""

    misses: int = 3
    confirm: int = 1
    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)

    def __post_init__(self) -> None:
        if self.misses < 2 or self.confirm < 1:
            raise ConfigError("a tracker needs misses >= 2 (one miss is no evidence) and confirm >= 1")


@dataclass(frozen=True, slots=True)
class Track:
    """A known entity with its stable id: in layouts from `first_seen` to `last_seen` (s), found in `hits` of them and
    missed in the last `misses`."""

    kind: Kind
    entity: Entity
    first_seen: float
    last_seen: float
    hits: int
    misses: int


@dataclass(frozen=True, slots=True)
class TrackedLayout:
    """What is shown now: `tracks` in the order of a layout, by id within each kind, and the (kind, id) that `vanished` since
    the layout before."""

    tracks: tuple[Track, ...] = ()
    vanished: tuple[tuple[Kind, int], ...] = ()
    frame_id: str = ""
    stamp: float = 0.0
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def layout(self) -> Layout:
        """The entities alone."""
        groups = ([t.entity for t in self.tracks if t.kind == kind] for kind, _ in _KINDS)
        walls, doors, windows, boxes = groups
        return Layout(
            cast("tuple[Wall, ...]", tuple(walls)),
            cast("tuple[Door, ...]", tuple(doors)),
            cast("tuple[Window, ...]", tuple(windows)),
            cast("tuple[Box, ...]", tuple(boxes)),
            self.frame_id,
            self.stamp,
            self.provenance,
        )


@dataclass(frozen=True, slots=True)
class TrackingCounts:
    """Since the start: entities `born` and `deleted`, `revived` (something deleted came back at its place, under its id),
    and `orphans` (openings left out because their wall was not in the layout)."""

    born: int = 0
    deleted: int = 0
    revived: int = 0
    orphans: int = 0


@dataclass(slots=True, eq=False)
class _Record:
    """A track within the tracker: `turn` of the update that found it last, `since` which it was found in each one, `wall`
    of an opening, `votes` for labels."""

    kind: Kind
    id: int
    state: Smoothed
    first_seen: float
    last_seen: float
    turn: int
    since: int
    hits: int = 1
    misses: int = 0
    wall: int = 0
    hidden: bool = False
    label: str = ""
    votes: dict[str, float] = field(default_factory=dict)


class LayoutTracker:
    """Matches layouts of one place in one frame over time. Deterministic: same layouts, same ids."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self.settings = settings or TrackerSettings()
        self.counts = TrackingCounts()
        self._next: dict[Kind, int] = {kind: 1 for kind, _ in _KINDS}
        self._records: dict[Kind, list[_Record]] = {kind: [] for kind, _ in _KINDS}
        self._graves: dict[Kind, list[_Record]] = {kind: [] for kind, _ in _KINDS}
        self._shown: tuple[tuple[Kind, int], ...] = ()
        self._turn = 0

    @property
    def is_settled(self) -> bool:
        """Whether the last layout left nothing open: no entity was missed, none has a leap to be confirmed."""
        return all(record.misses == 0 and record.state.leap is None for record in self._all())

    def reset(self) -> tuple[tuple[Kind, int], ...]:
        """Forget all entities, as when a new epoch starts; returns the (kind, id) that were shown. Ids go on counting."""
        gone, self._shown = self._shown, ()
        for kind, _ in _KINDS:
            self._records[kind], self._graves[kind] = [], []
        return gone

    def update(self, layout: Layout, observable: Callable[[Entity], bool] | None = None) -> TrackedLayout:
        """Take in the next layout; the layout to show, with stable ids.

        `observable` tells whether an entity missing from the layout could have been found, had it been there, and whether
        one that was found much changed could have been found as it was; without it every entity could. Openings whose
        wall is not in the layout are counted as orphans and left out.
        """
        self._turn += 1
        could_be_found = observable or (lambda _: True)
        walls = self._follow("wall", _sorted(layout.walls), {}, layout.stamp, could_be_found)
        present = {wall.id for wall in layout.walls}
        doors, windows = (
            _sorted([o for o in group if o.wall_id in present]) for group in (layout.doors, layout.windows)
        )
        orphans = len(layout.doors) + len(layout.windows) - len(doors) - len(windows)
        self.counts = replace(self.counts, orphans=self.counts.orphans + orphans)
        self._follow("door", doors, walls, layout.stamp, could_be_found)
        self._follow("window", windows, walls, layout.stamp, could_be_found)
        self._follow("bbox", _sorted(layout.boxes), {}, layout.stamp, could_be_found)
        self._miss(could_be_found)
        return self._publish(layout)

    def _follow(
        self, kind: Kind, seen: list[Entity], walls: dict[int, int], stamp: float, observable: Callable[[Entity], bool]
    ) -> dict[int, int]:
        """Match and update one kind; returns the stable id of each id in the layout."""
        records = self._records[kind]
        pairs = _matches(records, seen, _same_wall(records, seen, walls))
        ids: dict[int, int] = {}
        for i, j in pairs:
            self._smooth(records[i], seen[j], observable)
            self._update(records[i], seen[j], _wall_of(seen[j], walls), stamp)
            ids[seen[j].id] = records[i].id
        matched = {j for _, j in pairs}
        born = [entity for j, entity in enumerate(seen) if j not in matched]
        graves = self._exhume(kind, born)
        for index, entity in enumerate(born):
            wall, grave = _wall_of(entity, walls), graves.get(index)
            ids[entity.id] = (
                self._bear(kind, entity, wall, stamp) if grave is None else self._revive(grave, entity, wall, stamp)
            )
        return ids

    def _smooth(self, record: _Record, entity: Entity, observable: Callable[[Entity], bool]) -> None:
        """Take in the geometry, unless the map has forgotten most of the place: nothing shrinks to what is left of it."""
        changed = difference(aligned(entity, record.state.mean), record.state.mean) > self.settings.smoothing.leap
        if not changed or observable(record.state.shown) or _as_well_seen(entity, record.state.shown):
            record.state = record.state.follow(entity, self.settings.smoothing)

    def _update(self, record: _Record, entity: Entity, wall: int, stamp: float) -> None:
        record.since = record.since if record.turn == self._turn - 1 else self._turn
        record.last_seen, record.turn, record.hits = stamp, self._turn, record.hits + 1
        record.misses, record.hidden, record.wall = 0, False, wall
        _vote(record, entity)

    def _bear(self, kind: Kind, entity: Entity, wall: int, stamp: float) -> int:
        record = _Record(
            kind, self._next[kind], Smoothed(entity, entity), stamp, stamp, self._turn, self._turn, wall=wall
        )
        _vote(record, entity)
        record.label = getattr(entity, "label", "")
        self._records[kind].append(record)
        self._next[kind] += 1
        self.counts = replace(self.counts, born=self.counts.born + 1)
        return record.id

    def _exhume(self, kind: Kind, born: list[Entity]) -> dict[int, _Record]:
        """The deleted entities that stood where new ones (by their index) stand now; their graves are gone."""
        graves = self._graves[kind]
        places = [grave.state.shown for grave in graves]
        pairs = best_pairs(_costs(places, born, np.ones((len(graves), len(born)), dtype=bool)))
        gone = {i for i, _ in pairs}
        self._graves[kind] = [grave for i, grave in enumerate(graves) if i not in gone]
        return {j: graves[i] for i, j in pairs}

    def _revive(self, record: _Record, entity: Entity, wall: int, stamp: float) -> int:
        """Follow a deleted entity again, from where it stands now."""
        record.state, record.since = Smoothed(entity, entity), self._turn
        record.last_seen, record.turn, record.wall = stamp, self._turn, wall
        record.misses, record.hidden, record.hits = 0, False, record.hits + 1
        _vote(record, entity)
        self._records[record.kind].append(record)
        self.counts = replace(self.counts, revived=self.counts.revived + 1)
        return record.id

    def _miss(self, observable: Callable[[Entity], bool]) -> None:
        """Weigh what was not in this layout: hide what others took the place of, delete what was missed too often."""
        found = [r for r in self._all() if r.turn == self._turn]
        for record in self._all():
            if record.turn != self._turn:
                record.misses += 1 if observable(record.state.shown) else 0
                record.hidden = _is_replaced(
                    record.state.shown, [r.state.shown for r in found if not _stood_beside(r, record)]
                )
        self._bury([r for r in self._all() if r.misses >= self._patience(r)])
        walls = {record.id for record in self._records["wall"]}
        self._bury([r for r in self._all() if r.kind in ("door", "window") and r.wall not in walls])

    def _all(self) -> Iterator[_Record]:
        for kind, _ in _KINDS:
            yield from self._records[kind]

    def _bury(self, dead: list[_Record]) -> None:
        for record in dead:
            self._records[record.kind].remove(record)
            self._graves[record.kind] = [*self._graves[record.kind], record][-_GRAVES:]
        self.counts = replace(self.counts, deleted=self.counts.deleted + len(dead))

    def _patience(self, record: _Record) -> int:
        return self.settings.misses + min(record.hits // 10, self.settings.misses)

    def _publish(self, layout: Layout) -> TrackedLayout:
        shown = [r for r in self._all() if r.hits >= self.settings.confirm and not r.hidden]
        walls = {r.id: cast("Wall", r.state.shown) for r in shown if r.kind == "wall"}
        shown = [r for r in shown if r.kind not in ("door", "window") or r.wall in walls]
        keys = tuple((r.kind, r.id) for r in shown)
        vanished = tuple(key for key in self._shown if key not in set(keys))
        self._shown = keys
        tracks = tuple(Track(r.kind, _outcome(r, walls), r.first_seen, r.last_seen, r.hits, r.misses) for r in shown)
        return TrackedLayout(tracks, vanished, layout.frame_id, layout.stamp, layout.provenance)


def _sorted(entities: Iterable[Entity]) -> list[Entity]:
    """In an order that depends on the geometry alone, whatever order and ids the estimator gave."""
    return sorted(entities, key=lambda e: (tuple(geometry(_upright(e)).round(9)), getattr(e, "label", "")))


def _upright(entity: Entity) -> Entity:
    """Walls with their lower end first."""
    if isinstance(entity, Wall) and entity.end < entity.start:
        return replace(entity, start=entity.end, end=entity.start)
    return entity


def _costs(old: Sequence[Entity], new: Sequence[Entity], same_wall: NDArray[np.bool_]) -> Costs:
    first = next(iter((*old, *new)), None)
    if first is None or not old or not new:
        return np.zeros((len(old), len(new)))
    if isinstance(first, Wall):
        return wall_costs(cast("Sequence[Wall]", old), cast("Sequence[Wall]", new))
    if isinstance(first, Box):
        return box_costs(cast("Sequence[Box]", old), cast("Sequence[Box]", new))
    return opening_costs(cast("Sequence[Door]", old), cast("Sequence[Door]", new), same_wall)


def _matches(records: Sequence[_Record], seen: Sequence[Entity], same_wall: NDArray[np.bool_]) -> tuple[Pair, ...]:
    """Which record each entity seen continues: (record, entity) by their index, ascending by record.

    First what looks alike. Of two such records the one known better is preferred: a part of a thing that was once seen
    beside it must not take its place. Then what takes up the same place as a missed record and was taken for none that is
    known better: a thing that is seen in part, or as one with what is next to it, looks like another one.
    """
    costs = _costs([record.state.mean for record in records], seen, same_wall)
    ranked = costs + np.array([_NEWCOMER / record.hits for record in records]).reshape(-1, 1)
    owner = {j: i for i, j in best_pairs(np.where(costs < 1.0, ranked, np.inf), 1.0 + _NEWCOMER)}
    missed = sorted(set(range(len(records))).difference(owner.values()), key=lambda i: -records[i].hits)
    for i in missed:
        free = [j for j in range(len(seen)) if j not in owner or records[owner[j]].hits < records[i].hits]
        same = [j for j in free if _is_one(records[i].state.mean, seen[j])]
        if same:
            owner[min(same, key=lambda j: (j in owner, ranked[i, j]))] = i
    return tuple(sorted((i, j) for j, i in owner.items()))


def _is_one(old: Entity, new: Entity) -> bool:
    """Whether two entities of one kind take up so much the same place that they cannot both be there."""
    if isinstance(old, Wall) and isinstance(new, Wall):
        return covered_by(old, [new]) or covered_by(new, [old])
    if isinstance(old, Box) and isinstance(new, Box):
        return box_iou(old, new) > SAME_BOX
    return isinstance(old, Door | Window) and isinstance(new, Door | Window) and overlap_in_wall(old, new)


def _as_well_seen(seen: Entity, before: Entity) -> bool:
    """Whether hardly fewer points than before support an entity: what it loses was never seen."""
    if not seen.support or not before.support:
        return False
    return seen.support > _STILL_SEEN * before.support


def _wall_of(entity: Entity, walls: dict[int, int]) -> int:
    """The stable id of the wall of an opening; 0 for other entities."""
    return walls[entity.wall_id] if isinstance(entity, Door | Window) else 0


def _same_wall(records: Sequence[_Record], seen: Sequence[Entity], walls: dict[int, int]) -> NDArray[np.bool_]:
    same = [[record.wall == _wall_of(entity, walls) for entity in seen] for record in records]
    return np.array(same, dtype=bool).reshape(len(records), len(seen))


def _vote(record: _Record, entity: Entity) -> None:
    """A box changes its label only when another one was clearly more frequent of late."""
    if isinstance(entity, Box):
        record.votes = {label: 0.8 * weight for label, weight in record.votes.items() if weight > 1e-3}
        record.votes[entity.label] = record.votes.get(entity.label, 0.0) + 1.0


def _label(record: _Record, present: str) -> str:
    best = max(sorted(record.votes), key=lambda label: record.votes[label])
    return best if record.votes[best] > 1.5 * record.votes.get(present, 0.0) else present


def _is_replaced(entity: Entity, found: Sequence[Entity]) -> bool:
    """Whether entities of this layout stand where a missed one stood: two walls became one, a door a window."""
    if isinstance(entity, Wall):
        return covered_by(entity, [e for e in found if isinstance(e, Wall)])
    if isinstance(entity, Box):
        return any(fills_the_same_place(entity, e) for e in found if isinstance(e, Box))
    return any(overlap_in_wall(entity, e) for e in found if isinstance(e, Door | Window))


def _stood_beside(found: _Record, missed: _Record) -> bool:
    """Whether a box was found with the one that is missed now, and so does not stand in its place: parts of a corner sofa."""
    return found.kind == "bbox" and found.since <= missed.turn


def _outcome(record: _Record, walls: dict[int, Wall]) -> Entity:
    """The entity to show, under its stable id; openings sit on the line of their wall as it is shown."""
    entity = record.state.shown
    if isinstance(entity, Box):
        record.label = _label(record, record.label)
        return replace(entity, id=record.id, label=record.label)
    if isinstance(entity, Wall):
        return replace(entity, id=record.id)
    return replace(entity, id=record.id, wall_id=record.wall, center=_seated(entity, walls[record.wall]))


def _seated(opening: Door | Window, wall: Wall) -> Vec3:
    """The centre of an opening moved onto the base line of its wall; left alone where it is far off."""
    start, step = np.asarray(wall.start[:2]), np.subtract(wall.end[:2], wall.start[:2])
    length = float(np.linalg.norm(step))
    if length < 1e-6:
        return opening.center
    place = float((np.asarray(opening.center[:2]) - start) @ step) / length
    x, y = start + step / length * min(max(place, 0.0), length)
    return (
        vec3((x, y, opening.center[2]))
        if np.hypot(x - opening.center[0], y - opening.center[1]) < _SEAT
        else opening.center
    )
