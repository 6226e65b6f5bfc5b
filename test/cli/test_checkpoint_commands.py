"""`layout` with a checkpoint, and `make-tiny-checkpoint`."""

from __future__ import annotations

import json

import pytest

from spatial_perception.layout.text import parse_layout

pytest.importorskip("torch")

from spatial_perception.cli import estimation, layout
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny", seed=1)


QUICK = ("--set", "max_new_tokens=150", "--set", "device=cpu")


def test_make_tiny_checkpoint_gives_the_same_bytes_and_loads(run, cloud_file, tmp_path):
    for name in ("a", "b"):
        done = run("make-tiny-checkpoint", "-o", name, "--seed", 5)
        assert done.code == 0
        assert done.out.strip() == name
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(files)
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    assert run("layout", cloud_file(), "--estimator", "a", *QUICK).code == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_make_tiny_checkpoint_learns_rooms_by_heart(run, tmp_path):
    """Trained, told how well it knows its room, and used on it by the command that the help names."""
    done = run("make-tiny-checkpoint", "-o", "known", "--rooms", 1)
    assert done.code == 0
    assert done.out.strip() == "known"
    assert "step 130 of 130: loss" in done.err
    assert "trained on 1 simulated rooms in known/rooms: wall F1 1.00 on them" in done.err
    used = run("layout", "known/rooms/pcd", "--estimator", "./known", "-o", "found")
    assert used.code == 0
    assert len(parse_layout((tmp_path / "found/room_0.txt").read_text())) > 3


def test_make_tiny_checkpoint_names_a_folder_that_cannot_be(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("make-tiny-checkpoint", "-o", "file")
    assert done.code == 2
    assert "cannot write a checkpoint to file" in done.err


def test_costs_are_told_and_text_is_the_layout(run, tiny, cloud_file):
    first, second = (run("layout", cloud_file(), "--estimator", tiny, *QUICK) for _ in range(2))
    assert first.code == 0
    assert first.out == second.out
    assert len(parse_layout(first.out)) == len(first.out.splitlines()) > 0
    for word in ("prepare", "encode", "decode", "tokens/s", "forward passes per token"):
        assert word in first.err


def test_entities_are_printed_while_decoding_goes_on(tiny, cloud_file, monkeypatch):
    events = []
    monkeypatch.setattr(layout.typer, "echo", lambda text, **_: events.append(text))
    request = estimation.make_request(str(tiny), "all", "", "auto", "auto", None, [QUICK[1], QUICK[3]])
    loaded = estimation.load(request.estimator, request.settings)
    step = loaded.model.language_model.step
    model = loaded.model.language_model
    monkeypatch.setattr(model, "step", lambda *given, **named: (events.append(None), step(*given, **named))[1])
    monkeypatch.setattr(type(loaded.model), "language_model", property(lambda _: model))
    outcome = layout.run_and_print(estimation.Job(estimation.Source(cloud_file(), "room"), request))
    assert not outcome.error
    first = next(index for index, event in enumerate(events) if event is not None)
    assert None in events[first:]
    assert [event for event in events if event] == [
        str(line) for line in layout.as_text(outcome.layout, "txt").split("\n")
    ]


def test_folders_and_other_formats(run, tiny, cloud_file, tmp_path):
    path = cloud_file()
    done = run("layout", path, "--estimator", tiny, "-o", "out", "-f", "txt,json", *QUICK)
    assert done.code == 0
    assert done.out == ""
    assert "tokens/s" in done.err
    printed = run("layout", path, "--estimator", tiny, "-f", "json", *QUICK).out
    assert json.loads(printed)["walls"] == json.loads((tmp_path / "out/room.json").read_text())["walls"]
    assert run("layout", path, "--estimator", tiny, *QUICK).out == (tmp_path / "out/room.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--estimator", "./nowhere"), "neither a directory nor a hub id"),
        (("--estimator", "geometrc"), "choose one of: auto, geometric"),
        (("--estimator", "TINY", "--set", "temprature=1"), "did you mean 'temperature'"),
        (("--estimator", "TINY", "--set", "top_p=2"), "'top_p'"),
        (("--estimator", "TINY", "--categories", "sofaa"), "sofa"),
    ],
)
def test_faults(run, tiny, cloud_file, arguments, message):
    given = [tiny if argument == "TINY" else argument for argument in arguments]
    done = run("layout", cloud_file(), *given)
    assert done.code == 2
    assert message in done.err.replace("\n", " ")
    assert "Traceback" not in done.err


def test_a_bad_checkpoint_and_a_small_cloud_are_faults(run, tiny, cloud_file, tmp_path):
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles/config.json").write_bytes((tiny / "config.json").read_bytes())
    (tmp_path / "pickles/pytorch_model.bin").write_bytes(b"")
    done = run("layout", cloud_file(), "--estimator", "./pickles")
    assert (done.code, "safetensors" in done.err) == (2, True)
    done = run("layout", cloud_file("few.ply", 20), "--estimator", tiny, "--scale", "keep", "--up", "z", *QUICK)
    assert (done.code, "at least 64" in done.err) == (2, True)


def test_sampling_follows_the_seed(run, tiny, cloud_file):
    path = cloud_file()
    texts = [
        run("layout", path, "--estimator", tiny, *QUICK, "--set", "temperature=1.5", "--set", f"seed={seed}").out
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
