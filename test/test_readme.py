"""What the README shows works: its commands run in order, its Python runs, its pictures are there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Running the tests, or the installation, from within the tests would not end: their set-up step stands for them.
STAND_INS = {
    "make test": "scripts/test.sh --setup-only",
    "make test-all": "scripts/test.sh --setup-only --all",
}


def blocks(language: str, page: str = README) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def commands(page: str = README) -> list[str]:
    """Each line of each shell block, without comments."""
    lines = [line.split("  #")[0].strip() for block in blocks("bash", page) for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A scratch folder in which commands of the installed package run."""
    return tmp_path_factory.mktemp("readme")


def run(command: str, folder: Path) -> None:
    """Run one line of the README; what starts with make or scripts/ belongs in the root of the repository."""
    command = STAND_INS.get(command, command)
    where = ROOT if command.startswith(("make ", "scripts/")) else folder
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, shell=True, cwd=where, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.timeout(1500)
def test_commands_and_python_run_in_order(workshop):
    for command in commands():
        if command.startswith("make ") and not shutil.which("make"):
            command = command.replace("make ", "scripts/", 1).strip() + ".sh"
        if "pip install" in command:
            continue  # what is installed is tested; an installation needs a network
        run(command, workshop)
    for number, code in enumerate(blocks("python")):
        script = workshop / f"readme_{number}.py"
        script.write_text(code, encoding="utf-8")
        run(f'"{sys.executable}" {script.name}', workshop)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_commands_and_python_of_the_checkpoint_page(tmp_path):
    pytest.importorskip("transformers")
    page = (ROOT / "docs/spatiallm.md").read_text(encoding="utf-8")
    for command in commands(page):
        run(command, tmp_path)
    for number, code in enumerate(blocks("python", page)):
        (tmp_path / f"page_{number}.py").write_text(code, encoding="utf-8")
        run(f'"{sys.executable}" page_{number}.py', tmp_path)


def test_the_two_first_commands_are_there():
    assert {"make demo", "make test"} <= set(commands())


def test_pictures_and_linked_files_exist():
    links = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README)
    local = [name for pair in links for name in pair if name and "://" not in name]
    assert local
    missing = [name for name in local if not (ROOT / name).exists()]
    assert not missing


def test_benchmarks_named_exist():
    assert all((ROOT / name).exists() for name in re.findall(r"benchmarks/\w+\.py", README))
