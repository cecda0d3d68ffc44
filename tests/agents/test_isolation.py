"""Agents in a separate process: their answers, how they end, and what they cannot reach."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hostile_agents import ANSWERS, TRACES

from agents.foreign.isolated.agent import IsolatedAgent
from agents.registry import build_agent
from drive_stack.agent_errors import MAX_TEXT_BYTES, AgentError, bounded_text
from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Agent, Platform, close_agent
from drive_stack.types import Control, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

PLATFORM = Platform(VehicleParameters(), CameraModel())
LIMIT = 2.0  # for agents that never return [s]


def observation(speed: float = 15.0) -> Observation:
    image = np.arange(256 * 640 * 3, dtype=np.uint32).astype(np.uint8).reshape(256, 640, 3)
    return Observation(image, speed, 0.01, False, True, 30.0, NavigationCommand.CHANGE_LEFT, 0.1, True)


@contextlib.contextmanager
def started_agent(name: str, limit: float = LIMIT, module: str = "hostile_agents") -> Iterator[Agent]:
    agent = build_agent(f"{module}:{name}", PLATFORM, overrides=(f"step_limit={limit}",))
    try:
        agent.reset(1)
        yield agent
    finally:
        close_agent(agent)


def failure(agent: Agent, speed: float = 15.0) -> AgentError:
    with pytest.raises(AgentError) as caught:
        agent.act(observation(speed))
    assert "\n" not in str(caught.value)
    return caught.value


def processes_with(mark: str) -> list[int]:
    """Processes whose environment contains ``mark``, except this one."""
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                processes.append(int(folder.name))
    return processes


def all_ended(mark: str) -> bool:
    """Whether all processes whose environment contains ``mark`` end within 5 s."""
    deadline = time.monotonic() + 5.0
    while processes_with(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not processes_with(mark)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A text in the environment of all processes that the test starts, and in no other."""
    monkeypatch.setenv("HOSTILE_MARK", str(tmp_path / "rows.jsonl"))
    return str(tmp_path / "rows.jsonl")


# --- driving -------------------------------------------------------------------------------------


def test_an_agent_sees_and_answers_the_same_in_a_process_of_its_own() -> None:
    with started_agent("Echo", module="echo_agent") as isolated:
        assert isinstance(isolated, IsolatedAgent) and isolated.name == "echo"
        local = build_agent("echo_agent:Echo", PLATFORM, overrides=("in_process=true",))
        assert not isinstance(local, IsolatedAgent)
        local.reset(1)
        for speed in (0.1, 33.3):
            assert isolated.act(observation(speed)) == local.act(observation(speed))
            assert isolated.trace is not None and local.trace is not None
            assert isolated.trace.notes == local.trace.notes  # the observation, in full
            assert_same(isolated.trace, replace(local.trace, attention=None))


def assert_same(first: object, second: object) -> None:
    """As ``==``, also for arrays in records."""
    from golden_traces.codec import encode  # noqa: PLC0415

    assert type(first) is type(second)
    assert encode(replace(first, stage_ms=())) == encode(replace(second, stage_ms=()))  # type: ignore[type-var]


def test_memory_of_one_agent_ends_with_it(mark: str) -> None:
    agent = build_agent("simple_agents:Careless", PLATFORM)
    assert len(processes_with(mark)) == 2  # the keeper and the agent
    del agent
    gc.collect()
    assert all_ended(mark)


def test_the_time_limit_can_be_set_and_switched_off() -> None:
    for wrong in ("step_limit=0", "step_limit=nan", "step_limit=soon", "steplimit=3"):
        with pytest.raises(ConfigError, match="step_limit"):
            build_agent("simple_agents:Careless", PLATFORM, overrides=(wrong,))
    agent = build_agent("simple_agents:Careless", PLATFORM, overrides=("step_limit=none",))
    assert agent.act(observation()) == Control(0.0, 3.0)
    close_agent(agent)


# --- invalid answers -----------------------------------------------------------------------


def test_controls_are_checked() -> None:
    with started_agent("Answers") as agent:
        for index in range(len(ANSWERS)):
            assert "Control" in str(failure(agent, speed=index))


def test_traces_are_checked() -> None:
    with started_agent("Traces") as agent:
        for index in range(len(TRACES)):
            agent.reset(1)  # the last trace takes too many bytes and ends the process
            message = str(failure(agent, speed=index))
            assert "trace" in message or "at most" in message, index


@pytest.mark.parametrize("name", ["NumberAsName", "EndlessName"])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(AgentError, match="the agent's name"):
        build_agent(f"hostile_agents:{name}", PLATFORM)


