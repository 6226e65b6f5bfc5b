"""Settings from files and overrides."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from spatial_perception.configuration import StrictModel, describe, load_settings, parse_override
from spatial_perception.errors import ConfigError


class Inner(StrictModel):
    length: float = Field(1.0, ge=0, description="How long (m).")


class Outer(StrictModel):
    name: str = "a"
    count: int = 3
    walls: Inner = Inner()
    maybe: Inner | None = None


class Open(BaseModel):
    """A model that would ignore unknown keys by itself."""

    voxel: float = 0.1


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "c.yaml").write_bytes(data)
        return "c.yaml"

    return make


def test_defaults_file_and_overrides_in_this_order(write):
    path = write("\ufeffname: b\nwalls:\n  length: 2\n")
    assert load_settings(Outer) == Outer()
    assert load_settings(Outer, path) == Outer(name="b", walls=Inner(length=2))
    assert load_settings(Outer, path, ["walls.length=3", "maybe.length=4"]).walls.length == 3
    assert load_settings(Outer, write(""), ["count=7"]).count == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: a\ncuont: 4\n", "c.yaml:2: unknown setting 'cuont'; did you mean 'count'?"),
        ("walls:\n  lenght: 4\n", "c.yaml:2: unknown setting 'walls.lenght'; did you mean 'length'?"),
        ("maybe: {x: 4}\n", "c.yaml:1: unknown setting 'maybe.x'; choose from length"),
        ("count: many\n", "c.yaml:1: setting 'count' = 'many': input should be a valid integer"),
        ("count: x\nwalls: {length: -1}\n", "(and 1 more)"),
        ("walls:\n  length: -1\n", "c.yaml:2: setting 'walls.length' = -1"),
        ("name: [a\n", "not valid YAML"),
        ("a: b: c\n", "c.yaml:1: not valid YAML"),
        ("- 1\n", "c.yaml: holds a list, not settings"),
        ("!!python/object/apply:os.system [ls]\n", "not valid YAML"),
        (b"name: \xff\n", "c.yaml: not UTF-8 text"),
        (b"x" * 1_000_001, "larger than"),
        ("name: " + "[" * 5000, "c.yaml"),
    ],
)
def test_every_fault_names_file_line_and_remedy(write, content, message):
    with pytest.raises(ConfigError) as caught:
        load_settings(Outer, write(content))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "count", "=3", "a..b=3", "name=[a", ".=1"])
def test_overrides_need_key_and_value(text):
    with pytest.raises(ConfigError):
        load_settings(Outer, None, [text])


def test_an_override_below_a_single_value_is_refused():
    with pytest.raises(ConfigError, match="single value"):
        load_settings(Outer, None, ["name=b", "name.x=1"])


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read"):
        load_settings(Outer, "gone.yaml")


def test_any_model_refuses_unknown_keys_here():
    with pytest.raises(ConfigError, match="did you mean 'voxel'"):
        load_settings(Open, None, ["voxl=1"])


def test_strict_models_are_strict_and_frozen():
    with pytest.raises(ValidationError):
        Outer(cuont=4)
    with pytest.raises(ValidationError):
        Outer().count = 4


def test_settings_describe_themselves():
    assert ("walls.length", "1.0", "How long (m).") in list(describe(Outer))


@given(st.text(max_size=60))
@settings(derandomize=True)
def test_any_override_is_read_or_refused(text):
    with contextlib.suppress(ConfigError):
        key, _ = parse_override(text)
        assert all(key)
