"""The core alone drives, evaluates and reports; what needs an extra names it in one line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from real_episodes import one_course

ROOT = Path(__file__).resolve().parents[2]
# Read by every Python process at its start, workers too: no library of an extra seems to be installed.
HIDE = """\
from importlib.machinery import PathFinder

_find = PathFinder.find_spec

def _find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in {names} else _find(name, path, target)

PathFinder.find_spec = classmethod(_find_spec)
"""
# of distributions whose module has another name
MODULES = {"stable-baselines3": "stable_baselines3", "rerun-sdk": "rerun"}
SUITE = one_course(route_length=40)


def extra_modules() -> set[str]:
    """The modules that the extras install, but for the tools of `dev`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name != "dev"}
    names = {re.split(r"[^\w-]", line)[0] for lines in extras.values() for line in lines}
    return {MODULES.get(name, name) for name in names - {"drive-stack"}} | {"torchvision"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "sitecustomize.py").write_text(HIDE.format(names=extra_modules()), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def run_all(
    commands: list[list[str]], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run several command lines in one process; the last line of the output lists their exit statuses."""
    source = f"import json, run_sim; print(json.dumps([run_sim.main(words) for words in {commands!r}]))"
    words = [sys.executable, "-c", source]
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_core_drives_records_evaluates_and_reports(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(SUITE, encoding="utf-8")
    course = ["--scenario", "cruise[route_length=40]", "--headless", "--json"]
    commands = [
        ["--agent", "modular", *course],
        ["--agent", "end_to_end", *course, "--record", "drive.mp4"],  # draws where the policy looks
        ["evaluate", "--suite", "short.yaml", "--agent", "constant", "--out", "run"],
        ["report", "run"],
    ]
    done = run_all(commands, environment, tmp_path)
    lines = done.stdout.splitlines()
    assert json.loads(lines[-1]) == [0, 0, 0, 0]
    assert [json.loads(line)["status"] for line in lines[:2]] == ["completed", "completed"]
    assert (tmp_path / "drive.mp4").stat().st_size > 0
    assert (tmp_path / "run" / "rows.csv").is_file() and (tmp_path / "run" / "report.html").is_file()
    assert not (tmp_path / "run" / "rows.parquet").exists()


def test_what_needs_an_extra_names_it(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "own.onnx").write_bytes(b"")
    needs = {
        "train": [["train", "lanes"], ["judge", "policy"], ["collect", "--out", "recordings"]],
        "eval": [["perception"], ["evaluate", "--inside", "--out", "run"]],
        "bench": [["bench"]],
        "ray": [["evaluate", "--suite", "smoke", "--agent", "constant", "--backend", "ray", "--out", "run"]],
        "onnx": [
            ["--agent", "own.onnx", "--headless", "--in-process"],
            ["--agent", "end_to_end", "--set", "engine=onnxruntime", "--headless"],
        ],
    }
    commands = [words for group in needs.values() for words in group]
    done = run_all(commands, environment, tmp_path)
    expected = [extra for extra, group in needs.items() for _ in group]
    assert json.loads(done.stdout.splitlines()[-1]) == [2] * len(commands)
    lines = [line for line in done.stderr.splitlines() if line.startswith("run_sim.py: ")]
    message = r"needs \w+, which is not installed; install it with: pip install .*\[(\w+)\]"
    found = [re.search(message, line) for line in lines]
    assert [match and match[1] for match in found] == expected


@pytest.mark.parametrize("command", ["train", "judge", "collect", "perception", "bench", "evaluate"])
def test_help_needs_no_extra(command: str, environment: dict[str, str]) -> None:
    words = [sys.executable, str(ROOT / "run_sim.py"), command, "--help"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f"usage: run_sim.py {command}" in done.stdout
