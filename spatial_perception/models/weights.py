"""Checkpoints: a local directory or a Hugging Face hub id, safetensors only, checked before anything is used."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spatial_perception.errors import EstimatorError, MissingExtraError

_LOG = logging.getLogger(__name__)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
_PATTERNS = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "README.md", "LICENSE*")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_BROKEN_OFF = ("ChunkedEncodingError", "IncompleteRead", "ProtocolError", "ReadError", "RemoteProtocolError")
_ATTEMPTS = 5
_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_SHOWN = 8
_LICENCE = re.compile(r"^license:[ \t]*(\S.*)$", re.MULTILINE)
_FREE = (
    "apache-2.0",
    "mit",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-4.0",
)  # nothing that a user must heed at work
_announced: set[str] = set()

Shapes = Mapping[str, tuple[int, ...]]


def resolve_checkpoint(name: str | Path, revision: str | None = None, offline: bool = False) -> Path:
    """The directory of a checkpoint: `name` itself if it is one, else the hub repository of that id.

    A copy that was downloaded before is used without asking the network; else the hub client downloads with a progress
    bar and resumes broken downloads. `revision` (branch, tag or commit) pins the version. Raises EstimatorError.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if not _HUB_ID.fullmatch(str(name)):
        raise EstimatorError(f"no checkpoint at {name}: neither a directory nor a hub id such as owner/name")
    return _from_hub(str(name), revision, offline)