def test_errors_of_any_text_are_shortened() -> None:
    with started_agent("Errors", limit=30.0) as agent:
        surrogate, huge, unprintable = (failure(agent, speed) for speed in range(3))
    assert "\\ud800 is no character" in str(surrogate)
    assert huge.details is not None and len(huge.details.encode()) <= MAX_TEXT_BYTES
    assert huge.details.rstrip().endswith("at the end") and "Traceback" in huge.details
    assert "WorseError" in str(unprintable)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SendsTooMuch", "200000000 bytes"),
        ("SendsHalf", "within 2 s"),
        ("SendsNoKind", "unknown kind 99"),
        ("SendsAnOldNumber", "not asked for"),
        ("SendsNotANumber", "finite"),
        ("SendsNothing", "no control"),
        ("SendsDeepJson", "no valid JSON"),
        ("SendsADeepTrace", "no valid JSON"),
        ("SendsAPickle", "no valid JSON"),
    ],
)
def test_messages_are_checked(name: str, message: str) -> None:
    with started_agent(name, module="hostile_messages") as agent:
        assert message in str(failure(agent))


# --- how they end----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Leaves", "SystemExit"),
        ("LeavesAtOnce", "ended with exit code 0"),
        ("Killed", "killed by SIGKILL"),
        ("Endless", "no answer within 2 s"),
        ("EndlessHoldingTheLock", "no answer within 2 s"),
        ("Talkative", "no answer within 2 s"),
        ("ClosesItsDescriptors", "ended with exit code"),
        ("LeavesChildren", "ended with exit code 0"),
    ],
)
def test_every_end_is_reported_and_leaves_no_process(
    name: str, message: str, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with started_agent(name) as agent:
        assert message in str(failure(agent))
    assert all_ended(mark)
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err) < 300_000 and "\x1b" not in printed.err


# --- what it cannot reach ------------------------------------------------------------------------


def test_no_world_is_in_its_memory() -> None:
    with started_agent("ReadsTheTruth", limit=30.0) as agent:
        agent.act(observation())
        assert agent.trace is not None and agent.trace.notes == ("found []",)


def test_files_memory_and_signals_are_out_of_its_reach(mark: str) -> None:
    rows = Path(mark)
    rows.write_text("a row\n")
    with started_agent("ReachesOut", limit=30.0) as agent:
        agent.act(observation())
        notes = agent.trace.notes if agent.trace is not None else ()
    if "confined: False" in notes:
        pytest.skip("this system has no Landlock")
    assert notes == (
        "confined: True",
        "write: PermissionError",
        "remove: PermissionError",
        "memory: PermissionError",
        "signal: PermissionError",
        "own folder: done",
    )
    assert rows.read_text() == "a row\n"


def test_a_privileged_class_is_built_in_the_simulator_and_its_object_must_agree() -> None:
    with pytest.raises(AgentError, match="its object does not"):
        build_agent("hostile_agents:InconsistentlyPrivileged", PLATFORM, truth=None)
    with pytest.raises(AgentError, match="AssertionError"):
        build_agent("hostile_agents:Privileged", PLATFORM, truth=None)


# --- agents that cannot be built -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (":X", "expected package.module:Class"),
        ("..x:Y", "expected package.module:Class"),
        ("x:", "expected package.module:Class"),
        ("a b:C", "expected package.module:Class"),
        ("a:b:c", "expected package.module:Class"),
        ("nowhere:Thing", "No module named 'nowhere'"),
        ("simple_agents:Carless", "did you mean Careless"),
        ("hostile_agents:NUMBER", "of type int, expected a class"),
        ("hostile_agents:NoAgent", "no method reset and no act"),
        ("hostile_agents:FailsInInit", "RuntimeError: no licence for this computer"),
        ("hostile_agents:LeavesInInit", "SystemExit: bye"),
        ("hostile_agents:EndsInInit", "ended with exit code 0"),
        ("hostile_agents:TakesNoPlatform", "TypeError"),
        ("not_python:X", "SyntaxError"),
        ("fails_on_import:X", "ZeroDivisionError"),
        ("leaves_on_import:X", "SystemExit"),
        ("lacks_a_library:X", "No module named 'no_such_library'"),
    ],
)
def test_what_cannot_be_built_is_reported_in_one_line(
    spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "not_python.py").write_text("class X:\n  def\n")
    (tmp_path / "fails_on_import.py").write_text("1 / 0\n")
    (tmp_path / "leaves_on_import.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "lacks_a_library.py").write_text("import no_such_library\n")
    with pytest.raises(ConfigError) as caught:
        build_agent(spec, PLATFORM)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "short", "ä" * 5000, "\ud800" * 3000, "\x1b[2J", "x" * 10**7])
def test_texts_are_shortened_to_valid_ones(text: str) -> None:
    short = bounded_text(text)
    assert len(short.encode()) <= MAX_TEXT_BYTES and bounded_text(short) == short
    assert (short == text) == (text in ("", "short"))
