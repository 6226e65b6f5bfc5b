"""ScanQA (and SQA3D) scores of free answers: exact match, BLEU, ROUGE-L, CIDEr, and METEOR where Java is present.

The n-gram metrics are those of pycocoevalcap on the text as it is: no tokeniser, no lower-casing. Scores depend on the set
that is evaluated, since CIDEr takes its word frequencies from it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from typing import Any

from spatial_perception.errors import EvaluationError, MissingExtraError


@dataclass(frozen=True, slots=True)
class CaptionScores:
    """Scores from 0 to 1 (CIDEr to 10): `bleu` 1 to 4; `meteor` None where it was not asked for."""

    cider: float
    bleu: tuple[float, float, float, float]
    rouge_l: float
    meteor: float | None = None
    cider_each: tuple[float, ...] = ()
    bleu_each: tuple[tuple[float, ...], ...] = ()
    rouge_each: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanQaScores:
    """`exact_match` is the share of predictions found among their references, `refined` the tolerant variant of it."""

    exact_match: float
    refined: float
    count: int
    captions: CaptionScores


def reference_key(sample_id: str) -> str:
    """The key of the references of a sample: its id with the part after the last `_` replaced by 0."""
    return "_".join([*sample_id.split("_")[:-1], "0"])


def score_scanqa(
    predictions: Sequence[tuple[str, str]], references: Mapping[str, Sequence[str]], *, meteor: bool = False
) -> ScanQaScores:
    """Scores of (sample id, answer) pairs.

    Dots at the end are dropped for the n-gram metrics but not for the exact match, which is case-sensitive; of repeated
    keys the last prediction counts in the former, all in the latter. Raises EvaluationError where references are missing.
    """
    missing = sorted({reference_key(name) for name, _ in predictions} - set(references))
    if missing or not predictions:
        what = f"no references for {missing[0]} and {len(missing) - 1} more" if missing else "no predictions"
        raise EvaluationError(f"cannot score: {what}; give the answers of the same split")
    keyed = [(reference_key(name), answer.strip()) for name, answer in predictions]
    exact = sum(answer in references[key] for key, answer in keyed) / len(keyed)
    refined = sum(any(is_refined_match(answer, r) for r in references[key]) for key, answer in keyed) / len(keyed)
    candidates = {key: answer.rstrip(".") for key, answer in keyed}
    chosen = {key: list(references[key]) for key in candidates}
    return ScanQaScores(exact, refined, len(keyed), score_captions(candidates, chosen, meteor=meteor))


_NUMBERS = "zero one two three four five six seven eight nine ten"
_WORDS = {str(n): word for n, word in enumerate(_NUMBERS.split())}


def refine(text: str) -> str:
    """An answer in lower case, without punctuation and articles, small numbers as words."""
    words = re.sub(r"[^\w\s]", " ", text.lower()).split()
    return " ".join(_WORDS.get(word, word) for word in words if word not in ("a", "an", "the"))


def is_refined_match(answer: str, reference: str) -> bool:
    """Equal after `refine`, or one contains the other once blanks are gone."""
    a, b = refine(answer), refine(reference)
    tight_a, tight_b = a.replace(" ", ""), b.replace(" ", "")
    return a == b or bool(tight_a and tight_b and (tight_a in tight_b or tight_b in tight_a))


# ------------------------------------------------------------------------------------------ n-gram metrics
def score_captions(
    candidates: Mapping[str, str], references: Mapping[str, Sequence[str]], *, meteor: bool = False
) -> CaptionScores:
    """Corpus scores of one candidate per key against its references.

    Raises MissingExtraError without pycocoevalcap, and EvaluationError when `meteor` is asked for and Java is absent.
    """
    if not candidates:
        raise EvaluationError("there is nothing to score; give at least one candidate")
    res = {key: [text] for key, text in candidates.items()}
    gts = {key: list(references[key]) for key in candidates}
    bleu, bleu_each = _computed("bleu.bleu", "Bleu", gts, res, 4)
    rouge, rouge_each = _computed("rouge.rouge", "Rouge", gts, res)
    cider, cider_each = _computed("cider.cider", "Cider", gts, res)
    return CaptionScores(
        float(cider), tuple(map(float, bleu)), float(rouge), _meteor(gts, res) if meteor else None,  # type: ignore[arg-type]
        tuple(map(float, cider_each)), tuple(tuple(map(float, row)) for row in bleu_each), tuple(map(float, rouge_each)),
    )  # fmt: skip


def _computed(
    module: str, name: str, gts: dict[str, list[str]], res: dict[str, list[str]], *settings: int
) -> tuple[Any, Any]:
    scorer = _scorer(module, name)(*settings)
    with redirect_stdout(StringIO()):  # BLEU reports its lengths on standard output
        result: tuple[Any, Any] = scorer.compute_score(gts, res)
    return result


def _scorer(module: str, name: str) -> Callable[..., Any]:
    try:
        loaded = import_module(f"pycocoevalcap.{module}")
    except ImportError as error:
        raise MissingExtraError(
            "pycocoevalcap is not installed; run: pip install 'spatial_perception[evaluation]'"
        ) from error
    factory: Callable[..., Any] = getattr(loaded, name)
    return factory


def _meteor(gts: dict[str, list[str]], res: dict[str, list[str]]) -> float:
    if shutil.which("java") is None:
        raise EvaluationError("METEOR needs Java, which was not found; install a Java runtime or leave METEOR out")
    scorer = _scorer("meteor.meteor", "Meteor")()
    try:
        value, _ = scorer.compute_score(gts, res)
    finally:
        with scorer.lock:
            scorer.meteor_p.stdin.close()
            scorer.meteor_p.kill()
            scorer.meteor_p.wait()
    return float(value)
