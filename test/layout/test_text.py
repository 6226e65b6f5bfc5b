from __future__ import annotations

import json
from pathlib import Path

import pytest

from spatial_perception.errors import LayoutTextError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.text import (
    LayoutParser,
    Limits,
    format_layout,
    parse_layout,
    read_layout,
    write_layout,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/spatiallm/layout_parse.json").read_text())
TEXT = (
    "wall_0=Wall(0.0,0.0,0.0,4.0,0.0,0.0,2.6,0.1)\n"
    "door_0=Door(wall_0,2.0,0.0,1.05,0.9,2.1)\n"
    "window_3=Window(wall_0,1.0,0.0,1.5,0.8,1.1)\n"
    "bbox_1=Bbox(coffee_table,1.0,2.0,0.2,-0.5,1.2,0.6,0.4)"
)


def as_reference(layout: Layout) -> dict[str, list[dict[str, object]]]:
    """The entities with the field names of the golden files; NaN and infinity as text."""

    def plain(value: object) -> object:
        return repr(value) if isinstance(value, float) and value - value != 0 else value

    def opening(o: Door | Window, label: str) -> dict[str, object]:
        x, y, z = o.center
        names = {"id": o.id, "wall_id": o.wall_id, "position_x": x, "position_y": y, "position_z": z}
        return {**names, "width": o.width, "height": o.height, "entity_label": label}

    walls = [
        dict(zip(("id", "ax", "ay", "az", "bx", "by", "bz"), (w.id, *w.start, *w.end)))
        | {"height": w.height, "thickness": w.thickness, "entity_label": "wall"}
        for w in layout.walls
    ]
    boxes = [
        dict(zip(("position_x", "position_y", "position_z", "scale_x", "scale_y", "scale_z"), (*b.center, *b.size)))
        | {"id": b.id, "class_name": b.label, "angle_z": b.yaw, "entity_label": "bbox"}
        for b in layout.boxes
    ]
    groups = {
        "walls": walls,
        "doors": [opening(d, "door") for d in layout.doors],
        "windows": [opening(w, "window") for w in layout.windows],
        "bboxes": boxes,
    }
    return {key: [{k: plain(v) for k, v in row.items()} for row in rows] for key, rows in groups.items()}


@pytest.mark.parametrize("name", GOLDEN)
def test_compat_reads_and_writes_as_the_reference(name):
    case = GOLDEN[name]
    layout = parse_layout(case["text"], compat=True)
    assert as_reference(layout) == case["parsed"]
    assert format_layout(layout, compat=True) == case["serialized"]


def test_strict_reads_and_writes_every_kind():
    layout = parse_layout(TEXT)
    assert layout.walls == (Wall(0, (0, 0, 0), (4, 0, 0), 2.6, 0.1),)
    assert layout.doors == (Door(0, 0, (2, 0, 1.05), 0.9, 2.1),)
    assert layout.windows == (Window(3, 0, (1, 0, 1.5), 0.8, 1.1),)
    assert layout.boxes == (Box(1, "coffee_table", (1, 2, 0.2), -0.5, (1.2, 0.6, 0.4)),)
    assert format_layout(layout) == TEXT


def test_integer_bins_are_written_without_a_point():
    layout = parse_layout("wall_0=Wall(1,2,3,4,5,6,7,8)")
    assert format_layout(layout, integers=True) == "wall_0=Wall(1,2,3,4,5,6,7,8)"
    with pytest.raises(LayoutTextError, match="quantise the layout first"):
        format_layout(parse_layout(TEXT), integers=True)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("wall_1=Wall(30,2,0,30,44,0,104,12", "unterminated"),
        ("wall_1=Wall", "unterminated"),
        ("hello world", "malformed"),
        (" wall_1=Wall(1,2,3,4,5,6,7,8)", "malformed"),
        ("wall_1=Wall(1,2,3,4,5,6,7,8))", "malformed"),
        ("wall_-1=Wall(1,2,3,4,5,6,7,8)", "malformed"),
        ("wall_1=Wall(1,2,3,4,5,6,7,8)wall_2=Wall(1,2,3,4,5,6,7,8)", "malformed"),
        ("foo_0=Foo(1)", "unknown kind"),
        ("Wall_0=Wall(1,2,3,4,5,6,7,8)", "unknown kind"),
        ("wall_1=Banana(1,2,3,4,5,6,7,8)", "constructor"),
        ("wall_1=Wall(1,2,3,4,5,6,7)", "argument count"),
        ("wall_1=Wall(1,2,3,4,5,6,7,8,9)", "argument count"),
        ("wall_1=Wall(1,2,3,4,5,6,seven,8)", "number"),
        ("wall_1=Wall(1,2,3,4,5,6,1_0,8)", "number"),
        ("wall_1=Wall(1,2,3,4,5,6,,8)", "number"),
        ("wall_1=Wall(nan,2,3,4,5,6,7,8)", "not finite"),
        ("wall_1=Wall(-inf,2,3,4,5,6,7,8)", "not finite"),
        ("wall_1=Wall(1e999,2,3,4,5,6,7,8)", "not finite"),
        ("wall_1234567890=Wall(1,2,3,4,5,6,7,8)", "number"),
        ("bbox_0=Bbox(,1,2,3,4,5,6,7)", "label"),
        ("bbox_0=Bbox(a\x07b,1,2,3,4,5,6,7)", "label"),
        ("door_0=Door(wall_9,1,2,3,4,5)", "unknown wall"),
        ("door_0=Door(wall0,1,2,3,4,5)", "malformed"),
        ("door_0=Door(door_0,1,2,3,4,5)", "malformed"),
        ("wall_1=Wall(" + "1" * 5000 + ",2,3,4,5,6,7,8)", "line too long"),
    ],
)
def test_strict_names_line_and_kind_of_fault(line, kind):
    text = f"wall_0=Wall(0,0,0,4,0,0,2.6,0)\n\n{line}\nwall_7=Wall(0,0,0,4,0,0,2.6,0)"
    with pytest.raises(LayoutTextError, match=f"room.txt, line 3: {kind}: .*correct the line") as caught:
        parse_layout(text, source="room.txt")
    assert "\n" not in str(caught.value)
    skipped = parse_layout(text, on_fault="skip")
    assert [w.id for w in skipped.walls] == [0, 7]
    assert skipped.provenance.notes == (f"1 lines of layout text were skipped: 1 {kind}",)


