from __future__ import annotations

import json

import jsonschema
import pytest

from spatial_perception.errors import LayoutTextError
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.json import (
    dump_layout,
    layout_schema,
    layout_to_dict,
    load_layout,
    parse_json,
    write_json,
)

LAYOUT = Layout(
    walls=[Wall(0, (0, 0.1, 1 / 3), (4, 0, 0), 2.5, 0.1, score=0.9, support=1200)],
    doors=[Door(2, 0, (2, 0, 1), 0.9, 2)],
    windows=[Window(1, 0, (1, 0, 1.5), 1.2, 1)],
    boxes=[Box(0, "Tisch, groß (rund)", (1, 1, 0.3), -0.2, (2, 1, 0.6), score=0.5)],
    frame_id="map",
    stamp=12.25,
    provenance=Provenance("geometric", "0.1.0", "abc", "room.ply", ("up axis corrected",)),
)


def test_round_trip_is_exact(tmp_path):
    assert parse_json(dump_layout(LAYOUT)) == LAYOUT
    assert load_layout(write_json(LAYOUT, tmp_path / "room.json")) == LAYOUT
    assert parse_json(dump_layout(Layout(), indent=None)) == Layout()


def test_documents_satisfy_the_published_schema():
    schema = layout_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for layout in (LAYOUT, Layout()):
        jsonschema.validate(json.loads(dump_layout(layout)), schema)


def document(**changes: object) -> str:
    return json.dumps({"schema_version": "1.0"} | changes)


WALL = {"id": 0, "start": [0, 0, 0], "end": [4, 0, 0], "height": 2.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: not JSON"),
        ("[]", "the document must be an object"),
        ("{}", "the document has no 'schema_version'; add it"),
        (document(schema_version="2.0"), "schema_version is '2.0', this program reads 1.x"),
        (document(schema_version=1), "schema_version is 1, "),
        (document(wals=[]), "unknown key 'wals'; did you mean 'walls'?"),
        (document(walls=[WALL | {"heigth": 1}]), r"walls[0] has an unknown key 'heigth'; did you mean 'height'?"),
        (document(walls=[{"id": 0}]), "walls[0] has no 'start'; add it"),
        (document(walls=[WALL | {"height": "2"}]), "walls[0].height is '2'; give a number"),
        (document(walls=[WALL | {"height": True}]), "walls[0].height is True; give a number"),
        (document(walls=[WALL | {"id": 1.5}]), "walls[0].id is 1.5; give a whole number"),
        (document(walls=[WALL | {"start": [0, 0]}]), "walls[0].start is [0, 0]; give three numbers"),
        (document(walls=[WALL | {"start": [0, 0, None]}]), "walls[0].start[2] is None; give a number"),
        (document(walls=[WALL | {"score": "high"}]), "walls[0].score is 'high'; give a number"),
        (document(walls={}), "walls must be a list of objects"),
        (document(boxes=[3]), "boxes[0] must be an object"),
        (document(frame_id=3), "frame_id is 3; give text in quotes"),
        (document(provenance={"notes": "x"}), "provenance.notes must be a list"),
        (document(provenance={"author": "x"}), "provenance has an unknown key 'author'; choose from estimator"),
        ('{"schema_version": "1.0", "stamp": NaN}', "NaN is not a number of JSON"),
        ('{"schema_version": "1.0", "stamp": 1e999}', "stamp is too large"),
        ('{"schema_version": "1.0", "stamp": 1' + "0" * 400 + "}", "stamp is too large"),
        ('{"schema_version": "1.0", "schema_version": "1.0"}', "key 'schema_version' appears twice"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_faults_are_named(text, message):
    with pytest.raises(LayoutTextError) as caught:
        parse_json(text, source="room.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("room.json")
    assert "\n" not in str(caught.value)


def test_optional_values_may_be_absent_or_null():
    layout = parse_json(document(walls=[WALL | {"score": None, "support": 3}]))
    assert layout.walls == (Wall(0, (0, 0, 0), (4, 0, 0), 2.5, support=3),)
    assert "score" not in layout_to_dict(layout)["walls"][0]


def test_numbers_that_json_cannot_hold_are_not_written(tmp_path):
    with pytest.raises(LayoutTextError, match="NaN or an infinite number"):
        write_json(Layout(stamp=float("nan")), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_non_utf8_file(tmp_path):
    (tmp_path / "x.json").write_bytes(b'{"\xff": 1}')
    with pytest.raises(LayoutTextError, match=r"x.json: not UTF-8 .*save the file as UTF-8"):
        load_layout(tmp_path / "x.json")
