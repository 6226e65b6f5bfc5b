import json

import pytest
from PIL import Image

from spatial_perception.errors import ConfigError
from spatial_perception.training.curves import draw_curves, read_log

ENTRIES = [{"step": step, "loss": 5.0 / step} for step in range(1, 120)]
ENTRIES[99]["f1"] = {"wall@0.5": 0.4, "object@0.25": 0.1}


def test_steps_that_were_done_again_count_once(tmp_path):
    lines = [*ENTRIES[:5], {"step": 4, "loss": 9.0}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    assert [(entry["step"], entry["loss"]) for entry in read_log(tmp_path / "log.jsonl")][3] == (4, 9.0)


def test_curves_are_drawn(tmp_path):
    with Image.open(draw_curves([ENTRIES, ENTRIES[:30]], tmp_path / "curves.png")) as picture:
        assert picture.size == (900, 400)
        assert len(picture.convert("RGB").getcolors(100_000)) > 20


@pytest.mark.parametrize("content", ["not json", '{"loss": 1}', "[1]"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "log.jsonl").write_text(content)
    with pytest.raises(ConfigError, match="training_log"):
        read_log(tmp_path / "log.jsonl")
