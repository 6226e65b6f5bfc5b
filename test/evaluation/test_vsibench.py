"""VSI-Bench scoring: the published reference's numbers, and where the official definition differs."""

import json
from pathlib import Path

import pytest

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation import vsibench

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/spatial_mllm/vsibench.json").read_text(encoding="utf-8"))
MIXED = [vsibench.Result(**row) for row in GOLDEN["aggregate"][0]["results"]]


def test_question_types_are_those_of_the_benchmark():
    assert set(vsibench.CHOICE_TYPES) == set(GOLDEN["mca_types"])
    assert set(vsibench.NUMBER_TYPES) == set(GOLDEN["na_types"])
    assert set(vsibench.DIRECTION_TYPES) == set(GOLDEN["rel_direction_types"])


@pytest.mark.parametrize("row", GOLDEN["clean_text"], ids=lambda row: repr(row["raw"]))
def test_answers_are_cleaned_as_the_reference_does(row):
    assert vsibench.clean_answer(row["raw"]) == row["cleaned"]


@pytest.mark.parametrize("row", GOLDEN["mra"], ids=lambda row: f"{row['pred']}-for-{row['gt']}")
def test_mean_relative_accuracy_is_exact_in_float32(row):
    assert vsibench.mean_relative_accuracy(row["pred"], row["gt"]) == pytest.approx(row["mra"], abs=1e-6)
    if row["mra_official_formula"] is not None:
        official = vsibench.mean_relative_accuracy(row["pred"], row["gt"], "official")
        assert official == pytest.approx(row["mra_official_formula"], abs=1e-9)


def test_the_official_accuracy_is_undefined_for_zero():
    with pytest.raises(EvaluationError, match="undefined for a truth of 0"):
        vsibench.mean_relative_accuracy(1.0, 0.0, "official")


@pytest.mark.parametrize("row", GOLDEN["rewards"], ids=lambda row: f"{row['question_type']}-{row['prediction']!r}")
def test_rewards_are_those_of_the_reference(row):
    reward = vsibench.score(row["question_type"], row["ground_truth"], row["prediction"])
    assert reward == pytest.approx(row["reward"], abs=1e-6)


def test_the_official_definition_takes_the_first_word():
    assert vsibench.score("object_rel_distance", "A", "A. chair", "official") == 1.0
    assert vsibench.score("object_rel_distance", "A", "A. chair") == 0.0
    assert vsibench.score("object_counting", "4", "4 chairs", "official") == 1.0


def test_an_unknown_type_is_refused():
    with pytest.raises(EvaluationError, match="unknown question type 'colour'"):
        vsibench.score("colour", "A", "A")


def chosen(case):
    """The items that a case is about; its filter names types or a group of them."""
    text = case.get("filter")
    if case["name"] == "empty":
        return []
    if text is None:
        return MIXED
    if "NA types" in text:
        return [r for r in MIXED if r.question_type in vsibench.NUMBER_TYPES]
    return [r for r in MIXED if r.question_type in text.split(" of ")[0].split(", ")]


@pytest.mark.parametrize("case", GOLDEN["aggregate"], ids=lambda case: case["name"])
def test_averages_are_those_of_the_reference(case):
    scores, expected = vsibench.aggregate(chosen(case)), case["metrics"]
    assert {k: v[1] for k, v in scores.per_type.items()} == {
        k: v["count"] for k, v in expected["per_question_type"].items()
    }
    for name, row in expected["per_question_type"].items():
        assert scores.per_type[name][0] == pytest.approx(row["score"], abs=1e-6)
    for average, key in ((scores.choices, "acc"), (scores.numbers, "mra"), (scores.all, "all")):
        assert (average.micro, average.macro) == pytest.approx(
            (expected[key]["micro"], expected[key]["macro"]), abs=1e-6
        )


@pytest.mark.parametrize("row", GOLDEN["prompts"], ids=lambda row: row["item"]["question_type"])
def test_prompts_are_those_of_the_reference(row):
    assert vsibench.prompt(row["item"]["question"], row["item"]["options"]) == row["text"]
