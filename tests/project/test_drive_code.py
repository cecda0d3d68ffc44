"""The hash of the code that determines the expert's drives: what it covers, and what it ignores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import pytest
from import_graph import ROOT, is_within, module_name, read_graph

from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.reference.drive_code import DETERMINING, code_of, determining_files, drive_hash
from drive_stack.evaluation.rollout import Rollout
from drive_stack.support.layout import SOURCES

# What the determining modules import without being determined by it, and why.
OTHERS = {
    "drive_stack.agent_errors": "texts of errors",
    "drive_stack.errors": "texts of errors",
    "drive_stack.config": "reads files whose contents are part of the configuration's hash",
    "drive_stack.support.layout": "where these files are",
    "drive_stack.support.kernels": "where compiled functions are kept",
    "drive_stack.gym": "the name of the environment",
    "drive_stack.evaluation.batch": "how a row is kept",
    "drive_stack.monitoring": "monitors of the camera, which the expert does not have",
    "drive_stack.perception": "stages that oracles replace",
    "drive_stack.tracking": "stages that oracles replace",
    "drive_stack.prediction": "stages that oracles replace",
    "envs.camera": "draws images, which the expert does not have",
    "envs.render": "draws images, which the expert does not have",
}
UNUSED = "drive_stack.perception.lifting"  # is called without detections, and returns no objects


def determining_modules() -> set[str]:
    return {module_name(path) for _, path in determining_files(SOURCES)}


def is_other(module: str) -> bool:
    return any(is_within(module, other) for other in OTHERS)


def test_all_that_is_listed_exists() -> None:
    listed = [package / part for package in SOURCES for part in DETERMINING[package.name]]
    assert listed and not [path for path in listed if not path.exists()]


def test_every_import_of_a_determining_module_is_hashed_too_or_named_above() -> None:
    graph, determining = read_graph(), determining_modules()
    imported = {name for module in determining for name in graph[module]} - determining
    assert not [name for name in sorted(imported) if not is_other(name)]
    assert not [other for other in OTHERS if not any(is_within(name, other) for name in imported)]


@contextmanager
def called_files() -> Iterator[set[str]]:
    """Collect the files of all Python functions that are called."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        files.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(before)


def test_a_drive_of_the_expert_runs_nothing_that_is_not_hashed() -> None:
    with closing(DrivingEnv(EnvSpec("pedestrian_crossing", camera=False))) as env:
        expert = build_agent("expert", env.platform, oracles=env.oracles, truth=env.truth)
        with called_files() as files:
            rollout = Rollout(env, expert, scenario="pedestrian_crossing", seed=100_000)
            for _ in range(30):
                rollout.advance()
            assert rollout.result.distance_m > 0.0
    called = {module_name(Path(file)) for file in files if Path(file).is_relative_to(ROOT)}
    called = {module for module in called if not is_within(module, "tests")}
    assert {"envs.world", "drive_stack.planning.planner", "drive_stack.evaluation.result"} <= called
    assert called - determining_modules() <= {UNUSED}


@pytest.fixture
def packages(tmp_path: Path) -> tuple[Path, ...]:
    """Folders of the three packages in which every determining file is one statement."""
    for name, _ in determining_files(SOURCES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    return tuple(tmp_path / package.name for package in SOURCES)


@pytest.mark.parametrize(
    "name",
    [
        *("envs/ego.py", "envs/traffic/stepping.py", "envs/scenarios/conditions.py", "agents/expert.py"),
        *("drive_stack/vehicle.py", "drive_stack/planning/lattice_kernel.py", "drive_stack/control/mpc.py"),
        *("drive_stack/evaluation/result.py", "drive_stack/evaluation/schemes/nuplan.py"),
    ],
)
def test_a_change_of_a_determining_file_changes_the_hash(
    name: str, packages: tuple[Path, ...], tmp_path: Path
) -> None:
    before = drive_hash(packages)
    (tmp_path / name).write_text('"""A docstring."""\n\nx = 1  # a comment\n', encoding="utf-8")
    assert drive_hash(packages) == before
    (tmp_path / name).write_text("x = 2\n", encoding="utf-8")
    assert drive_hash(packages) != before


def test_new_files_count_in_determining_folders_alone(packages: tuple[Path, ...], tmp_path: Path) -> None:
    before = drive_hash(packages)
    (tmp_path / "drive_stack" / "perception").mkdir()
    (tmp_path / "drive_stack" / "perception" / "lanes.py").write_text("x = 1\n", encoding="utf-8")
    assert drive_hash(packages) == before
    (tmp_path / "envs" / "traffic" / "new.py").write_text("x = 1\n", encoding="utf-8")
    assert drive_hash(packages) != before


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("# a comment\n\nx = 1  # another\n", "x = 1"),
        ('"""A docstring."""\n\nx = "# text"\n', 'x = "# text"'),
        ("def f():\n    '''Two\n    lines.'''  # and a comment\n    return '''kept'''\n",
         "def f():\n    return '''kept'''"),
        ('x = 1\n"""What x is."""\ny = f(\n    "kept"  # comment\n)\n', 'x = 1\ny = f(\n    "kept"\n)'),
        ('"a" + f()\n', '"a" + f()'),
    ],
)  # fmt: skip
def test_comments_docstrings_and_empty_lines_are_no_code(source: str, code: str) -> None:
    assert code_of(source) == code
