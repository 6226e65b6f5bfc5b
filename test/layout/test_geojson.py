from __future__ import annotations

import json

import pytest
from shapely.geometry import shape

from spatial_perception.errors import LayoutTextError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.geojson import dump_geojson, to_geojson, write_geojson
from spatial_perception.layout.transforms import rotate

ROOM = Layout(
    walls=[
        Wall(0, (0, 0, 0), (4, 0, 0), 2.5, 0.2),
        Wall(1, (4, 0, 0), (4, 3, 0), 2.5),
        Wall(2, (4, 3, 0), (0, 3, 0), 2.5),
        Wall(3, (0, 3, 0), (0, 0, 0), 2.5),
    ],
    doors=[Door(0, 0, (2, 0, 1), 0.9, 2, score=0.8), Door(1, 9, (1, 1, 1), 0.9, 2)],
    windows=[Window(0, 1, (4, 1.5, 1.5), 1.2, 1)],
    boxes=[Box(0, "bed", (1, 1, 0.3), 0.5, (2, 1, 0.6), support=12)],
    frame_id="map",
)


def features(layout: Layout) -> dict[str, dict]:
    return {feature["id"]: feature for feature in to_geojson(layout)["features"]}


def test_structure_follows_rfc_7946():
    document = json.loads(dump_geojson(ROOM))
    assert document["type"] == "FeatureCollection"
    assert "crs" not in document
    assert document["coordinate_frame"]["frame_id"] == "map"
    assert document["coordinate_frame"]["unit"] == "metre"
    assert document["bbox"] == [-0.1173, -0.1, 4.0, 3.0]  # the turned bed reaches through the wall
    for feature in document["features"]:
        assert feature["type"] == "Feature"
        assert set(feature) == {"type", "id", "geometry", "properties"}
        geometry = shape(feature["geometry"])
        assert geometry.is_valid
        if geometry.geom_type == "Polygon":
            assert geometry.exterior.is_ccw
            ring = feature["geometry"]["coordinates"][0]
            assert ring[0] == ring[-1]
            assert len(ring) >= 4


def test_geometry_of_each_kind():
    found = features(ROOM)
    assert shape(found["wall_0"]["geometry"]).area == pytest.approx(0.8)
    assert found["wall_1"]["geometry"] == {"type": "LineString", "coordinates": [[4.0, 0.0], [4.0, 3.0]]}
    assert found["door_0"]["geometry"]["coordinates"] == [[1.55, 0.0], [2.45, 0.0]]
    assert found["window_0"]["geometry"]["coordinates"] == [[4.0, 0.9], [4.0, 2.1]]
    assert shape(found["bbox_0"]["geometry"]).area == pytest.approx(2, abs=1e-3)
    assert shape(found["room_0"]["geometry"]).area == pytest.approx(12)


def test_properties_hold_what_the_plan_does_not_show():
    found = features(ROOM)
    assert found["wall_0"]["properties"]["thickness"] == 0.2
    assert found["door_0"]["properties"]["score"] == 0.8
    assert found["window_0"]["properties"]["sill_z"] == 1.0
    assert (
        found["bbox_0"]["properties"] | {"label": "bed", "support": 12, "bottom_z": 0.0}
        == found["bbox_0"]["properties"]
    )
    assert found["room_0"]["properties"]["area"] == 12.0


def test_an_opening_of_an_unknown_wall_is_a_point_that_says_so():
    door = features(ROOM)["door_1"]
    assert door["geometry"] == {"type": "Point", "coordinates": [1.0, 1.0]}
    assert door["properties"]["fault"] == "wall_9 does not exist"


def test_rooms_can_be_given_and_empty_layouts_written(tmp_path):
    assert "room_0" not in {f["id"] for f in to_geojson(ROOM, rooms=())["features"]}
    path = write_geojson(Layout(), tmp_path / "empty.geojson")
    assert json.loads(path.read_text())["features"] == []


def test_no_negative_zero_and_same_bytes():
    turned = rotate(ROOM, 3.141592653589793)
    assert "-0.0," not in dump_geojson(turned, indent=None)
    assert dump_geojson(turned) == dump_geojson(rotate(ROOM, 3.141592653589793))


def test_numbers_that_json_cannot_hold():
    with pytest.raises(LayoutTextError, match="bbox_0: holds NaN"):
        to_geojson(Layout(boxes=[Box(0, "bed", (0, 0, float("nan")), 0, (1, 1, 1))]))
    with pytest.raises(LayoutTextError, match="score or the stamp"):
        dump_geojson(Layout(stamp=float("inf")))
