"""Where installed packages are looked for."""

from __future__ import annotations

import os

from .constants import AMENT_PREFIX_PATH_ENV_VAR


def get_search_paths() -> list[str]:
    """Return the existing folders of ``AMENT_PREFIX_PATH``, in order; none when it is not set."""
    paths = os.environ.get(AMENT_PREFIX_PATH_ENV_VAR, "").split(os.pathsep)
    return [path for path in paths if path and os.path.exists(path)]
