"""Output files that are whole or absent: everything is written to a temporary name in the same folder, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spatial_perception.errors import OutputError


def atomic_write(path: str | os.PathLike[str], data: bytes | str) -> Path:
    """Write `data` (text as UTF-8, newlines as given) to `path` in one step and return the path.

    Missing parent folders are made. Raises OutputError where the file cannot be written; an older file then stays
    as it was.
    """
    target = Path(path)
    try:
        content = data.encode("utf-8") if isinstance(data, str) else data
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{target}: the text cannot be written as UTF-8 ({error.reason}); remove the broken characters"
        ) from error
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
    return target


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`, with its suffix, that becomes `path` when the block ends without an exception.

    For writers that want a file name (matplotlib, rerun, numpy). An exception in the block removes the temporary
    file and passes on; OSError becomes OutputError.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem}.{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")
    try:
        _prepare(target)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); check the folder and its permissions"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _prepare(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise OutputError(f"{target}: is a folder or a device, not a file; give a file name")
    target.parent.mkdir(parents=True, exist_ok=True)
