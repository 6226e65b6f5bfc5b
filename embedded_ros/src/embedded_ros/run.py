"""Find the executables of ROS packages and run those written in Python with this runtime in place.

``python -m embedded_ros.run script FILE | entry MODULE:FUNCTION | module MODULE  [ARGUMENTS]`` is what the commands
returned by ``find_executable`` call; it activates the runtime first and then hands over.
"""

from __future__ import annotations

import ast
import configparser
import importlib
import importlib.metadata
import os
import pathlib
import re
import runpy
import signal
import sys
from collections.abc import Iterator

from embedded_ros.executables import SUPPLIED_EXECUTABLES
from embedded_ros.packages import installed_spec, source_folder

_ENTRY = re.compile(r"^\s*([\w.\-]+)\s*=\s*([\w.]+\s*:\s*[\w.]+)\s*$")
_INTERRUPTED = 130  # as a shell reports the end by SIGINT
_SCRIPT_FOLDERS = ("scripts", "bin", "nodes")


class ExecutableNotFoundError(RuntimeError):
    """A package has no executable of that name."""


def find_executable(package: str, executable: str) -> list[str]:
    """Return the command that runs an executable of a package; arguments are to be appended.

    Order: ``lib/<package>/`` of the ament prefixes, ``scripts/`` of a source folder, entry points of installed or
    source packages, a Python module ``<package>.<executable>`` or ``<package>.nodes.<executable>``.
    Raises ExecutableNotFoundError, which lists what there is.
    """
    files, entries = _files(package), _entries(package)
    for name in (executable, executable + ".py"):
        if name in files:
            return _file_command(files[name])
    if executable in entries:
        return _python_command("entry", entries[executable])
    module = SUPPLIED_EXECUTABLES.get((package, executable)) or _module(package, executable)
    if module is not None:
        return _python_command("module", module)
    known = list_executables(package)
    listing = (
        f"it has {', '.join(known)}" if known else "none was found; is the package installed or on the package path?"
    )
    raise ExecutableNotFoundError(f"package {package!r} has no executable {executable!r}; {listing}")


def script_command(file: str) -> list[str]:
    """Return the command that runs a Python file; arguments are to be appended."""
    return _python_command("script", file)


def list_executables(package: str) -> list[str]:
    """Return the names of the executables of a package, sorted."""
    supplied = {name for owner, name in SUPPLIED_EXECUTABLES if owner == package}
    return sorted({*_files(package), *_entries(package), *supplied})


# ---------------------------------------------------------------------- files


def _files(package: str) -> dict[str, pathlib.Path]:
    """Return executable files by name; installed ones win over sources."""
    found: dict[str, pathlib.Path] = {}
    for folder in _executable_folders(package):
        if folder.is_dir():
            for entry in sorted(folder.iterdir()):
                if entry.is_file() and (os.access(entry, os.X_OK) or entry.suffix == ".py"):
                    found.setdefault(entry.name, entry)
    return found


def _executable_folders(package: str) -> Iterator[pathlib.Path]:
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        if prefix:
            yield pathlib.Path(prefix, "lib", package)
    source = source_folder(package)
    if source is not None:
        yield source / "lib" / package
        folders = (source / name for name in _SCRIPT_FOLDERS)
        yield from (folder for folder in folders if not (folder / "__init__.py").exists())  # modules are no scripts


def _file_command(file: pathlib.Path) -> list[str]:
    return _python_command("script", str(file)) if _is_python(file) else [str(file)]


def _is_python(file: pathlib.Path) -> bool:
    if file.suffix == ".py":
        return True
    with file.open("rb") as stream:
        first = stream.readline(200)
    return first.startswith(b"#!") and b"python" in first


def _python_command(kind: str, target: str) -> list[str]:
    return [sys.executable, "-m", "embedded_ros.run", kind, target]


# ---------------------------------------------------------------------- entry points


def _entries(package: str) -> dict[str, str]:
    """Return ``module:function`` by name: of the installed distribution, else of the source folder."""
    found: dict[str, str] = {}
    try:
        points = importlib.metadata.distribution(package).entry_points
    except importlib.metadata.PackageNotFoundError:
        points = ()
    for point in points:
        if point.group == "console_scripts":
            found[point.name] = point.value.replace(" ", "")
    source = source_folder(package)
    if source is not None:
        for text in _entry_texts(source):
            if match := _ENTRY.match(text):
                found.setdefault(match[1], match[2].replace(" ", ""))
    return found


def _entry_texts(folder: pathlib.Path) -> Iterator[str]:
    """Yield the lines ``name = module:function`` of ``setup.py`` and ``setup.cfg``; neither is executed."""
    setup = folder / "setup.py"
    if setup.is_file():
        try:
            tree = ast.parse(setup.read_text(encoding="utf-8"))
        except SyntaxError:
            return
        yield from (
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read(folder / "setup.cfg", encoding="utf-8")
    except configparser.Error:
        return
    yield from config.get("options.entry_points", "console_scripts", fallback="").splitlines()


def _module(package: str, executable: str) -> str | None:
    """Return the dotted name of a module that can serve as executable, looked up without importing anything."""
    spec = installed_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations or not executable.isidentifier():
        return None
    for parts in (("",), ("nodes",), ("ros", "nodes")):
        for location in spec.submodule_search_locations:
            folder = pathlib.Path(location, *parts)
            if (folder / f"{executable}.py").is_file():
                return ".".join([package, *(part for part in parts if part), executable])
    return None


# ---------------------------------------------------------------------- running


def main(argv: list[str] | None = None) -> int:
    """Activate the runtime and hand over to a script, an entry point or a module."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) < 2 or arguments[0] not in ("script", "entry", "module"):
        print(
            "usage: python -m embedded_ros.run script FILE | entry MODULE:FUNCTION | module MODULE [ARGUMENTS]",
            file=sys.stderr,
        )
        return 2
    import embedded_ros

    kind, target, *rest = arguments
    sys.argv = [target, *rest]
    _extend_path(kind, target)  # before the activation, which sees to plain folders that would hide supplied packages
    embedded_ros.activate()
    quiet = signal.getsignal(signal.SIGINT) is signal.SIG_DFL  # as the package sets it for its own tools
    try:
        if quiet:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return _hand_over(kind, target)
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        if quiet and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # the end of the interpreter is as quiet as its start


def _hand_over(kind: str, target: str) -> int:
    if kind == "entry":
        return _run_entry(target)
    if kind == "script":
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    return 0


def _extend_path(kind: str, target: str) -> None:
    """Make importable what a genuine installation would: the folder of a script, and the package it belongs to."""
    if kind == "script":
        file = pathlib.Path(target).resolve()
        folders = [file.parent.parent, file.parent]
    else:
        package = target.partition(":")[0].partition(".")[0]
        source = source_folder(package)
        folders = [source] if source is not None and (source / package).is_dir() else []
    sys.path[:0] = [str(folder) for folder in reversed(folders) if str(folder) not in sys.path]


def _run_entry(target: str) -> int:
    module, _, path = target.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    result = found()
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
