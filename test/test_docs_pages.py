"""What the pages on questions and navigation show works: commands, Python, dialogues word for word, pictures and links."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spatial_perception.layout.text import read_layout
from spatial_perception.reasoning.conversation import Conversation
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("questions.md", "navigation.md")


def blocks(page, language):
    """The fenced blocks of a language, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(command, folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(command, shell=True, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True,
                          text=True, timeout=200, stdin=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module", params=PAGES)
def shown(request, tmp_path_factory):
    """A page whose commands and Python have run, and the folder where they did."""
    folder = tmp_path_factory.mktemp("docs")
    for block in blocks(request.param, "bash"):
        for line in block.splitlines():
            command = line.split("  #")[0].strip()
            if command and not command.startswith("ros2"):
                run(command, folder)
    for number, code in enumerate(blocks(request.param, "python")):
        (folder / f"page_{number}.py").write_text(code, encoding="utf-8")
        run(f'"{sys.executable}" page_{number}.py', folder)
    return request.param, folder


@pytest.mark.timeout(600)
def test_commands_run_and_dialogues_are_true(shown):
    page, folder = shown
    for block in blocks(page, "text"):
        turns = re.findall(r"^> (.+)\n(.+)$", block, re.MULTILINE)
        if turns:
            scene = make_scene(
                read_layout(folder / "homes/layout/home_000007.txt"), robot=Viewer(-1.0, -4.0, 1.5707963)
            )
            talk = Conversation(SpatialSolver(), scene)
            for question, said in turns:
                answer = talk.ask(question)
                status = "" if str(answer.status) == "OK" else f"[{answer.status}] "
                assert f"{status}{answer.text}" == said


@pytest.mark.parametrize("page", PAGES)
def test_pictures_and_links_exist(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    local = [name for name in re.findall(r"\]\(([^)#]+)", text) if "://" not in name]
    assert local
    assert [name for name in local if not (DOCS / name).exists()] == []
