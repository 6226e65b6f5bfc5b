"""Both encoders against second implementations that follow the formulas voxel by voxel, with other shapes each time."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch.nn import functional

from spatial_perception.models.spatiallm.config import SceneScriptConfig, SonataConfig
from spatial_perception.models.spatiallm.scenescript import SceneScriptEncoder
from spatial_perception.models.spatiallm.sonata import SonataEncoder


def random_voxels(seed, extent, share):
    generator = torch.Generator().manual_seed(seed)
    grid = torch.nonzero(torch.rand(extent, generator=generator) < share).int()
    grid = grid[torch.randperm(len(grid), generator=generator)]
    return grid, torch.randn(len(grid), 6, generator=generator)


def hilbert_index(point, depth):
    """Skilling's transform on one point, bit by bit, as he printed it."""
    axes = list(point)
    bit = 1 << (depth - 1)
    while bit:
        low = bit - 1
        for dim in range(3):
            if axes[dim] & bit:
                axes[0] ^= low
            else:
                swap = (axes[0] ^ axes[dim]) & low
                axes[0] ^= swap
                axes[dim] ^= swap
        bit >>= 1
    gray = [(axis >> k) & 1 for k in range(depth - 1, -1, -1) for axis in axes]
    code, last = 0, 0
    for value in gray:
        last ^= value
        code = 2 * code + last
    return code


def morton_index(point, depth):
    return sum(((point[dim] >> k) & 1) << (3 * k + 2 - dim) for k in range(depth) for dim in range(3))


def visiting_order(grid, curve):
    depth = (max(max(point) for point in grid) + 1).bit_length()
    index = morton_index if curve.startswith("z") else hilbert_index
    places = [(y, x, z) if curve.endswith("trans") else (x, y, z) for x, y, z in grid]
    return sorted(range(len(grid)), key=lambda k: index(places[k], depth))


def patches_of(order, size):
    """Lists of (point, counts): the last patch borrows from the one before."""
    count = len(order)
    if count <= size:
        return [[(point, True) for point in order]]
    rows = [[(point, True) for point in order[k : k + size]] for k in range(0, count, size)]
    missing = size - len(rows[-1])
    rows[-1] += [(point, False) for point, _ in rows[-2][size - missing :]] if missing else []
    return rows


def slow_attention(layer, feat, order, size):
    width = feat.shape[1] // layer.heads
    query, key, value = layer.qkv(feat).view(len(feat), 3, layer.heads, width).unbind(1)
    out = torch.empty_like(feat)
    for row in patches_of(order, size):
        members = [point for point, _ in row]
        for point, counts in row:
            if counts:
                scores = torch.stack([(query[point] * key[other]).sum(1) for other in members]) / math.sqrt(width)
                out[point] = (scores.softmax(0)[..., None] * value[members]).sum(0).flatten()
    return layer.proj(out)


def slow_conv(layer, feat, grid):
    rank = {point: k for k, point in enumerate(grid)}
    out = layer.bias.repeat(len(grid), 1)
    for row, point in enumerate(grid):
        for i, j, k in product(range(3), repeat=3):
            other = rank.get((point[0] + i - 1, point[1] + j - 1, point[2] + k - 1))
            if other is not None:
                out[row] += layer.weight[:, i, j, k, :] @ feat[other]
    return out


def slow_block(block, feat, grid, order, size):
    conv, linear, norm = block.cpe
    feat = feat + norm(linear(slow_conv(conv, feat, grid)))
    feat = feat + slow_attention(block.attn, block.norm1[0](feat), order, size)
    mlp = block.mlp[0]
    return feat + mlp.fc2(functional.gelu(mlp.fc1(block.norm2[0](feat))))


