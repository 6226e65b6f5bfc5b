"""A bounded voxel map: the accumulated cloud of everything that a robot has seen and that is still there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError, CloudFileError, ConfigError
from spatial_perception.files import atomic_path
from spatial_perception.layout.entities import vec3
from spatial_perception.mapping.binning import Bins, bin_points
from spatial_perception.mapping.surface_voxels import SurfaceVoxels, faded_slab
from spatial_perception.mapping.visibility import RangeImage
from spatial_perception.mapping.voxel_hash import Keys, VoxelHash, unpack_keys
from spatial_perception.pointcloud.cloud import PointCloud, Vec3
from spatial_perception.pointcloud.normals import estimate_normals

_FORMAT = 2
_MOST_HITS = 1 << 30
_FADE_EVERY = 2
"""Clouds between two looks for hits to halve."""
_REACH = 1 << 20


@dataclass(frozen=True)
class MapSettings:
    """Limits and rates of a `VoxelMap`.

    `voxel` is the edge in metres, `max_voxels` and `max_bytes` bound the map, `max_weight` caps the running mean so that
    a voxel follows slow change. A voxel seen through `decay_misses` times more often than hit goes; `decay_share` of the
    map is checked with each cloud, which bounds the cost. With `normals` each voxel remembers from where it was seen, so
    that `VoxelMap.normals` knows the outside of surfaces.
    """

    voxel: float = 0.05
    max_voxels: int = 2_000_000
    max_bytes: int = 256 * 2**20
    max_weight: int = 32
    decay_misses: int = 3
    decay_share: float = 0.125
    normals: bool = False

    def __post_init__(self) -> None:
        if not self.voxel > 0 or min(self.max_voxels, self.max_bytes, self.max_weight, self.decay_misses) < 1:
            raise ConfigError("a voxel map needs a positive voxel size and limits of at least 1")
        if not 0 <= self.decay_share <= 1:
            raise ConfigError(f"decay_share is a part of the map, 0 to 1, not {self.decay_share}")


@dataclass(frozen=True)
class MapUpdate:
    """What one cloud did to the map: points used and dropped (not finite, out of reach), voxels added, removed, evicted."""

    used: int
    dropped: int
    added: int
    removed: int
    evicted: int


_FIELDS: dict[str, tuple[type[np.generic], int]] = {
    "offset": (np.float32, 3),
    "rgb": (np.float32, 3),
    "hits": (np.int32, 0),
    "misses": (np.int16, 0),
    "seen": (np.float64, 0),
}
_NORMAL_FIELDS: dict[str, tuple[type[np.generic], int]] = {"view": (np.float32, 3)}


class VoxelMap:
    """Voxels with centroid, colour, hits and time last seen; constant memory once the cap is reached.

    Coordinates are metres in one fixed, gravity-aligned frame (`frame_id`). Deterministic: the same clouds in the same
    order give the same map, whatever the order of points within each cloud.
    """

    def __init__(self, settings: MapSettings | None = None, frame_id: str = "map") -> None:
        self.settings = settings or MapSettings()
        self.frame_id = frame_id
        self._fields = {**_FIELDS, **(_NORMAL_FIELDS if self.settings.normals else {})}
        per_voxel = 8 + sum(np.dtype(kind).itemsize * max(width, 1) for kind, width in self._fields.values()) + 64
        self.capacity = max(1024, min(self.settings.max_voxels, self.settings.max_bytes // per_voxel))
        self.clear()

    def clear(self) -> None:
        """Forget everything; `version` goes on counting, so that caches notice."""
        self.version = getattr(self, "version", -1) + 1
        self.stamp = 0.0
        self.has_colour = False
        self._count = 0
        # Removed voxels keep their slot, without hits, until it pays to compact the arrays.
        self._dead = 0
        self._cursor = 0
        self._hash = VoxelHash(min(self.capacity, 4096))
        self._hash_room = min(self.capacity, 4096)
        self._keys = np.empty(0, dtype=np.int64)
        self._data: dict[str, NDArray] = {
            name: np.empty((0, width) if width else 0, dtype=kind) for name, (kind, width) in self._fields.items()
        }

    def __len__(self) -> int:
        return self._count - self._dead

    @property
    def nbytes(self) -> int:
        """Bytes that the map occupies."""
        return self._hash.nbytes + self._keys.nbytes + sum(array.nbytes for array in self._data.values())

    def insert(self, cloud: PointCloud, sensor: Vec3 | None = None) -> MapUpdate:
        """Add a cloud given in the map's frame; with the `sensor` position (m), voxels that its rays passed through decay.

        Raises CloudError when the cloud names another frame.
        """
        if cloud.frame_id and self.frame_id and cloud.frame_id != self.frame_id:
            raise CloudError(f"cloud is in frame {cloud.frame_id!r}, the map in {self.frame_id!r}; transform it first")
        xyz, rgb, dropped = self._usable(cloud)
        bins = bin_points(xyz, rgb, self.settings.voxel)
        added, evicted = self._merge(bins, sensor, cloud.stamp)
        removed = self._carve(RangeImage.of_points(xyz, sensor), bins.keys) if sensor is not None and len(xyz) else 0
        if self.version % _FADE_EVERY == 0:
            self._fade(self.version // _FADE_EVERY)
        if self._dead > max(4096, self._count // 8):
            self._compact()
        self.stamp = max(self.stamp, cloud.stamp)
        self.has_colour = self.has_colour or rgb is not None
        self.version += 1
        return MapUpdate(len(xyz), dropped, added, removed, evicted)

    def to_cloud(self, min_hits: int = 1) -> PointCloud:
        """The centroids (and mean colours) of all voxels hit at least `min_hits` times, sorted by voxel."""
        return self.voxels(min_hits).cloud()

    def voxels(self, min_hits: int = 1) -> SurfaceVoxels:
        """A copy of all voxels hit at least `min_hits` times, as quick as a copy can be: the map may change after it."""
        used = np.flatnonzero(self._data["hits"][: self._count] >= max(min_hits, 1))
        rgb = self._data["rgb"][used] if self.has_colour else None
        return SurfaceVoxels(
            self._keys[used], self._data["offset"][used], rgb, self._data["hits"][used], self.settings.voxel,
            self.frame_id, self.stamp,
        )  # fmt: skip

    def normals(self, min_hits: int = 1, neighbours: int = 16) -> NDArray[np.float32]:
        """Unit normals (N, 3) of the points of `to_cloud(min_hits)`, pointing to where they were seen from.

        Raises ConfigError for a map without `MapSettings.normals`, CloudError for fewer than three voxels.
        """
        if not self.settings.normals:
            raise ConfigError("the map keeps no viewing directions; make it with MapSettings(normals=True)")
        xyz = self.to_cloud(min_hits).xyz
        return estimate_normals(xyz, neighbours, viewpoint=xyz + self._data["view"][self._hit(min_hits)]).vectors

    def bounds(self) -> tuple[Vec3, Vec3] | None:
        """Lowest and highest corner (m) of all voxels; None for an empty map."""
        if not len(self):
            return None
        cells = unpack_keys(self._keys[self._hit(1)])
        low, high = cells.min(axis=0) * self.settings.voxel, (cells.max(axis=0) + 1) * self.settings.voxel
        return vec3(low), vec3(high)

    def _hit(self, min_hits: int) -> NDArray[np.intp]:
        """Slots hit at least so often, ascending by voxel."""
        used = np.flatnonzero(self._data["hits"][: self._count] >= max(min_hits, 1))
        return used[np.argsort(self._keys[used])]

    def save(self, path: Path | str) -> None:
        """Write the map as .npz (atomically); `load` brings it back unchanged."""
        self._compact()
        arrays: dict[str, Any] = {name: array[: self._count] for name, array in self._data.items()}
        with atomic_path(Path(path)) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(
                stream,
                format=_FORMAT,
                keys=self._keys[: self._count],
                voxel=self.settings.voxel,
                stamp=self.stamp,
                has_colour=self.has_colour,
                frame_id=self.frame_id,
                **arrays,
            )

    @classmethod
    def load(cls, path: Path | str, settings: MapSettings | None = None) -> VoxelMap:
        """Read a saved map. Raises CloudFileError when the file is no map or has another voxel size than `settings`."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                content = {name: stored[name] for name in stored.files}
            settings = settings or MapSettings(voxel=float(content["voxel"]), normals="view" in content)
            result = cls(settings, str(content["frame_id"]))
            result._restore(content)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise CloudFileError(f"{path}: not a voxel map ({error}); save one with VoxelMap.save") from error
        return result

    def _restore(self, content: dict[str, NDArray]) -> None:
        if int(content["format"]) != _FORMAT or float(content["voxel"]) != self.settings.voxel:
            raise ValueError(f"format {content['format']}, voxel {content['voxel']} m do not match")
        if len(content["keys"]) > self.capacity:
            content = content | _newest(content, self.capacity, [*self._fields, "keys"])
        keys = content["keys"]
        self._reserve(len(keys))
        self._hash.insert(keys)
        self._keys[: len(keys)] = keys
        for name in self._fields:
            # Fields that the saved map did not keep stay zero.
            self._data[name][: len(keys)] = content[name] if name in _FIELDS else content.get(name, 0)
        self._count, self.stamp, self.has_colour = len(keys), float(content["stamp"]), bool(content["has_colour"])

    def _usable(self, cloud: PointCloud) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None, int]:
        xyz = (
            cloud.xyz if cloud.origin == (0.0, 0.0, 0.0) else (cloud.xyz + np.asarray(cloud.origin)).astype(np.float32)
        )
        # A NaN fails the comparison, so one pass finds what is neither finite nor within reach of the keys.
        near = np.abs(xyz) < np.float32(_REACH * self.settings.voxel * 0.5)
        if near.all():
            return xyz, cloud.rgb, 0
        good = near.all(axis=1)
        return xyz[good], None if cloud.rgb is None else cloud.rgb[good], len(xyz) - int(np.count_nonzero(good))

    def _measured(self, bins: Bins, sensor: Vec3 | None) -> dict[str, NDArray]:
        """The fields that are running means, as this cloud saw them."""
        measured: dict[str, NDArray] = {"offset": bins.offset}
        if bins.rgb is not None:
            measured["rgb"] = bins.rgb
        if self.settings.normals and sensor is not None:
            towards = np.asarray(sensor) - (unpack_keys(bins.keys) + 0.5) * self.settings.voxel
            length = np.linalg.norm(towards, axis=1, keepdims=True)
            measured["view"] = (towards / np.maximum(length, 1e-9)).astype(np.float32)
        return measured

    def _merge(self, bins: Bins, sensor: Vec3 | None, stamp: float) -> tuple[int, int]:
        measured = self._measured(bins, sensor)
        slots = self._hash.find(bins.keys)
        known = slots >= 0
        revived = int(np.count_nonzero(self._data["hits"][slots[known]] == 0)) if self._dead else 0
        self._dead -= revived
        self._blend(slots[known], {name: value[known] for name, value in measured.items()}, bins.counts[known], stamp)
        fresh = np.flatnonzero(~known)
        evicted = self._make_room(len(fresh))
        fresh = fresh[: self.capacity - self._count]
        self._append(
            bins.keys[fresh], {name: value[fresh] for name, value in measured.items()}, bins.counts[fresh], stamp
        )
        return len(fresh) + revived, evicted

    def _blend(self, slots: NDArray, measured: dict[str, NDArray], counts: NDArray, stamp: float) -> None:
        data = self._data
        hits = data["hits"][slots]
        weight = np.minimum(hits, self.settings.max_weight)
        share = (counts / (weight + counts)).astype(np.float32)[:, None]
        for name, value in measured.items():
            old = data[name][slots]
            data[name][slots] = old + share * (value - old)
        data["hits"][slots] = np.minimum(hits + counts, _MOST_HITS)
        data["misses"][slots] = 0
        data["seen"][slots] = stamp

    def _append(self, keys: Keys, measured: dict[str, NDArray], counts: NDArray, stamp: float) -> None:
        first = self._count
        self._reserve(first + len(keys))
        self._hash.insert(keys)
        self._count += len(keys)
        self._keys[first : self._count] = keys
        new = {"misses": 0, "seen": stamp, "hits": counts, **measured}
        for name, array in self._data.items():
            array[first : self._count] = new.get(name, 0)

    def _reserve(self, needed: int) -> None:
        """Grow arrays and table by doubling, never beyond the capacity."""
        if needed > len(self._keys):
            room = min(self.capacity, max(needed, 2 * len(self._keys), 4096))
            self._keys = self._grown(self._keys, room)
            self._data = {name: self._grown(array, room) for name, array in self._data.items()}
        if needed > self._hash_room:
            self._hash_room = min(self.capacity, max(needed, 2 * self._hash_room))
            self._hash = VoxelHash(self._hash_room)
            self._hash.insert(self._keys[: self._count])

    def _grown(self, array: NDArray, room: int) -> NDArray:
        larger = np.zeros((room, *array.shape[1:]), dtype=array.dtype)
        larger[: self._count] = array[: self._count]
        return larger

    def _fade(self, phase: int) -> None:
        """Halve hits where they are many; voxels of which nothing is left were noise, and go."""
        fading = faded_slab(self._keys[: self._count], self._data["hits"][: self._count], phase)
        self._data["hits"][fading] >>= 1
        self._dead += int(np.count_nonzero(self._data["hits"][fading] == 0))

    def _make_room(self, wanted: int) -> int:
        """Evict what was seen longest ago until `wanted` voxels fit with a tenth to spare; returns how many went."""
        excess = self._count + wanted - self.capacity
        if excess <= 0 or not self._count:
            return 0
        if self._dead:
            self._compact()
            return self._make_room(wanted)
        excess = min(self._count, excess + self.capacity // 10)
        order = np.lexsort(
            (self._keys[: self._count], self._data["hits"][: self._count], self._data["seen"][: self._count])
        )
        self._keep(np.sort(order[excess:]))
        return excess

    def _compact(self) -> None:
        if self._dead:
            self._keep(np.flatnonzero(self._data["hits"][: self._count]))

    def _keep(self, slots: NDArray) -> None:
        """Hold only these slots (ascending)."""
        self._keys[: len(slots)] = self._keys[slots]
        for array in self._data.values():
            array[: len(slots)] = array[slots]
        self._count, self._dead = len(slots), 0
        self._cursor = min(self._cursor, self._count)
        self._hash.rebuild(self._keys[: self._count])

    def _carve(self, image: RangeImage, touched: Keys) -> int:
        """Count a miss for every checked voxel that the rays passed through; remove those missed too often."""
        if not self._count:
            return 0
        share = max(1, int(self._count * self.settings.decay_share))
        slots = (self._cursor + np.arange(share)) % self._count
        self._cursor = int((slots[-1] + 1) % self._count)
        slots = slots[self._data["hits"][slots] > 0]
        centres = (unpack_keys(self._keys[slots]) + 0.5) * self.settings.voxel
        through = slots[image.sees_through(centres.astype(np.float32), margin=3 * self.settings.voxel)]
        # `touched` is sorted: what this very cloud hit is there, whatever the neighbouring rays say.
        place = np.minimum(np.searchsorted(touched, self._keys[through]), len(touched) - 1)
        through = through[touched[place] != self._keys[through]]
        self._data["misses"][through] += 1
        gone = through[self._data["misses"][through] >= self.settings.decay_misses]
        self._data["hits"][gone] = 0
        self._dead += len(gone)
        return len(gone)


def _newest(content: dict[str, NDArray], count: int, names: list[str]) -> dict[str, NDArray]:
    """The rows of a saved map seen last, for a map with less room."""
    kept = np.sort(np.lexsort((content["keys"], content["hits"], content["seen"]))[-count:])
    return {name: content[name][kept] for name in names if name in content}