def _from_hub(name: str, revision: str | None, offline: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError("huggingface_hub is not installed; pip install 'spatial_perception[models]'") from error
    keywords: dict[str, Any] = {"revision": revision, "allow_patterns": list(_PATTERNS)}
    try:
        local = Path(snapshot_download(name, local_files_only=True, **keywords))
        if _is_complete(local):
            return local
    except (OSError, ValueError) as error:
        _LOG.debug("%s is not in the local cache: %s", name, error)
    if offline:
        raise EstimatorError(f"{name} is not in the local cache; download it once with a network, or give a directory")
    return _download(snapshot_download, name, keywords)


def _download(snapshot_download: Any, name: str, keywords: Mapping[str, Any], attempts: int = _ATTEMPTS) -> Path:
    """A snapshot; where a connection breaks in the middle of a file, the hub client goes on from there when asked again."""
    try:
        return Path(snapshot_download(name, **keywords))
    except Exception as error:  # the hub client raises many unrelated types: HTTP, OS, validation
        if attempts > 1 and type(error).__name__ in _BROKEN_OFF:
            _LOG.warning("the download of %s broke off; it goes on where it stopped", name)
            return _download(snapshot_download, name, keywords, attempts - 1)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EstimatorError(
            f"cannot download {name} ({reason}); check the id and the network, or give a directory"
        ) from error


def _is_complete(directory: Path) -> bool:
    try:
        return (directory / "config.json").is_file() and all(path.is_file() for path in weight_files(directory))
    except EstimatorError:
        return False


def weight_files(directory: Path) -> list[Path]:
    """The safetensors files of a checkpoint, single or sharded; raises EstimatorError for pickles or nothing."""
    index = directory / _INDEX
    if index.is_file():
        return [directory / name for name in sorted(set(_weight_map(index).values()))]
    if (directory / _SINGLE).is_file():
        return [directory / _SINGLE]
    pickles = sorted(path.name for pattern in _PICKLES for path in directory.glob(pattern))
    if pickles:
        raise EstimatorError(
            f"{directory} holds only {pickles[0]}, which can run code when it is read; convert it to safetensors first"
        )
    raise EstimatorError(f"{directory} has neither {_SINGLE} nor {_INDEX}; is it a checkpoint directory?")


def _weight_map(index: Path) -> dict[str, str]:
    try:
        weight_map = dict(json.loads(index.read_text(encoding="utf-8"))["weight_map"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EstimatorError(f"cannot read {index} ({error}); download the checkpoint again") from error
    for name in weight_map.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise EstimatorError(f"{index} names {name!r}, which is not a safetensors file beside it")
    return weight_map


def verify_sha256(directory: Path, expected: Mapping[str, str]) -> None:
    """Compare files of a checkpoint with known SHA-256 digests (file name to hex); raises EstimatorError on a mismatch."""
    for name, digest in expected.items():
        path = directory / name
        if not path.is_file():
            raise EstimatorError(f"{path} is missing, but a SHA-256 is pinned for it")
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256") if hasattr(hashlib, "file_digest") else _digest(stream)
        if found.hexdigest() != digest.lower():
            raise EstimatorError(f"{path} has SHA-256 {found.hexdigest()}, expected {digest}; download it again")


def _digest(stream: Any) -> Any:
    state = hashlib.sha256()
    while chunk := stream.read(2**20):
        state.update(chunk)
    return state


class Checkpoint:
    """The tensors of a directory, opened without reading them. Use as a context manager."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stack = ExitStack()
        self._files: dict[str, Any] = {}

    def __enter__(self) -> Checkpoint:
        from safetensors import SafetensorError, safe_open

        for path in weight_files(self.directory):
            try:
                handle = self._stack.enter_context(safe_open(str(path), framework="pt"))
            except (OSError, SafetensorError) as error:
                self._stack.close()
                raise EstimatorError(f"cannot read {path} ({error}); download the checkpoint again") from error
            self._files.update(dict.fromkeys(handle.keys(), handle))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name to shape of every tensor, from the file headers."""
        return {name: tuple(handle.get_slice(name).get_shape()) for name, handle in self._files.items()}

    def tensor(self, name: str) -> Tensor:
        """One tensor, read now."""
        return self._files[name].get_tensor(name)


def key_differences(expected: Shapes, found: Shapes) -> list[str]:
    """Lines that say what is missing, extra or of another shape; empty if the two agree."""
    missing = [f"missing {name} {list(expected[name])}" for name in expected if name not in found]
    extra = [f"extra {name} {list(found[name])}" for name in found if name not in expected]
    misshapen = [
        f"{name} is {list(found[name])}, expected {list(shape)}"
        for name, shape in expected.items()
        if name in found and tuple(found[name]) != tuple(shape)
    ]
    return [line for group in (missing, extra, misshapen) for line in _shortened(group)]


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _SHOWN:
        return lines
    return [*lines[:_SHOWN], f"... and {len(lines) - _SHOWN} more like the last"]


def check_keys(expected: Shapes, found: Shapes, where: object, optional: Iterable[str] = ()) -> None:
    """Raise EstimatorError with a readable difference unless names and shapes agree.

    Names in `optional` may be absent from `found` (a tied output layer).
    """
    skipped = {name for name in optional if name not in found}
    lines = key_differences({name: shape for name, shape in expected.items() if name not in skipped}, found)
    if lines:
        raise EstimatorError(f"{where} does not fit its config.json: {'; '.join(lines)}")


def announce_licence(name: str, directory: Path, fallback: str) -> None:
    """Say once per process under which licence the weights of `name` may be used, louder where it is not a free one.

    The licence is what the head of the checkpoint's README.md declares; without one, `fallback` says what is usual.
    """
    if name not in _announced:
        _announced.add(name)
        declared = _declared_licence(directory / "README.md")
        level = logging.INFO if declared in _FREE else logging.WARNING
        _LOG.log(level, "weights of %s: licence %s", name, declared or f"not declared; usually {fallback}")


def _declared_licence(readme: Path) -> str | None:
    """The `license:` entry of the block between `---` lines at the top of a model card."""
    try:
        head = readme.read_text(encoding="utf-8", errors="replace").split("---", 2)
    except OSError:
        return None
    found = _LICENCE.search(head[1]) if len(head) == 3 and not head[0].strip() else None
    return found[1].strip() if found else None


def resolve_device(device: str | torch.device | None) -> torch.device:
    """A torch device; None or "auto" picks CUDA, then Apple's MPS, then the CPU. Raises EstimatorError if it is absent."""
    name = str(device or "auto")
    if name == "auto":
        mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise EstimatorError(f"device {name!r} cannot be used ({reason}); try device='cpu'") from error
    return torch.device(name)


def resolve_dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    """A floating-point dtype; None or "auto" means bfloat16 on CUDA and float32 elsewhere."""
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype in (None, "auto"):
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    found = getattr(torch, str(dtype), None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise EstimatorError(f"unknown dtype {dtype!r}; use float32, bfloat16 or float16")
    return found
