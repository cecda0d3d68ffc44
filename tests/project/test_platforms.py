"""Windows and macOS lack parts of the standard library: without them, driving and evaluating work too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from real_episodes import one_course

ROOT = Path(__file__).resolve().parents[2]
# Read by every Python process at its start, workers too. What Python itself needs on Linux, it keeps.
HIDE = """\
import os, signal, sys

for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
for name in ("sysconf", "setsid", "killpg", "fork", "O_NOFOLLOW", "O_NONBLOCK", "sched_getaffinity"):
    delattr(os, name)
for name in ("pthread_sigmask", "SIGHUP", "SIGCHLD"):
    delattr(signal, name)
"""
SUITE = one_course(route_length=40)
COMMANDS = """\
import json, run_sim
course = ["--scenario", "cruise[route_length=40]", "--headless", "--json"]
print(json.dumps([run_sim.main(words) for words in (
    ["--agent", "modular", *course],
    ["evaluate", "--suite", "short.yaml", "--agent", "constant", "--out", "run"],
    ["--agent", "own:Straight", *course],
    ["--agent", "own:Straight", "--in-process", *course],
)]))
"""
OWN_AGENT = """\
from drive_stack.types import Control

class Straight:
    name, privileged, trace = "straight", False, None

    def __init__(self, platform): pass
    def reset(self, seed): pass
    def act(self, observation): return Control(0.0, 0.0)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
    (tmp_path / "own.py").write_text(OWN_AGENT, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}


def test_what_only_linux_has_is_not_needed(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(SUITE, encoding="utf-8")
    words = [sys.executable, "-c", COMMANDS]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    *results, statuses = [json.loads(line) for line in done.stdout.splitlines() if line[:1] in "{["]
    assert statuses == [0, 0, 2, 0]
    assert [result["status"] for result in results] == ["completed", "completed"]
    assert "an agent of your own needs Linux or macOS; add --in-process" in done.stderr
    assert len((tmp_path / "run" / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 2
