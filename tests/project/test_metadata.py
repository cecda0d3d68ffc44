"""What describes the project to other programs agrees, and `--help` imports nothing slow."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import drive_stack
from drive_stack.app.commands.table import NAMES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SLOW = {
    "av",
    "cv2",
    "gymnasium",
    "matplotlib",
    "numba",
    "openvino",
    "panda3d",
    "pygame",
    "rich",
    "scipy",
    "torch",
}
HELP = """
import json, sys, run_sim
try:
    run_sim.main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
sys.exit(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def test_the_citation_names_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == drive_stack.__version__
    assert citation["license"] == PROJECT["license"]


def test_every_python_that_is_promised_is_checked() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    checked = workflow["jobs"]["checks"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: 3."
    assert checked == [name[len(prefix) - 2 :] for name in PROJECT["classifiers"] if name.startswith(prefix)]
    assert PROJECT["requires-python"] == f">={checked[0]}"


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], *([name, "--help"] for name in NAMES)], ids=" ".join
)
def test_help_imports_nothing_slow(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "run_sim.py" in done.stdout or drive_stack.__version__ in done.stdout
    assert not SLOW & set(json.loads(done.stderr))
