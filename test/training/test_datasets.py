from __future__ import annotations

import json

import pytest
from rooms_dataset import SENTENCE, write_rooms

from spatial_perception.errors import ConfigError, LayoutTextError
from spatial_perception.layout.text import format_layout
from spatial_perception.training.datasets import CLOUD_PLACE, Conversation, create_dataset, read_dataset


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooms")
    return folder, write_rooms(folder, (0, 1), validation=(2,), points=500)


def test_created_datasets_are_read_back(rooms):
    folder, truths = rooms
    train, validation = (read_dataset(folder, f"rooms_{part}") for part in ("train", "val"))
    assert [item.cloud.stem for item in (*train, *validation)] == ["room0", "room1", "room2"]
    for item in (*train, *validation):
        assert item.question.startswith(f"{CLOUD_PLACE}{SENTENCE} The reference code is as followed: @dataclass\n")
        assert format_layout(item.layout()) == format_layout(truths[item.cloud.stem])
        assert item.cloud.is_file()


def test_other_entries_are_kept(rooms):
    folder, _ = rooms
    assert create_dataset(folder, folder / "split.csv", "again", "code") == {"train": 2, "val": 1}
    assert set(json.loads((folder / "dataset_info.json").read_text())) == {
        "rooms_train", "rooms_val", "again_train", "again_val",
    }  # fmt: skip
    assert "Detect boxes." in read_dataset(folder, "again_val")[0].question


def test_alpaca_conversations(tmp_path):
    record = {"instruction": f"{CLOUD_PLACE}Detect boxes.", "input": "more", "output": "x", "point_clouds": ["a.ply"]}
    (tmp_path / "d.json").write_text(json.dumps([record]))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"d": {"file_name": "d.json"}}))
    (found,) = read_dataset(tmp_path, "d")
    assert found == Conversation(f"{CLOUD_PLACE}Detect boxes.\nmore", "x", tmp_path / "a.ply")
    with pytest.raises(LayoutTextError, match="layout_s"):
        found.layout()


@pytest.mark.parametrize(
    ("record", "entry", "message"),
    [
        ({}, {}, "not a sharegpt conversation"),
        ({"conversations": [], "point_clouds": ["a.ply"]}, {}, "one of human"),
        ("TWO", {}, "exactly one cloud"),
        ("NONE", {}, "exactly one cloud"),
        ({}, {"formatting": "parquet"}, "parquet"),
    ],
)
def test_wrong_records(tmp_path, record, entry, message):
    if isinstance(record, str):
        question = CLOUD_PLACE if record == "TWO" else "no place"
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": "x"}]
        record = {"conversations": turns, "point_clouds": ["a.ply"] * (2 if record == "TWO" else 1)}
    (tmp_path / "d.json").write_text(json.dumps([record]))
    info = {"d": {"file_name": "d.json", "formatting": "sharegpt", **entry}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(ConfigError, match=message):
        read_dataset(tmp_path, "d")


def test_missing_files_and_names(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_dataset(tmp_path, "d")
    (tmp_path / "dataset_info.json").write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        read_dataset(tmp_path, "d")
    (tmp_path / "dataset_info.json").write_text('{"e": {"file_name": "e.json"}}')
    (tmp_path / "e.json").write_text("[]")
    with pytest.raises(ConfigError, match="no dataset 'd'; it has: e"):
        read_dataset(tmp_path, "d")
    with pytest.raises(ConfigError, match="is empty"):
        read_dataset(tmp_path, "e")


@pytest.mark.parametrize(
    ("rows", "message"),
    [("id,split\nx,train", "no scene"), ("id,split\nx,tset", "'tset'"), ("name\nx", "no column"), (None, "be read")],
)
def test_wrong_splits(tmp_path, rows, message):
    if rows is not None:
        (tmp_path / "split.csv").write_text(rows)
    with pytest.raises(ConfigError, match=message):
        create_dataset(tmp_path, tmp_path / "split.csv", "d", "code")
