"""The names of the packages for XML and YAML launch files are there and say that they are not supported."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize("kind", ["xml", "yaml"])
def test_launch_files_in_other_languages_are_refused_by_name(kind):
    sources = importlib.import_module(f"launch_{kind}.launch_description_sources")
    call = f"{kind.upper()}LaunchDescriptionSource"
    with pytest.raises(NotImplementedError, match=f"launch_{kind}.launch_description_sources.{call}"):
        getattr(sources, call)("some_launch_file")


def test_every_supplied_package_exists():
    from embedded_ros.finder import SUPPLIED_PACKAGES

    for name in SUPPLIED_PACKAGES:
        assert importlib.import_module(name).__name__ == name