def slow_pooling(down, feat, grid, stride):
    children = {}
    for row, point in enumerate(grid):
        children.setdefault(tuple(c // stride for c in point), []).append(row)
    parents = sorted(children)
    projected = down.proj(feat)
    pooled = torch.stack([projected[children[parent]].max(0).values for parent in parents])
    return functional.gelu(down.norm[0](pooled)), parents


def slow_fourier(place):
    waves = [place]
    for frequency in torch.linspace(1, 30, 10):
        waves += [torch.sin(math.pi * frequency * place), torch.cos(math.pi * frequency * place)]
    return torch.cat(waves)


def slow_sonata(encoder, grid, feat):
    config = encoder.config
    grid = [tuple(point) for point in grid.tolist()]
    feat = functional.gelu(encoder.embedding["stem"].norm(encoder.embedding["stem"].linear(feat)))
    for stage, depth in enumerate(config.enc_depths):
        modules = encoder.enc[f"enc{stage}"]
        if stage:
            feat, grid = slow_pooling(modules["down"], feat, grid, config.stride[stage - 1])
        for number in range(depth):
            order = visiting_order(grid, config.order[number % len(config.order)])
            feat = slow_block(modules[f"block{number}"], feat, grid, order, config.enc_patch_size[stage])
    last = config.num_bins // 2 ** (len(config.enc_depths) - 1) - 1
    waves = torch.stack([slow_fourier(torch.tensor(point) / last) for point in grid])
    return encoder.input_proj(torch.cat([feat, waves], dim=1))


SONATAS = (
    SonataConfig(
        order=("hilbert", "z-trans"), enc_depths=(1, 2, 1, 1, 1), enc_channels=(8, 8, 16, 16, 24),
        enc_num_head=(2, 1, 4, 2, 3), enc_patch_size=(16, 8, 5, 4, 4), num_bins=640,
    ),
    SonataConfig(
        order=("z",), enc_depths=(2, 1, 1, 2, 1), enc_channels=(4, 12, 8, 8, 8), enc_num_head=(1, 3, 2, 1, 2),
        enc_patch_size=(7, 1024, 9, 3, 2), mlp_ratio=2, num_bins=1280,
    ),
    SonataConfig(
        order=("hilbert-trans", "z", "hilbert"), enc_depths=(3, 1, 3, 1, 1), enc_channels=(6, 6, 6, 6, 6),
        enc_num_head=(3, 2, 1, 6, 3), enc_patch_size=(12, 12, 12, 12, 12), num_bins=320,
    ),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(len(SONATAS)))
@torch.no_grad()
def test_sonata_equals_a_second_implementation(seed):
    torch.manual_seed(seed)
    encoder = SonataEncoder(SONATAS[seed]).eval()
    grid, feat = random_voxels(seed, ((40, 9, 5), (7, 30, 6), (11, 12, 13))[seed], 0.06)
    assert torch.allclose(encoder(grid, feat), slow_sonata(encoder, grid, feat), atol=1e-5)


def dense_unit(unit, volume, mask):
    """A convolution on the whole grid, normalisation over its occupied cells only."""
    conv, norm = unit
    width, stride = conv.width, 1 if conv.width % 2 else 2
    weight = conv.kernel.unflatten(0, (width,) * 3).permute(4, 3, 0, 1, 2)
    weight = weight.permute(0, 1, 4, 3, 2) if stride == 1 else weight
    volume = functional.conv3d(volume[None], weight, stride=stride, padding=width // 2 if stride == 1 else 0)[0]
    if stride == 2:
        mask = functional.max_pool3d(mask[None].float(), 2)[0].bool()
    groups = volume[:, mask[0]].unflatten(0, (norm.num_groups, -1))
    mean, var = groups.mean((1, 2), keepdim=True), groups.var((1, 2), keepdim=True, unbiased=False)
    normed = ((groups - mean) / (var + norm.eps).sqrt()).flatten(0, 1) * norm.weight[:, None] + norm.bias[:, None]
    out = torch.zeros_like(volume)
    out[:, mask[0]] = normed.relu()
    return out, mask


def dense_residual(block, volume, mask):
    return volume + dense_unit(block.block1, dense_unit(block.block0, volume, mask)[0], mask)[0]


def dense_scenescript(encoder, grid, feat):
    net, extent = encoder.sparse_resnet, (grid.amax(0) + 1).tolist()
    volume, mask = torch.zeros(feat.shape[1], *extent), torch.zeros(1, *extent, dtype=torch.bool)
    places = grid.long().unbind(1)
    volume[(slice(None), *places)] = feat.T
    mask[(0, *places)] = True
    volume, mask = dense_unit(net.stem[0], volume, mask)
    volume = dense_residual(net.stem[1], volume, mask)
    for down, *blocks in net.blocks:
        # the next level ends where its last occupied cell is
        volume, mask = dense_unit(down, volume, mask)
        last = torch.nonzero(mask[0]).amax(0) + 1
        volume, mask = (item[:, : last[0], : last[1], : last[2]] for item in (volume, mask))
        for block in blocks:
            volume = dense_residual(block, volume, mask)
    cells = torch.nonzero(mask[0])
    tokens = net.bottleneck(volume[:, mask[0]].T)
    last = encoder.config.num_bins / 2 ** len(net.blocks) - 1
    waves = torch.stack([slow_fourier(cell / last) for cell in cells])
    return encoder.input_proj(torch.cat([tokens, waves], dim=1)) + encoder.extra_embedding


@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_scenescript_equals_dense_convolutions(seed):
    torch.manual_seed(seed)
    layers = ((8, 16, 8), (4, 8, 8, 16), (16, 8))[seed]
    encoder = SceneScriptEncoder(SceneScriptConfig(embed_channels=16, conv_layers=layers, num_bins=640)).eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    grid, feat = random_voxels(seed, ((17, 12, 9), (23, 16, 18), (6, 31, 8))[seed], 0.2)
    assert torch.allclose(encoder(grid, feat), dense_scenescript(encoder, grid, feat), atol=2e-4, rtol=1e-4)
