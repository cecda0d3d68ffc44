"""Batches of real episodes: rows do not depend on how they were driven, and what their hashes cover."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from batch_runs import TASKS, batch, row, task
from real_episodes import SHORT, content, episodes
from rich.console import Console

from agents.facts import agent_facts
from agents.registry import build_agent
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.progress import Tally, format_duration, show_progress
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row, readable_row, without_timings
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import Status
from drive_stack.runtime.weights import write_card
from drive_stack.support.layout import MODELS

ROOT = Path(__file__).resolve().parents[2]

# --- real episodes -------------------------------------------------------------------------------


@pytest.fixture
def short_course(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


def assert_rows_repeat(folder: Path, tasks: list[BatchTask]) -> None:
    """A run with one worker and an interrupted run that two workers resume give the same rows."""
    drive = partial(drive_task, build_agent)
    batch(folder / "whole", drive, tasks)
    batch(folder / "interrupted", drive, tasks[1:2])
    batch(folder / "interrupted", drive, tasks, workers=2)
    rows = [without_timings(read_rows(folder / name).values()) for name in ("whole", "interrupted")]
    assert len(rows[0]) == len(tasks) and rows[0] == rows[1]
    assert all(row.result.status is Status.COMPLETED for row in rows[0].values())


def test_rows_do_not_depend_on_how_they_were_driven(tmp_path: Path, short_course: Path) -> None:
    assert_rows_repeat(tmp_path, episodes("expert", short_course, range(100_000, 100_003)))


@pytest.mark.slow
def test_rows_of_an_agent_with_networks_do_not_depend_on_it_either(
    tmp_path: Path, short_course: Path
) -> None:
    assert_rows_repeat(
        tmp_path, episodes("modular", short_course, range(100_000, 100_003), ("perception.threads=1",))
    )


@pytest.mark.parametrize("agent", ["expert", "constant", "random"])
def test_an_agent_that_uses_no_camera_drives_the_same_without_one(short_course: Path, agent: str) -> None:
    (task,) = episodes(agent, short_course, range(100_000, 100_001))
    assert not task.uses_camera
    without, rendered = (
        drive_task(build_agent, replace(task, uses_camera=camera)) for camera in (False, True)
    )
    assert replace(without, stages_ms={}) == replace(rendered, stages_ms={})


def workers_in(group: int) -> list[str]:
    """Command lines of the processes of a group that multiprocessing spawned and that still run."""
    commands = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if os.getpgid(int(folder.name)) == group and "spawn_main" in command:
                commands.append(command)
    return commands


@pytest.mark.slow
def test_ctrl_c_prints_how_to_resume_and_leaves_no_process(tmp_path: Path, short_course: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "run_sim.py", "stages", "--only", "expert", "--workers", "2"]
    command += ["--scenarios", str(short_course), "--seeds", "400", "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, process_group=0) as run:
        try:
            while not (out / NAME).exists() or not read_rows(out):
                assert run.poll() is None
            assert workers_in(run.pid)
            os.killpg(run.pid, signal.SIGINT)
            messages = run.communicate(timeout=60)[1]
        finally:
            run.kill()
    saved = len(read_rows(out))
    assert run.returncode == 130 and f"{saved} of 400 rows are kept; the same command goes on" in messages
    assert "Traceback" not in messages
    assert workers_in(run.pid) == []


# --- what the hashes of a row cover ---------------------------------------------------------------


def test_the_hash_depends_on_contents_and_not_on_paths(tmp_path: Path, short_course: Path) -> None:
    def hash_of(path: Path, *overrides: str) -> str:
        return fingerprint(agent_facts("expert", overrides), content(path))

    first = hash_of(short_course)
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("# the same road\n" + SHORT)
    assert hash_of(elsewhere) == first
    assert hash_of(short_course, "tracking.tracker=kalman") != first
    elsewhere.write_text(SHORT.replace("110", "100"))
    assert hash_of(elsewhere) != first
    facts = agent_facts("expert")
    assert fingerprint(replace(facts, weights={"a.onnx": "00"}), "") != fingerprint(facts, "")
    assert fingerprint(facts, "", version="9") != fingerprint(facts, "")


def test_the_hash_covers_an_agents_file_and_its_networks(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text((ROOT / "configs" / "agents" / "modular.yaml").read_text())
    modular, copied = agent_facts("modular"), agent_facts(str(copy))
    assert modular == copied and set(modular.weights) == {"detector.int8.onnx", "lanes.onnx"}
    about = "about: drives by its front camera, through seven stages\n"
    assert about in copy.read_text()
    copy.write_text("# a comment\n" + copy.read_text().replace(about, "about: a remark\n"))
    assert agent_facts(str(copy)) == modular
    copy.write_text(copy.read_text() + "\nfaults: {camera: black}\n")
    assert agent_facts(str(copy)).content != modular.content


def test_the_hash_covers_weights_of_ones_own_by_their_content(tmp_path: Path) -> None:
    modular, weights = agent_facts("modular"), {}
    for name in ("detector.int8", "lanes"):
        (tmp_path / name).mkdir()
        weights[name] = tmp_path / name / "network.onnx"  # both files have the same name
        weights[name].write_bytes((MODELS / f"{name}.onnx").read_bytes())
        write_card(weights[name], "a command", {})
    keys = ("perception.detector_weights", "perception.lanes_weights")
    own = agent_facts("modular", [f"{key}={path}" for key, path in zip(keys, weights.values(), strict=True)])
    assert own.content == modular.content
    assert sorted(own.weights.values()) == sorted(modular.weights.values())
    one = agent_facts("modular", [f"{keys[1]}={weights['detector.int8']}"])
    assert one.weights["network.onnx"] == modular.weights["detector.int8.onnx"]


@pytest.mark.parametrize(
    ("agent", "overrides", "privileged", "uses_camera"),
    [
        ("expert", (), True, False),
        ("constant", (), False, False),
        ("modular", (), False, True),
        ("modular", ("perception.lanes=oracle",), True, True),
        ("modular", ("perception.detector=oracle", "perception.lanes=oracle"), True, True),
        ("modular", ("perception.detector=none", "perception.lanes=oracle"), True, False),
        ("simple_agents:Careless", (), False, True),
    ],
)
def test_facts_of_agents(agent: str, overrides: tuple[str, ...], privileged: bool, uses_camera: bool) -> None:
    facts = agent_facts(agent, overrides)
    assert (facts.privileged, facts.uses_camera) == (privileged, uses_camera)


AGENT_SOURCE = """\
from drive_stack.types import Control
import gains
class OwnAgent:
    name, privileged, uses_camera, trace = "own", False, False, None
    files = ("table.csv",)
    def __init__(self, platform): ...
    def reset(self, seed): ...
    def act(self, observation):
        from parts.late import answer
        return answer()
