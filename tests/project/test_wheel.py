"""The wheel works outside a checkout: command line, gymnasium, workers and agents in their own processes.

It is installed into an environment that reads the libraries of this one, so nothing is downloaded but what
builds the wheel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from real_episodes import one_course

from drive_stack.evaluation.batch.fingerprint import source_hash
from drive_stack.support.layout import SOURCES

ROOT = Path(__file__).resolve().parents[2]
SUITE = one_course(route_length=60)
OWN_AGENT = """\
from drive_stack.types import Control

class Straight:
    name = "straight"
    privileged = False
    trace = None

    def __init__(self, platform): pass
    def reset(self, seed): pass
    def act(self, observation): return Control(0.0, 0.0)
"""
MAKE = """
import warnings
warnings.simplefilter("error")
import gymnasium
env = gymnasium.make("drive_stack.gym:drive_stack/Highway-v0", scenario="merge", camera=False)
import drive_stack.envs  # registers nothing twice
env.reset(seed=100000)
print(type(env.unwrapped).__module__)
"""

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", "venv", vars=paths))
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python", "install")
    run(*pip, "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return scripts


def test_a_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"drive_stack"}
    assert "drive_stack/configs/scenarios/merge.yaml" in names
    assert "drive_stack/models/policy.trunk.onnx" in names
    assert "drive_stack/evaluation/reference/expert.jsonl.xz" in names
    assert {
        f"drive_stack/report/template/{name}" for name in ("page.html.j2", "style.css", "script.js")
    } <= set(names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_gymnasium_finds_the_environment_without_an_import(programs: Path, tmp_path: Path) -> None:
    assert run(programs / "python", "-c", MAKE, cwd=tmp_path) == "drive_stack.envs.highway\n"


def test_the_command_drives_evaluates_and_reports(programs: Path, tmp_path: Path) -> None:
    command = programs / "drive-stack"
    listed = run(command, "--list", cwd=tmp_path)
    assert "pedestrian_crossing" in listed and "end_to_end" in listed
    scenario = "cruise[route_length=60]"
    for agent in ("modular", "end_to_end"):
        said = run(command, "--agent", agent, "--scenario", scenario, "--headless", "--json", cwd=tmp_path)
        assert json.loads(said)["status"] == "completed"

    (tmp_path / "short.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "own.py").write_text(OWN_AGENT, encoding="utf-8")
    agents = ("--agent", "constant", "--agent", "own:Straight", "--workers", "2")
    run(command, "evaluate", *agents, "--suite", "short.yaml", cwd=tmp_path)
    folder = tmp_path / "runs" / "evaluate" / "short"
    run(command, "report", folder, cwd=tmp_path)
    assert "Straight" in (folder / "report.html").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 3 and {row["code_hash"] for row in rows} == {source_hash(SOURCES)}
