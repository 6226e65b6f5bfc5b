"""A bounded voxel map: the accumulated cloud of everything that a robot has seen and that is still there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError, CloudFileError
from spatial_perception.files import atomic_path
from spatial_perception.mapping.visibility import RangeImage
from spatial_perception.mapping.voxel_hash import Keys, VoxelHash, pack_keys, unpack_keys
from spatial_perception.pointcloud.cloud import PointCloud, Vec3

_FORMAT = 1
_REACH = 1 << 20


@dataclass(frozen=True)
class MapSettings:
    """Limits and rates of a `VoxelMap`.

    `voxel` is the edge in metres, `max_voxels` and `max_bytes` bound the map, `max_weight` caps the running mean so that
    a voxel follows slow change. A voxel seen through `decay_misses` times more often than hit goes; `decay_share` of the
    map is checked with each cloud, which bounds the cost.
    """

    voxel: float = 0.05
    max_voxels: int = 2_000_000
    max_bytes: int = 256 * 2**20
    max_weight: int = 32
    decay_misses: int = 3
    decay_share: float = 0.125


@dataclass(frozen=True)
class MapUpdate:
    """What one cloud did to the map: points used and dropped (not finite, out of reach), voxels added, removed, evicted."""

    used: int
    dropped: int
    added: int
    removed: int
    evicted: int


_FIELDS = {
    "offset": (np.float32, 3),
    "rgb": (np.float32, 3),
    "weight": (np.int32, 0),
    "misses": (np.int16, 0),
    "seen": (np.float64, 0),
}


def _local_index(cells: NDArray[np.int32]) -> NDArray[np.int64]:
    """One small integer per cell (N, 3), in the order of the packed keys: lexicographic within the cloud's bounds."""
    if not len(cells):
        return np.empty(0, dtype=np.int64)
    low = cells.min(axis=0)
    size = (cells.max(axis=0) - low).astype(np.int64) + 1
    x, y, z = (cells[:, axis] - low[axis] for axis in range(3))
    return (x * size[1] + y) * size[2] + z


