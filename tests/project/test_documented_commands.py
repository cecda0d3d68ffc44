"""Commands in the documentation run as printed, or are left out here for a stated reason.

One test runs drives and races for a step, inside this process; it is slow but for the commands of README and
of own drivers. Another, slow test runs the first pages of a newcomer in full, in a fresh copy.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run_sim
from drive_stack.app import presentation
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.support import layout

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAM = "python run_sim.py "
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.M | re.S)  # its language and its text
STEPS = 1  # of a shortened episode

# Commands that no test of this file runs: a pattern, and why.
EXCLUDED = {
    r"^pip install|^pre-commit": "changes the environment",
    r"^mkdocs": "does not end by itself; tests of its own build the site",
    r"pytest|^bash \.ci/run|^mutmut": "runs tests",
    r"run_sim\.py (train|judge) ": "takes hours",
    r"run_sim\.py (collect|stages|bench)": "takes minutes to hours; tests of its own run it on short courses",
    r"run_sim\.py export": "needs a recording; tests of its own run it",
    r"run_sim\.py convert": "tests of its own run it on the same file",
    r"run_sim\.py why": "takes minutes; tests of its own run it on a short course",
    r"run_sim\.py search": "takes minutes; tests of its own run it on a short course",
    r"run_sim\.py demo": "takes minutes; tests of its own run it on a short course",
    r"run_sim\.py site": "writes into docs/; tests of its own run it",
    r"run_sim\.py study": "takes minutes to hours; tests of its own run it on a tiny study",
    r"run_sim\.py reference": "takes an hour; tests of its own run it on short courses",
    r"run_sim\.py leaderboard": "needs finished runs of whole suites; tests of its own run it",
    r"run_sim\.py perception": "takes minutes; tests of its own run it on short courses",
    r"run_sim\.py evaluate (?!.*--suite smoke)": "takes minutes to hours",
    r"run_sim\.py report .*--ranks-last": "needs a long evaluation; a test of its own runs it",
    r"--agent human": "needs a display",
    r"^ray ": "needs a cluster",
    r"learn_ppo": "takes ten minutes",
    r"^tensorboard": "does not end by itself",
}
NEEDS_OTHERS = r"mine\.(pt|zip)|runs/ppo"  # files that earlier commands of a page write
IN_FULL = (
    "README.md",
    "docs/guides/evaluation.md",
    "docs/guides/own_drivers.md",
    "docs/guides/why.md",
)  # pages that the slow test runs


def commands(page: Path) -> list[str]:
    """The commands in the page's blocks of sh, without their comments."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = [line for language, block in blocks if language == "sh" for line in block.splitlines()]
    return [line.split(" # ")[0].rstrip() for line in lines if line.strip()]


ALL = {page: commands(page) for page in PAGES}


def is_excluded(command: str) -> bool:
    return any(re.search(pattern, command) for pattern in EXCLUDED)


def is_drive(command: str) -> bool:
    return command.startswith(f"{PROGRAM}--")


def short_drives() -> list[object]:
    """The drives and races of all pages, each once, as parameters of a test."""
    fast = ALL[ROOT / "README.md"] + ALL[ROOT / "docs" / "guides" / "own_drivers.md"]
    shown = (command for page in PAGES for command in ALL[page])
    return [
        pytest.param(command, marks=() if command in fast else pytest.mark.slow)
        for command in dict.fromkeys(shown)
        if is_drive(command) and not is_excluded(command) and not re.search(NEEDS_OTHERS, command)
    ]


def test_no_block_of_commands_lacks_its_language() -> None:
    for page in PAGES:
        for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            assert language == "sh" or PROGRAM not in block, f"{page.name}: a block begins with ```sh"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_run_or_left_out_for_a_reason(page: Path) -> None:
    if page not in [ROOT / name for name in IN_FULL]:
        assert not [own for own in ALL[page] if not is_drive(own) and not is_excluded(own)]


def test_every_exclusion_has_a_command() -> None:
    shown = [command for page in PAGES for command in ALL[page]]
    for pattern in EXCLUDED:
        assert any(re.search(pattern, command) for command in shown), pattern


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the files that commands name; results of drives go there."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layout, "project_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", short_drives())
def test_a_drive_begins_as_printed(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    advance = Rollout.advance

    def advance_a_few_steps(rollout: Rollout) -> Moment:
        moment = advance(rollout)
        if len(rollout.log.time) > STEPS and not rollout.done:
            rollout.status = Status.TIMEOUT
        return moment

    monkeypatch.setattr(Rollout, "advance", advance_a_few_steps)
    monkeypatch.setattr(presentation, "display_available", lambda: False)
    status = run_sim.main(shlex.split(command.removeprefix(PROGRAM)))
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert "error" not in printed.out


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's files without anything that was built or driven."""
    target = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_FULL)
def test_commands_of_a_page_run_one_after_another_in_a_fresh_copy(name: str, clone: Path) -> None:
    python = f'python() {{ {shlex.quote(sys.executable)} "$@"; }}; '
    for command in ALL[ROOT / name]:
        if is_excluded(command):
            continue
        ran = subprocess.run(
            ["bash", "-c", python + command],
            cwd=clone, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{command}\n{ran.stderr[-3000:]}"
