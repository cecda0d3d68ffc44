"""No command makes network requests or writes to the home directory, whatever the libraries would do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from real_episodes import one_course

from drive_stack.support.telemetry import (
    cache_folder,
    opt_out,
    use_matplotlib_cache,
    without_openvino_telemetry,
)

ROOT = Path(__file__).resolve().parents[2]
SUITE = one_course(route_length=60)

# Every Python process imports it at its start, workers too: it records each network request.
WATCH = """\
import os, sys

WATCHED = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"}

def _hook(event, arguments):
    outside = event == "socket.connect" and isinstance(arguments[1], tuple)
    if event in WATCHED or outside:
        with open(os.environ["DRIVE_STACK_LOOKED_UP"], "a") as file:
            file.write(f"{event} {arguments!r} {sys.argv}\\n")

sys.addaudithook(_hook)
"""


def without_network() -> list[str]:
    """The prefix that runs a command in a network namespace without interfaces, where that is allowed."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return []
    prefix = [unshare, "--user", "--map-root-user", "--net"]
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []


class Machine:
    """A home directory of its own, and a record of the network requests."""

    def __init__(self, folder: Path) -> None:
        self.home, self.temporary, self.looked_up = folder / "home", folder / "tmp", folder / "looked_up"
        watch = folder / "watch"
        for path in (self.home, self.temporary, watch):
            path.mkdir()
        (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
        # CI=true would switch OpenVINO's telemetry off, and hide what a user's machine would do
        removed = ("CI", "XDG_", "MPLCONFIGDIR", "ORT_", "RAY_", "YOLO_", "NUMBA_CACHE_DIR", "DISPLAY")
        remaining = {key: value for key, value in os.environ.items() if not key.startswith(removed)}
        self.environment: Mapping[str, str] = remaining | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "DRIVE_STACK_LOOKED_UP": str(self.looked_up),
            "PYTHONPATH": os.pathsep.join([str(watch), str(ROOT)]),
        }

    def python(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*without_network(), sys.executable, *args],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def files_in_home(self) -> list[str]:
        """Files in the home directory, except those of the project's own cache."""
        files = [path.relative_to(self.home) for path in self.home.rglob("*")]
        return [
            str(path)
            for path in files
            if path.parts[:2] != (".cache", "drive-stack") and path.parts != (".cache",)
        ]

    def requests(self) -> str:
        return self.looked_up.read_text(encoding="utf-8") if self.looked_up.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_writes_no_file_and_makes_no_request(engine: str, machine: Machine) -> None:
    source = f"""
from drive_stack.perception.detector import WEIGHTS
from drive_stack.runtime.sessions import open_session
import numpy as np
session = open_session(WEIGHTS, engine={engine!r}, threads=1)
session.run(np.zeros(session.input_shape, dtype=np.uint8))
"""
    process = machine.python("-c", source)
    assert process.returncode == 0, process.stderr
    assert machine.files_in_home() == [] and machine.requests() == ""
    assert list(machine.home.iterdir()) == []  # not even a cache


@pytest.mark.slow
def test_driving_evaluating_and_reporting_write_no_file_and_make_no_request(
    machine: Machine, tmp_path: Path
) -> None:
    suite, run = tmp_path / "short.yaml", tmp_path / "run"
    suite.write_text(SUITE, encoding="utf-8")
    for args in (
        ["--agent", "modular", "--scenario", "cruise[route_length=60]", "--headless"],
        [
            "evaluate",
            "--agent",
            "end_to_end",
            "--agent",
            "modular",
            "--suite",
            str(suite),
            "--out",
            str(run),
            "--workers",
            "2",
        ],
        ["report", str(run)],
        ["replay", str(run), "--episode", "1", "--headless"],
    ):
        process = machine.python("run_sim.py", *args)
        assert process.returncode == 0, process.stderr
    assert (run / "report.html").is_file()
    assert machine.files_in_home() == [] and machine.requests() == ""
    assert list(machine.temporary.iterdir()) == []


def test_the_watch_sees_what_is_looked_up(machine: Machine) -> None:
    machine.python("-c", "import socket\ntry: socket.getaddrinfo('example.org', 80)\nexcept OSError: pass")
    assert "example.org" in machine.requests()
    (machine.home / "left").touch()
    assert machine.files_in_home() == ["left"]


def test_switches_are_set_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    opt_out()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "0" and os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_our_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use_matplotlib_cache()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "drive-stack" / "matplotlib")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says: to be ignored
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "drive-stack"
    assert list(tmp_path.iterdir()) == []


def test_openvino_telemetry_is_absent_only_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "openvino_telemetry", raising=False)
    with without_openvino_telemetry(), pytest.raises(ImportError):
        import openvino_telemetry  # noqa: F401, PLC0415
    assert "openvino_telemetry" not in sys.modules
    monkeypatch.setitem(sys.modules, "openvino_telemetry", sys)
    with without_openvino_telemetry():
        assert sys.modules["openvino_telemetry"] is None
    assert sys.modules["openvino_telemetry"] is sys