def _stable_order(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """As `argsort(index, kind="stable")`; several times faster, since index and position mostly fit one integer."""
    bits = max(1, len(index).bit_length())
    if not len(index) or int(index.max()).bit_length() + bits > 63:
        return np.argsort(index, kind="stable")
    joined = (index << bits) | np.arange(len(index))
    joined.sort()
    return joined & ((1 << bits) - 1)


class VoxelMap:
    """Voxels with centroid, colour, hits and time last seen; constant memory once the cap is reached.

    Coordinates are metres in one fixed, gravity-aligned frame (`frame_id`). Deterministic: the same clouds in the same
    order give the same map, whatever the order of points within each cloud.
    """

    def __init__(self, settings: MapSettings | None = None, frame_id: str = "map") -> None:
        self.settings = settings or MapSettings()
        self.frame_id = frame_id
        per_voxel = 8 + sum(np.dtype(kind).itemsize * max(width, 1) for kind, width in _FIELDS.values()) + 64
        self.capacity = max(1024, min(self.settings.max_voxels, self.settings.max_bytes // per_voxel))
        self.clear()

    def clear(self) -> None:
        """Forget everything; `version` goes on counting, so that caches notice."""
        self.version = getattr(self, "version", -1) + 1
        self.stamp = 0.0
        self.has_colour = False
        self._count = 0
        self._cursor = 0
        self._hash = VoxelHash(min(self.capacity, 4096))
        self._hash_room = min(self.capacity, 4096)
        self._keys = np.empty(0, dtype=np.int64)
        self._data = {name: np.empty((0, width) if width else 0, dtype=kind) for name, (kind, width) in _FIELDS.items()}

    def __len__(self) -> int:
        return self._count

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
        touched, added, evicted = self._merge(*self._voxelise(xyz, rgb), cloud.stamp)
        removed = self._carve(RangeImage.of_points(xyz, sensor), touched) if sensor is not None and len(xyz) else 0
        self.stamp = max(self.stamp, cloud.stamp)
        self.has_colour = self.has_colour or rgb is not None
        self.version += 1
        return MapUpdate(len(xyz), dropped, added, removed, evicted)

    def to_cloud(self, min_hits: int = 1) -> PointCloud:
        """The centroids (and mean colours) of all voxels hit at least `min_hits` times, sorted by voxel."""
        used = np.flatnonzero(self._data["weight"][: self._count] >= min_hits)
        used = used[np.argsort(self._keys[used])]
        xyz = (unpack_keys(self._keys[used]) + 0.5) * self.settings.voxel + self._data["offset"][used]
        rgb = np.rint(self._data["rgb"][used]).astype(np.uint8) if self.has_colour else None
        return PointCloud(xyz.astype(np.float32), rgb, self.frame_id, self.stamp)

    def save(self, path: Path | str) -> None:
        """Write the map as .npz (atomically); `load` brings it back unchanged."""
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
            settings = settings or MapSettings(voxel=float(content["voxel"]))
            result = cls(settings, str(content["frame_id"]))
            result._restore(content)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise CloudFileError(f"{path}: not a voxel map ({error}); save one with VoxelMap.save") from error
        return result

    def _restore(self, content: dict[str, NDArray]) -> None:
        if int(content["format"]) != _FORMAT or float(content["voxel"]) != self.settings.voxel:
            raise ValueError(f"format {content['format']}, voxel {content['voxel']} m do not match")
        keys = content["keys"]
        self._reserve(len(keys))
        self._hash.insert(keys)
        self._keys[: len(keys)] = keys
        for name in _FIELDS:
            self._data[name][: len(keys)] = content[name]
        self._count, self.stamp, self.has_colour = len(keys), float(content["stamp"]), bool(content["has_colour"])

    def _usable(self, cloud: PointCloud) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None, int]:
        xyz = (
            cloud.xyz if cloud.origin == (0.0, 0.0, 0.0) else (cloud.xyz + np.asarray(cloud.origin)).astype(np.float32)
        )
        # A NaN fails the comparison, so one pass finds what is neither finite nor within reach of the keys.
        good = (np.abs(xyz) < _REACH * self.settings.voxel * 0.5).all(axis=1)
        dropped = len(xyz) - int(np.count_nonzero(good))
        if not dropped:
            return xyz, cloud.rgb, 0
        return xyz[good], None if cloud.rgb is None else cloud.rgb[good], dropped

    def _voxelise(
        self, xyz: NDArray[np.float32], rgb: NDArray[np.uint8] | None
    ) -> tuple[Keys, NDArray, NDArray | None, NDArray]:
        cells = np.floor(xyz * np.float32(1 / self.settings.voxel))
        inside = xyz - (cells + np.float32(0.5)) * np.float32(self.settings.voxel)
        local = _local_index(cells.astype(np.int32))
        order = _stable_order(local)
        starts = np.flatnonzero(np.diff(local[order], prepend=-1))
        counts = np.diff(starts, append=len(order))
        keys = pack_keys(cells[order[starts]].astype(np.int64))
        colours = None if rgb is None else self._mean(rgb[order], starts, counts)
        return keys, self._mean(inside[order], starts, counts), colours, counts

    @staticmethod
    def _mean(values: NDArray, starts: NDArray, counts: NDArray) -> NDArray[np.float32]:
        if not len(starts):
            return np.empty((0, 3), dtype=np.float32)
        sums = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
        return (sums / counts[:, None]).astype(np.float32)

    def _merge(
        self, keys: Keys, means: NDArray, colours: NDArray | None, counts: NDArray, stamp: float
    ) -> tuple[Keys, int, int]:
        slots = self._hash.find(keys)
        known = slots >= 0
        self._blend(slots[known], means[known], None if colours is None else colours[known], counts[known], stamp)
        fresh = np.flatnonzero(~known)
        evicted = self._make_room(len(fresh))
        fresh = fresh[: self.capacity - self._count]
        self._append(keys[fresh], means[fresh], None if colours is None else colours[fresh], counts[fresh], stamp)
        return keys, len(fresh), evicted

    def _blend(self, slots: NDArray, means: NDArray, colours: NDArray | None, counts: NDArray, stamp: float) -> None:
        data = self._data
        weight = data["weight"][slots]
        share = (counts / (weight + counts)).astype(np.float32)[:, None]
        data["offset"][slots] += share * (means - data["offset"][slots])
        if colours is not None:
            data["rgb"][slots] += share * (colours - data["rgb"][slots])
        data["weight"][slots] = np.minimum(weight + counts, self.settings.max_weight)
        data["misses"][slots] = 0
        data["seen"][slots] = stamp

    def _append(self, keys: Keys, means: NDArray, colours: NDArray | None, counts: NDArray, stamp: float) -> None:
        self._reserve(self._count + len(keys))
        slots = self._hash.insert(keys)
        self._keys[slots] = keys
        new = {
            "offset": means,
            "rgb": 0 if colours is None else colours,
            "misses": 0,
            "seen": stamp,
            "weight": np.minimum(counts, self.settings.max_weight),
        }
        for name, value in new.items():
            self._data[name][slots] = value
        self._count += len(keys)

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

    def _make_room(self, wanted: int) -> int:
        """Evict what was seen longest ago until `wanted` voxels fit with a tenth to spare; returns how many went."""
        excess = self._count + wanted - self.capacity
        if excess <= 0 or not self._count:
            return 0
        excess = min(self._count, excess + self.capacity // 10)
        order = np.lexsort(
            (self._keys[: self._count], self._data["weight"][: self._count], self._data["seen"][: self._count])
        )
        self._keep(np.sort(order[excess:]))
        return excess

    def _keep(self, slots: NDArray) -> None:
        """Compact the map to these slots (ascending)."""
        self._keys[: len(slots)] = self._keys[slots]
        for array in self._data.values():
            array[: len(slots)] = array[slots]
        self._count = len(slots)
        self._cursor = min(self._cursor, self._count)
        self._hash.rebuild(self._keys[: self._count])

    def _carve(self, image: RangeImage, touched: Keys) -> int:
        """Count a miss for every checked voxel that the rays passed through; remove those missed too often."""
        if not self._count:
            return 0
        share = max(1, int(self._count * self.settings.decay_share))
        slots = (self._cursor + np.arange(share)) % self._count
        self._cursor = int((slots[-1] + 1) % self._count)
        centres = (unpack_keys(self._keys[slots]) + 0.5) * self.settings.voxel
        through = slots[image.sees_through(centres.astype(np.float32), margin=3 * self.settings.voxel)]
        # `touched` is sorted: what this very cloud hit is there, whatever the neighbouring rays say.
        place = np.minimum(np.searchsorted(touched, self._keys[through]), len(touched) - 1)
        through = through[touched[place] != self._keys[through]]
        self._data["misses"][through] += 1
        gone = through[self._data["misses"][through] >= self.settings.decay_misses]
        if len(gone):
            stays = np.ones(self._count, dtype=bool)
            stays[gone] = False
            self._keep(np.flatnonzero(stays))
        return len(gone)
