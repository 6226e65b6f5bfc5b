"""map_server files: read back by a reader written from the documentation alone, and by our own."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from spatial_perception.errors import ConfigError, LayoutTextError, OutputError
from spatial_perception.navigation.map_files import read_map, write_map
from spatial_perception.navigation.occupancy import OccupancyGrid, occupancy_grid


def map_server(path):
    """What map_server makes of a YAML file: (data in message order, resolution, origin); trinary and raw, binary PGM."""
    values = dict(re.findall(r"^(\w+):\s*(.+?)\s*$", path.read_text(), re.MULTILINE))
    content = (path.parent / values["image"]).read_bytes()
    magic, width, height, top, pixels = re.match(rb"(P5)\s+(\d+)\s+(\d+)\s+(\d+)\s(.*)", content, re.DOTALL).groups()
    assert (magic, top) == (b"P5", b"255")
    width, height = int(width), int(height)
    assert len(pixels) == width * height
    data = [0] * (width * height)
    for y in range(height):
        for x in range(width):
            shade = pixels[y * width + x] / 255
            occupied = shade if int(values["negate"]) else 1 - shade
            if values["mode"] == "raw":
                cell = round(shade * 255) if round(shade * 255) <= 100 else -1
            elif occupied > float(values["occupied_thresh"]):
                cell = 100
            else:
                cell = 0 if occupied < float(values["free_thresh"]) else -1
            data[width * (height - y - 1) + x] = cell
    return data, float(values["resolution"]), [float(v) for v in values["origin"].strip("[]").split(",")]


def test_map_server_reads_the_grid(flat, tmp_path):
    grid = occupancy_grid(flat)
    data, resolution, origin = map_server(write_map(grid, tmp_path))
    assert data == grid.data.ravel().tolist()
    assert resolution == grid.resolution
    assert origin == pytest.approx(grid.origin)


def test_raw_keeps_every_value(tmp_path):
    values = np.arange(-1, 101, dtype=np.int8).reshape(6, 17)
    grid = OccupancyGrid(values, 0.1, (1.5, -2.0, 0.0), "map")
    path = write_map(grid, tmp_path, "speed", mode="raw")
    assert map_server(path)[0] == values.ravel().tolist()
    assert np.array_equal(read_map(path).data, values)


def test_reading_back_gives_the_same_grid(flat, tmp_path):
    grid = occupancy_grid(flat)
    again = read_map(write_map(grid, tmp_path / "deep" / "er", "my_map-2"))
    assert np.array_equal(again.data, grid.data)
    assert (again.resolution, again.frame_id) == (grid.resolution, "map")
    assert again.origin == pytest.approx(grid.origin)
    assert {p.name for p in (tmp_path / "deep" / "er").iterdir()} == {"my_map-2.yaml", "my_map-2.pgm"}


def test_the_same_grid_gives_the_same_bytes(flat, tmp_path):
    first, second = (write_map(occupancy_grid(flat), tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".pgm").read_bytes() == second.with_suffix(".pgm").read_bytes()


def make(tmp_path, picture=None, **changes):
    """A YAML file with a 2 x 2 picture."""
    values = {"image": "a.png", "resolution": 0.1, "origin": "[0, 0, 0]", "occupied_thresh": 0.65,
              "free_thresh": 0.196, "negate": 0, **changes}  # fmt: skip
    pixels = np.array([[0, 255], [205, 128]], dtype=np.uint8) if picture is None else picture
    Image.fromarray(pixels).save(tmp_path / "a.png")
    path = tmp_path / "a.yaml"
    path.write_text("\n".join(f"{k}: {v}" for k, v in values.items() if v is not None))
    return path


def test_maps_of_others_are_read(tmp_path):
    assert read_map(make(tmp_path)).data.tolist() == [[-1, -1], [100, 0]]
    assert read_map(make(tmp_path, negate=1)).data.tolist() == [[100, -1], [0, 100]]
    assert read_map(make(tmp_path, mode="scale")).data.tolist() == [[0, 67], [100, 0]]
    colour = np.dstack([np.full((2, 2), v, dtype=np.uint8) for v in (0, 0, 90)])
    assert read_map(make(tmp_path, colour)).data.tolist() == [[100, 100], [100, 100]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": None}, "has no 'image'; add it"),
        ({"resolution": 0}, "resolution must be a number above 0"),
        ({"resolution": "true"}, "resolution must be a number above 0"),
        ({"origin": "[0, 0]"}, r"origin must be three numbers \[x, y, yaw\]"),
        ({"origin": "[0, 0, .nan]"}, "origin must be three numbers"),
        ({"free_thresh": 0.7}, "free_thresh must be below occupied_thresh"),
        ({"mode": "fancy"}, "mode must be one of trinary, scale, raw"),
        ({"image": "gone.pgm"}, "gone.pgm: no image that can be read"),
        ({"image": "a.yaml"}, "a.yaml: no image that can be read"),
    ],
)
def test_broken_map_files_are_told(tmp_path, changes, message):
    with pytest.raises(LayoutTextError, match=message):
        read_map(make(tmp_path, **changes))


def test_files_that_are_no_yaml_are_told(tmp_path):
    with pytest.raises(LayoutTextError, match=r"gone\.yaml: cannot be read"):
        read_map(tmp_path / "gone.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(LayoutTextError, match="not valid YAML"):
        read_map(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(LayoutTextError, match="holds no map"):
        read_map(tmp_path / "list.yaml")


def test_names_and_modes_are_checked(flat, tmp_path):
    grid = occupancy_grid(flat)
    for name in ("../escape", "", "a/b", ".hidden", "a\nb: c"):
        with pytest.raises(ConfigError, match="is no name for map files"):
            write_map(grid, tmp_path, name)
    with pytest.raises(ConfigError, match="unknown map mode 'scale'"):
        write_map(grid, tmp_path, mode="scale")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_map(grid, tmp_path / "file")
