"""ScanQA scores: the published reference's numbers on the fixture."""

import json
import shutil
from pathlib import Path

import pytest

from spatial_perception.errors import EvaluationError, MissingExtraError
from spatial_perception.evaluation import captions, scanqa
from spatial_perception.layout.boxes import OrientedBox

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/spatial_mllm/scanqa.json").read_text(encoding="utf-8"))
PREDICTIONS = [(row["sample_id"], row["pred_response"]) for row in GOLDEN["predictions"]]
EXPECTED = GOLDEN["expected"]
needs_scorers = pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("pycocoevalcap") is None, reason="pycocoevalcap is not installed"
)


@needs_scorers
def test_scores_are_those_of_the_reference():
    scores, expected = scanqa.score_scanqa(PREDICTIONS, GOLDEN["references"]), EXPECTED["no_tokenizer"]
    assert (scores.exact_match, scores.count) == (pytest.approx(EXPECTED["em"]), EXPECTED["count"])
    assert scores.captions.cider == pytest.approx(expected["cider"], abs=1e-6)
    assert scores.captions.bleu == pytest.approx(expected["bleu"], abs=1e-6)
    assert scores.captions.rouge_l == pytest.approx(expected["rouge_l"], abs=1e-6)
    assert scores.captions.cider_each == pytest.approx(expected["cider_each"], abs=1e-6)
    assert scores.captions.rouge_each == pytest.approx(expected["rouge_each"], abs=1e-6)
    for ours, theirs in zip(scores.captions.bleu_each, expected["bleu_each"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


@needs_scorers
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR needs Java")
def test_meteor_where_java_is_present():
    scores = scanqa.score_scanqa(PREDICTIONS, GOLDEN["references"], meteor=True)
    assert scores.captions.meteor == pytest.approx(
        EXPECTED["meteor_no_tokenizer_java_pycocoevalcap"]["meteor"], abs=1e-6
    )


@needs_scorers
def test_identical_sentences_are_perfect():
    texts = {"a": "the chair is next to the table", "b": "two windows are in the long wall"}
    scores = scanqa.score_captions(texts, {key: [text] for key, text in texts.items()})
    assert scores.bleu == pytest.approx((1.0,) * 4, abs=1e-6)
    assert (scores.rouge_l, scores.cider) == (pytest.approx(1.0), pytest.approx(10.0))


@needs_scorers
def test_hand_counted_bleu():
    scores = scanqa.score_captions({"a": "the cat sat"}, {"a": ["the cat sat down"]})
    # Three of three words are right; the candidate is shorter: exp(1 - 4/3).
    assert scores.bleu[0] == pytest.approx(0.7165313, abs=1e-6)


@needs_scorers
def test_a_caption_counts_only_with_its_box():
    box, far = (OrientedBox(0, "bbox", "chair", (x, 0, 0), 0.0, (1, 1, 1)) for x in (0.0, 5.0))
    truth = {"a": (box, ["a red chair by the door"]), "b": (box, ["a small lamp on the desk"])}
    said = {
        "a": captions.Caption("a red chair by the door", box),
        "b": captions.Caption("a small lamp on the desk", far),
    }
    good = captions.score_dense_captions({**said, "b": captions.Caption("a small lamp on the desk", box)}, truth)
    half = captions.score_dense_captions(said, truth)
    assert good.rouge_l == pytest.approx(1.0)
    assert 0.5 < half.rouge_l < 0.8


def test_refined_match_forgives_articles_and_numbers():
    assert scanqa.is_refined_match("2 chairs", "two chairs.")
    assert scanqa.is_refined_match("the table", "round table")
    assert not scanqa.is_refined_match("chair", "table")
    assert not scanqa.is_refined_match("", "table")


def test_missing_references_are_named():
    with pytest.raises(EvaluationError, match="no references for x_0"):
        scanqa.score_scanqa([("x_1", "chair")], {})
    with pytest.raises(EvaluationError, match="no predictions"):
        scanqa.score_scanqa([], {})
    with pytest.raises(EvaluationError, match="nothing to score"):
        scanqa.score_captions({}, {})


def test_the_extra_is_named_when_scorers_are_missing(monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(scanqa, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"spatial_perception\[evaluation\]"):
        scanqa.score_captions({"a": "b"}, {"a": ["b"]})


@needs_scorers
def test_meteor_without_java_says_so(monkeypatch):
    monkeypatch.setattr(scanqa.shutil, "which", lambda name: None)
    with pytest.raises(EvaluationError, match="needs Java"):
        scanqa.score_captions({"a": "b"}, {"a": ["b"]}, meteor=True)
