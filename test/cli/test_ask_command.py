"""`ask` and `eval qa`."""

import json

import pytest

from spatial_perception.cli.ask import parse_robot
from spatial_perception.cli.main import hoist_debug
from spatial_perception.errors import ConfigError


def test_questions_are_answered_in_order(run, layout_file):
    done = run("ask", layout_file(), "how many sofas are there?", "how high is the sofa in cm?")
    assert done.code == 0
    assert next(line for line in done.out.splitlines() if line).startswith("There is 1 sofa.")
    assert "80 cm" in done.out


def test_an_unknown_thing_has_a_status_and_exit_code_2(run, layout_file):
    done = run("ask", layout_file(), "where is the piano?")
    assert (done.code, "[NOT_FOUND]" in done.out) == (2, True)


def test_answers_as_json(run, layout_file):
    done = run("ask", layout_file(), "how far is the sofa from the door?", "--json")
    answer = json.loads(done.out)
    assert (answer["status"], answer["unit"], answer["entities"]) == ("OK", "m", ["bbox_0", "door_0"])


def test_the_robot_sees_from_its_pose(run, layout_file):
    assert "sofa" in run("ask", layout_file(), "what is left of me?", "--robot", "1,0.5,0").out


@pytest.mark.parametrize("text", ["1", "a,b", "1,2,3,4", "nan,1"])
def test_a_bad_pose_is_named(run, layout_file, text):
    done = run("ask", layout_file(), "where am i", "--robot", text)
    assert (done.code, "is no pose" in done.err) == (2, True)
    with pytest.raises(ConfigError):
        parse_robot(text)


def test_eval_qa_scores_simulated_homes(run, tmp_path):
    done = run("eval", "qa", "--homes", "1", "--per-type", "1", "--json", "scores.json")
    assert done.code == 0
    assert json.loads((tmp_path / "scores.json").read_text())["scores"]["all"]["micro"] > 0.9


def test_two_words_are_one_command():
    assert hoist_debug(["eval", "qa", "--homes", "1"]) == ["eval-qa", "--homes", "1"]
    assert hoist_debug(["eval", "folder", "qa"]) == ["eval", "folder", "qa"]
