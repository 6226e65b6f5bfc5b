"""Time and memory of the SpatialLM 1.1 point encoder at its published size, against a straightforward version of it.

Both encode the voxels of one furnished room (25 mm) with the same random weights in float32. The straightforward version
is what the formulas say, written down: all attention scores of a stage at once, all 27 neighbours of every voxel gathered
with zeros where there are none. Each runs in a process of its own, so that peak memory is its own.

Usage: python benchmarks/encoder.py [--voxels 100000] [--runs 2] [--rounds 2] [--threads 0] [--tiny]
The figures to hold: at least 1.3 times faster than the straightforward version, at most 4 GB in all, same tokens to 1e-4.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spatial_perception.models.layers.point_attention import PatchAttention, PatchOrder
from spatial_perception.models.layers.sparse_conv import KernelMap
from spatial_perception.models.spatiallm.config import SonataConfig
from spatial_perception.models.spatiallm.sonata import SonataEncoder, SubmanifoldConv
from spatial_perception.pointcloud.sampling import grid_sample

TINY = SonataConfig(
    enc_depths=(1, 1, 1, 1, 1), enc_channels=(16,) * 5, enc_num_head=(1,) * 5, enc_patch_size=(64,) * 5, mlp_ratio=2
)


def room_tensor(voxels: int) -> np.ndarray:
    """About `voxels` rows (N, 9) of a room with furniture: its six faces and boxes that stand in it."""
    rng = np.random.default_rng(0)
    shape, faces = np.array([1.35, 1.15, 1.0]), []
    edge = 0.025 * np.sqrt(voxels / 7.6)  # the shell has 6.7 edge^2, furniture the rest
    solids = [(0.5 * shape, shape)] + [
        (rng.uniform(0.2, 0.8, 3) * shape * [1, 1, 0.3], rng.uniform(0.1, 0.35, 3)) for _ in range(6)
    ]
    for center, size in solids:
        for axis in range(3):
            for side in (-0.5, 0.5):
                count = int(9 * voxels * np.prod(np.delete(size, axis)) / 7.6)
                face = rng.uniform(-0.5, 0.5, (count, 3))
                face[:, axis] = side
                faces.append(edge * (center + face * size))
    xyz = np.concatenate(faces)
    return grid_sample(xyz - xyz.min(axis=0), rng.integers(0, 256, xyz.shape, dtype=np.uint8), 1280)[:voxels]


def plain_attention(layer: PatchAttention, feat: Tensor, order: PatchOrder) -> Tensor:
    """Softmax attention as its formula says, all patches at once."""
    patches, patch = order.gather.shape
    qkv = layer.qkv(feat)[order.gather].view(patches, patch, 3, layer.heads, -1)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    scores = (query @ key.transpose(-1, -2)) * query.shape[-1] ** -0.5
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(patches * patch, -1)
    return layer.proj(mixed[order.slot])


def plain_conv(layer: SubmanifoldConv, feat: Tensor, kernel_map: KernelMap) -> Tensor:
    """All neighbours side by side, zeros where there are none, times all weights."""
    neighbours = torch.full((27, len(feat)), len(feat))
    for offset, (source, target) in enumerate(zip(kernel_map.sources, kernel_map.targets)):
        neighbours[offset, target] = source
    padded = torch.cat([feat, feat.new_zeros(1, feat.shape[1])])
    gathered = padded[neighbours.T].flatten(1)
    return gathered @ layer.weight.flatten(1, 3).permute(1, 2, 0).flatten(0, 1) + layer.bias


def measure(plain: bool, tensor: np.ndarray, runs: int, config: SonataConfig) -> dict[str, object]:
    """Seconds of the best run, peak memory (GB) of the process, and the tokens (P, E)."""
    torch.manual_seed(0)
    encoder = SonataEncoder(config).eval()
    if plain:
        PatchAttention.forward = plain_attention  # type: ignore[method-assign]
        SubmanifoldConv.forward = plain_conv  # type: ignore[method-assign]
    grid, feat = torch.tensor(tensor[:, :3]).int(), torch.tensor(tensor[:, 3:]).float()
    seconds = []
    with torch.inference_mode():
        for _ in range(runs):
            started, used = time.perf_counter(), time.process_time()
            tokens = encoder(grid, feat)
            seconds.append((time.perf_counter() - started, time.process_time() - used))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    weights = sum(parameter.numel() for parameter in encoder.parameters())
    wall, processor = min(seconds)
    return {"wall": wall, "cpu": processor, "peak": peak, "weights": weights, "tokens": tokens.tolist()}


def in_process(arguments: argparse.Namespace, version: str) -> dict[str, object]:
    """Measure one version in a fresh interpreter."""
    command = [sys.executable, str(Path(__file__)), "--version", version, "--voxels", str(arguments.voxels)]
    command += ["--runs", str(arguments.runs), "--threads", str(arguments.threads), *["--tiny"][: arguments.tiny]]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print both versions, their ratio, and how far their tokens are apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxels", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--version", choices=("ours", "plain"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.version:
        config = TINY if arguments.tiny else SonataConfig()
        result = measure(arguments.version == "plain", room_tensor(arguments.voxels), arguments.runs, config)
        print(json.dumps(result))
        return
    # in turn, so that a busy spell of the machine hits both
    rounds = [(in_process(arguments, "ours"), in_process(arguments, "plain")) for _ in range(arguments.rounds)]
    ours, plain = (min(results, key=lambda result: result["wall"]) for results in zip(*rounds))
    print(
        f"{len(room_tensor(arguments.voxels)):,} voxels, {ours['weights'] / 1e6:.1f} M weights, {torch.get_num_threads()} threads"
    )  # type: ignore[operator]
    for name, result in (("ours", ours), ("straightforward", plain)):
        print(f"{name:16} {result['wall']:6.2f} s ({result['cpu']:.2f} s CPU), peak {result['peak']:.2f} GB")
    apart = np.abs(np.array(ours["tokens"]) - np.array(plain["tokens"])).max()
    ratio = plain["wall"] / ours["wall"]  # type: ignore[operator]
    print(f"{ratio:.2f} times faster; {len(ours['tokens'])} tokens agree to {apart:.1e}")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
