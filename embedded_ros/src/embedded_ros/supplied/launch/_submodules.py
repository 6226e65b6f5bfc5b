"""Submodules by the names of the genuine packages, which keep each class in a module of its own.

``from launch.substitutions.launch_configuration import LaunchConfiguration`` is what editors write; here it finds the
module that holds all substitutions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def register_submodules(module: str, classes: Iterable[str]) -> None:
    """Make ``<module>.<class_in_snake_case>`` importable for every class; real submodules keep their names."""
    for name in classes:
        if name[0].isupper():
            sys.modules.setdefault(f"{module}.{_WORD_START.sub('_', name).lower()}", sys.modules[module])