"""


def test_the_hash_covers_all_code_and_files_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "parts").mkdir()
    files = {
        "own_agent.py": AGENT_SOURCE,
        "gains.py": "GAIN = 1.0\n",
        "parts/__init__.py": "",
        "parts/late.py": "from . import deeper\n",
        "parts/deeper.py": "x = 1\n",
        "table.csv": "1,2\n",
        "unrelated.py": "y = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    hashes = {fingerprint(agent_facts("own_agent:OwnAgent"), "")}
    assert "own_agent" not in sys.modules  # its code was not run here
    (tmp_path / "unrelated.py").write_text("y = 2\n")
    assert fingerprint(agent_facts("own_agent:OwnAgent"), "") in hashes
    for name in set(files) - {"unrelated.py"}:
        with (tmp_path / name).open("a") as file:
            file.write("# changed\n")
        hashes.add(fingerprint(agent_facts("own_agent:OwnAgent"), ""))
    assert len(hashes) == len(files)
    hashes.add(fingerprint(agent_facts("own_agent:OwnAgent", ("in_process=true",)), ""))
    assert len(hashes) == len(files) + 1
    (tmp_path / "table.csv").unlink()
    with pytest.raises(ConfigError, match=r"table\.csv: no such file"):
        agent_facts("own_agent:OwnAgent")


@pytest.mark.parametrize("agent", ["human", "agents.human:HumanAgent"])
def test_the_human_driver_is_refused_in_batches(agent: str) -> None:
    with pytest.raises(ConfigError, match="human"):
        agent_facts(agent)


# --- agents that fail, or cheat ------------------------------------------------------------------


def test_a_batch_goes_on_whatever_agents_do(tmp_path: Path, short_course: Path) -> None:
    """The rows stay readable after each of them."""
    agents = ("FailsInInit", "EndsInInit", "LeavesAtOnce", "NumberAsName", "Answers", "LeavesPrivileged")
    tasks = [
        task
        for agent in (*(f"hostile_agents:{name}" for name in agents), "constant")
        for task in episodes(agent, short_course, range(100_000, 100_001))
    ]
    assert len(batch(tmp_path, partial(drive_task, build_agent), tasks)) == len(tasks)
    rows = {row.label.rpartition(":")[2]: row.result for row in read_rows(tmp_path).values()}
    messages = {name: (result.error or "").strip().splitlines()[-1:] for name, result in rows.items()}
    assert messages.pop("constant") == []
    expected = {
        "FailsInInit": "RuntimeError: no licence",
        "EndsInInit": "the agent's process ended with exit code 0",
        "LeavesAtOnce": "the agent's process ended with exit code 0",
        "NumberAsName": "the agent's name is of type int, expected text",
        "Answers": "IndexError: list index out of range",
        "LeavesPrivileged": "SystemExit: 0",
    }
    assert {name: lines[0] for name, lines in messages.items() if name != "FailsInInit"} == {
        name: line for name, line in expected.items() if name != "FailsInInit"
    }
    assert "no licence" in (rows["FailsInInit"].error or "")
    assert rows["LeavesPrivileged"].privileged and not rows["constant"].privileged
    assert all(result.status is Status.ERROR for name, result in rows.items() if name != "constant")


@pytest.mark.parametrize(
    "change",
    [
        {"stages_ms": {"agent": float("nan")}},
        {"stages_ms": {f"stage {number}": 1.0 for number in range(20_000)}},
        {"agent": 7},
        {"agent": "\ud800"},
        {"agent": object()},
        {"scores": {"none": "at all"}},
        {"speeds_mps": ("fast",)},
        {"at_fault": 3.5},
    ],
)
def test_a_row_that_could_not_be_read_becomes_an_error(change: dict[str, object]) -> None:
    task_of_row = task(7)
    valid = row(task_of_row)
    assert readable_row(valid, task_of_row) is valid or readable_row(valid, task_of_row) == valid
    replaced = readable_row(replace(valid, result=replace(valid.result, **change)), task_of_row)  # type: ignore[arg-type]
    assert replaced.result.status is Status.ERROR and "cannot be kept" in (replaced.result.error or "")
    assert replaced.key == valid.key and Row.from_json(replaced.to_json().encode()) == replaced


def test_an_error_of_any_size_becomes_a_short_one() -> None:
    task_of_row = task(7)
    huge = replace(
        row(task_of_row),
        result=replace(row(task_of_row).result, status=Status.ERROR, error="\ud800x" * 10**7),
    )
    assert len(readable_row(huge, task_of_row).to_json()) < 20_000
    assert readable_row(huge, task_of_row).result.status is Status.ERROR


def test_the_state_of_the_code_follows_the_sources(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "viewer").mkdir(parents=True)
    (package / "a.py").write_text("x = 1\n")
    first = source_hash([package])
    (package / "viewer" / "b.py").write_text("y = 1\n")
    assert source_hash([package]) == first  # the viewer is not part of an episode
    (package / "a.py").write_text("x = 2\n")
    assert source_hash([package]) != first


# --- progress ------------------------------------------------------------------------------------


def test_remaining_time_is_estimated_from_the_durations_of_each_label() -> None:
    slow = [task(seed, "slow") for seed in range(4)]
    tally = Tally([*TASKS, *slow], workers=2)
    assert tally.remaining_seconds is None and tally.status == "starting"
    tally.add(replace(row(TASKS[0]), wall_s=1.0))
    tally.add(replace(row(slow[0]), wall_s=11.0))
    assert tally.remaining_seconds == pytest.approx((5 * 1.0 + 3 * 11.0) / 2)
    assert tally.status == "100 % succeeded, about 19 s left"
    assert (format_duration(7500.0), format_duration(61.0)) == ("2 h 05 min", "1 min")


def test_progress_is_quiet_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO())
    with show_progress(TASKS[:3], 1, console) as listener:
        for driven in TASKS[:3]:
            listener.on_row(row(driven))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "3 of 3 episodes, 100 % succeeded\n"
