"""`ask` and `eval qa`."""

import json

import pytest

from spatial_perception.cli.ask import parse_robot
from spatial_perception.cli.main import hoist_debug
from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Layout


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


TALKED_OF = Layout(
    boxes=[
        Box(0, "chair", (1, 1, 0.45), 0.0, (0.5, 0.5, 0.9)), Box(1, "chair", (4, 1, 0.45), 0.0, (0.5, 0.5, 0.9)),
        Box(2, "sofa", (1, 4, 0.4), 0.0, (2.0, 0.9, 0.8)),
    ]
)  # fmt: skip


@pytest.fixture
def talked(monkeypatch, tmp_path, capsys):
    """Lets a conversation happen: what is typed (or raised), what is printed, the prompts, and the history."""
    from spatial_perception.cli import talk as module
    from spatial_perception.cli.ask import _tell
    from spatial_perception.reasoning.conversation import Conversation
    from spatial_perception.reasoning.scene import make_scene
    from spatial_perception.reasoning.solver import SpatialSolver

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    prompts = []

    def converse(*lines):
        given = iter([*lines, EOFError()])

        def typed(prompt):
            prompts.append(prompt)
            line = next(given)
            if isinstance(line, BaseException):
                raise line
            return line

        monkeypatch.setattr("builtins.input", typed)
        talk = Conversation(SpatialSolver(), make_scene(TALKED_OF))
        module.converse(talk, lambda question: _tell(talk, question, False, 5.0))
        return capsys.readouterr().out

    converse.prompts = prompts
    return converse


def test_a_conversation_asks_back_and_ends_with_the_input(talked):
    said = talked("how far is the chair from the sofa?", "the one nearest to the sofa", "", "how many sofas are there?")
    assert "Which one do you mean" in said
    assert "The chair is 3.00 m from the sofa" in said
    assert "There is 1 sofa." in said
    assert talked.prompts == ["> ", "which one? > ", "> ", "> ", "> "]


def test_a_conversation_helps_and_lists(talked):
    said = talked("help", "things", "quit", "never reached")
    assert "how far is the sofa from the door?" in said
    assert "2 chairs and 1 sofa" in said


def test_an_interrupt_drops_the_line_and_an_end_leaves(talked):
    said = talked(KeyboardInterrupt(), "how many chairs?", KeyboardInterrupt())
    assert "There are 2 chairs." in said
    assert len(talked.prompts) == 4


def test_an_interrupt_drops_the_answer(monkeypatch, tmp_path, capsys):
    from spatial_perception.cli.talk import _turn

    def answer(question):
        raise KeyboardInterrupt

    _turn(None, "how many chairs?", answer)
    assert "dropped" in capsys.readouterr().err


def test_questions_are_remembered(talked, tmp_path):
    readline = pytest.importorskip("readline")
    readline.clear_history()
    readline.add_history("where is the sofa?")
    talked()
    assert "where is the sofa?" in (tmp_path / "spatial_perception" / "questions").read_text()
    readline.clear_history()


def test_an_answer_is_drawn(run, layout_file, tmp_path):
    done = run("ask", layout_file(), "how far is the sofa from the door?", "--picture", "answer.svg")
    assert done.code == 0
    drawn = (tmp_path / "answer.svg").read_text()
    assert drawn.count("#b3124f") >= 4
    assert run("ask", layout_file(), "--picture", "answer.png").code == 2