def test_strict_allows_blanks_carriage_returns_and_empty_lines():
    layout = parse_layout("wall_0 = Wall( 1, 2,3,4,5,6,7,\t8 )\r\n\r\n  \nbbox_0=Bbox( bed ,1,2,3,4,5,-6,7) \r\n")
    assert layout.walls[0].thickness == 8
    assert layout.boxes[0] == Box(0, "bed", (1, 2, 3), 4, (5, 6, 7))


def test_entities_appear_as_soon_as_their_line_is_complete():
    parser = LayoutParser()
    seen = [[type(e).__name__ for e in parser.feed(character)] for character in TEXT]
    assert [i for i, kinds in enumerate(seen) if kinds] == [i for i, c in enumerate(TEXT) if c == "\n"]
    assert [kind for kinds in seen for kind in kinds] == ["Wall", "Door", "Window"]
    assert [type(e).__name__ for e in parser.finish()] == ["Box"]
    assert parser.finish() == []


def test_faults_are_kept_up_to_a_number_and_counted_beyond():
    parser = LayoutParser(on_fault="skip")
    assert parser.feed("nonsense\n" * 500) == []
    assert len(parser.faults) == 100
    assert parser.faults[99].line == 100
    assert parser.fault_counts == {"malformed": 500}


def test_endless_line_is_held_within_the_limit():
    parser = LayoutParser(on_fault="skip", limits=Limits(line_length=50))
    for _ in range(1000):
        parser.feed("x" * 1000)
    assert len(parser._pending) == 50
    assert parser.feed("\nwall_0=Wall(1,2,3,4,5,6,7,8)\n")[0].id == 0
    assert parser.fault_counts == {"line too long": 1}


@pytest.mark.parametrize("compat", [False, True])
def test_too_many_entities_raise_in_every_mode(compat):
    text = "wall_0=Wall(1,2,3,4,5,6,7,8)\n" * 4
    with pytest.raises(LayoutTextError, match="line 4: more than 3 entities"):
        parse_layout(text, compat=compat, on_fault="skip", limits=Limits(entities=3))


def test_files_round_trip_and_end_with_a_newline(tmp_path):
    path = write_layout(parse_layout(TEXT), tmp_path / "new" / "room.txt")
    assert path.read_bytes() == (TEXT + "\n").encode()
    assert read_layout(path) == parse_layout(TEXT)
    assert [p.name for p in path.parent.iterdir()] == ["room.txt"]
    assert write_layout(Layout(), tmp_path / "empty.txt").read_bytes() == b""


def test_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "bom.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert len(read_layout(path)) == 4


def test_unreadable_files_name_cause_and_remedy(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"bbox_0=Bbox(ca\xe9,1,2,3,4,5,6,7)")
    with pytest.raises(LayoutTextError, match=r"latin.txt: not UTF-8 .*0xe9 at offset 14.*; save the file as UTF-8"):
        read_layout(path)
    with pytest.raises(LayoutTextError, match=r"missing.txt: cannot be read .*check the path"):
        read_layout(tmp_path / "missing.txt")
    with pytest.raises(LayoutTextError, match="cannot be read"):
        read_layout(tmp_path)
    with pytest.raises(LayoutTextError, match="larger than 10 bytes"):
        read_layout(path, limits=Limits(file_bytes=10))


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (Box(0, "a,b", (0, 0, 0), 0, (1, 1, 1)), "bbox_0: label 'a,b' cannot be written"),
        (Box(0, " bed", (0, 0, 0), 0, (1, 1, 1)), "cannot be written"),
        (Box(0, "bed\n", (0, 0, 0), 0, (1, 1, 1)), "cannot be written"),
        (Box(0, "bed", (0, float("nan"), 0), 0, (1, 1, 1)), "NaN"),
        (Box(-1, "bed", (0, 0, 0), 0, (1, 1, 1)), "0 or more"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(entity, message, tmp_path):
    with pytest.raises(LayoutTextError, match=message):
        write_layout(Layout(boxes=(entity,)), tmp_path / "x.txt")
    assert list(tmp_path.iterdir()) == []
    assert format_layout(Layout(boxes=(entity,)), compat=True).startswith("bbox_")
