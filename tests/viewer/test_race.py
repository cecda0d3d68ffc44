"""Races: the winner, the leader, that a race does not change any drive, and how it is shown."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from real_episodes import SHORT

import run_sim
from agents.registry import build_agent
from drive_stack.app.episodes import EpisodeSpec, Factories
from drive_stack.app.names import overrides_of
from drive_stack.app.race import RaceResult, RaceSession, race_names
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.race import leader, race_verdict
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.viewer.race.frame import RaceRenderer
from drive_stack.viewer.race.layout import arrange_race

NAMES = ("first", "second")
DONE = replace(
    error_result(BatchTask("cruise", 1, "a", label="a", config_hash=""), ""),
    status=Status.COMPLETED,
    error=None,
    route_completion=1.0,
    distance_m=800.0,
    duration_s=40.0,
    driving_score=100.0,
)
CRASHED = replace(
    DONE,
    status=Status.COLLISION,
    collision_with="vehicle",
    at_fault=True,
    distance_m=412.0,
    driving_score=30.0,
)


@pytest.mark.parametrize(
    ("results", "winner", "text"),
    [
        ((DONE, CRASHED), 0, "first wins: second hit a vehicle at 412 m"),
        ((CRASHED, DONE), 1, "second wins: first hit a vehicle at 412 m"),
        ((DONE, replace(DONE, duration_s=43.5)), 0, "first wins: 3.5 s sooner than second"),
        ((replace(DONE, driving_score=80.0), DONE), 1, "driving score 100.0 against 80.0 of first"),
        ((DONE, replace(DONE, duration_s=40.1)), None, "a tie between first and second"),
        ((CRASHED, replace(CRASHED, driving_score=45.0)), 1, "yet wins: driving score 45.0 against 30.0"),
        ((replace(CRASHED, at_fault=False), DONE), 1, "first was hit by a vehicle at 412 m"),
        ((DONE, replace(DONE, status=Status.STUCK, driving_score=50.0)), 0, "second stood for too long"),
        ((replace(DONE, status=Status.ERROR, driving_score=0.0), DONE), 1, "first failed"),
    ],
)
def test_who_wins_and_why(results: tuple[EpisodeResult, ...], winner: int | None, text: str) -> None:
    decision = race_verdict(NAMES, results)
    assert decision.winner == winner
    assert text in decision.text


def test_a_single_driver_wins_whatever_happens() -> None:
    assert race_verdict(["a"], [CRASHED]).text == "a hit a vehicle at 412 m"
    assert race_verdict(["a"], [CRASHED]).winner == 0


def test_the_verdict_does_not_depend_on_the_order_of_the_drivers() -> None:
    field = {
        "a": DONE,
        "b": CRASHED,
        "c": replace(DONE, driving_score=90.0),
        "d": replace(DONE, duration_s=39.0),
    }
    for names in itertools.permutations(field):
        decision = race_verdict(names, [field[name] for name in names])
        assert decision.winner is not None and names[decision.winner] == "d"


@pytest.mark.parametrize(
    ("progress", "has_ended", "expected"),
    [
        ((0.2, 0.5), (False, False), 1),
        ((0.2, 0.5), (False, True), 0),
        ((0.5, 0.5), (False, False), None),
        ((0.2, 0.5), (True, True), None),
    ],
)
def test_who_leads(progress: tuple[float, ...], has_ended: tuple[bool, ...], expected: int | None) -> None:
    assert leader(progress, has_ended) == expected


def test_drivers_with_the_same_name_get_numbers() -> None:
    assert race_names(["expert", "constant", "expert"]) == ("expert 1", "constant", "expert 2")
    with pytest.raises(ConfigError, match="at most 4"):
        race_names(["expert"] * 5)


def test_in_a_race_an_override_names_its_driver() -> None:
    agents = ["modular", "expert"]
    args = ["modular:perception.threads=1", "expert:control.lateral=lqr"]
    assert overrides_of(0, agents, args) == ("perception.threads=1",)
    assert overrides_of(1, agents, args) == ("control.lateral=lqr",)
    assert overrides_of(0, ["modular"], ["perception.threads=1"]) == ("perception.threads=1",)
    with pytest.raises(ConfigError, match="name the agent it is for, such as modular:perception"):
        overrides_of(0, agents, ["perception.threads=1"])


# --- driving -------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


def factories(spec: str) -> Factories:
    def build(env: DrivingEnv) -> object:
        return build_agent(spec, env.platform, oracles=env.oracles, truth=env.truth)

    return Factories(env=lambda scenario: DrivingEnv(EnvSpec(scenario)), agent=build)  # type: ignore[arg-type]


def run_races(
    specs: list[str], course: Path, seeds: range, observe: Callable[[object], None]
) -> list[RaceResult]:
    results: list[RaceResult] = []
    episodes = [EpisodeSpec(str(course), seed) for seed in seeds]
    names = race_names(specs)
    session = RaceSession(
        [factories(spec) for spec in specs], names, episodes, catalogue=["cruise"], on_result=results.append
    )
    frame = session.reset()
    while frame is not None:
        while not session.done:
            observe(session.step())
        frame = session.next_episode()
    session.close()
    return results


def test_a_race_does_not_change_any_drive(course: Path) -> None:
    races = run_races(["modular", "constant", "expert"], course, range(3, 5), lambda _: None)
    assert [race.results[0].seed for race in races] == [3, 4]
    for race in races:
        for result in race.results:
            env = DrivingEnv(EnvSpec(str(course)))
            agent = build_agent(result.agent, env.platform, oracles=env.oracles, truth=env.truth)
            single = run_episode(env, agent, scenario=str(course), seed=result.seed)
            env.close()
            assert replace(single, stages_ms={}) == replace(result, stages_ms={})


def test_all_drivers_are_shown_until_the_last_one_is_done_and_then_the_verdict(course: Path) -> None:
    frames: list[object] = []
    run_races(["constant", "expert"], course, range(3, 4), frames.append)
    times = np.array([[driver.state.time for driver in frame.drivers] for frame in frames])  # type: ignore[attr-defined]
    ended = [[driver.outcome is not None for driver in frame.drivers] for frame in frames]  # type: ignore[attr-defined]
    for (before, after), has_ended in zip(itertools.pairwise(times), ended, strict=False):
        assert all(
            time == earlier for time, earlier, done in zip(after, before, has_ended, strict=True) if done
        )
    verdicts = [frame.verdict for frame in frames]  # type: ignore[attr-defined]
    assert verdicts[-1] is not None and not any(verdicts[:-1])


# --- showing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("drivers", [2, 3, 4])
@pytest.mark.parametrize("size", [(900, 560), (1280, 720), (1600, 900), (2560, 1080)])
def test_parts_neither_overlap_nor_leave_the_window(drivers: int, size: tuple[int, int]) -> None:
    layout = arrange_race(*size, drivers, 2.5)
    parts = [layout.header, *layout.cameras, *layout.bars, layout.strip, layout.footer]
    assert len(layout.cameras) == len(layout.bars) == drivers
    for part in parts:
        assert part.width > 0 and part.height > 0
        assert (
            part.left >= 0
            and part.right <= layout.size[0]
            and part.top >= 0
            and part.bottom <= layout.size[1]
        )
    for first, second in itertools.combinations(parts, 2):
        assert not first.colliderect(second), (first, second)
    assert layout.strip.height > 20 * drivers


def test_a_race_is_drawn_and_who_leads_shows(course: Path) -> None:
    frames: list[object] = []
    run_races(["constant", "expert"], course, range(3, 4), frames.append)
    renderer = RaceRenderer(1280, 720)
    during = renderer.draw(frames[5]).copy()  # type: ignore[arg-type]
    without_leader = renderer.draw(replace(frames[5], leader=None)).copy()  # type: ignore[type-var]
    done = renderer.draw(frames[-1])  # type: ignore[arg-type]
    assert during.shape == (720, 1280, 3) and during.std() > 20.0
    assert not np.array_equal(during, without_leader) and not np.array_equal(during, done)


def test_the_command_line_races_and_reports_the_winner(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["--agent", "expert", "--agent", "constant", "--scenario", str(course), "--headless", "--json"]
    assert run_sim.main([*args, "--episodes", "2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("agent") for line in lines] == ["expert", "constant", None] * 2
    assert {"scenario", "seed", "verdict", "winner"} == set(lines[2])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--agent", "expert"] * 5, "at most 4 agents"),
        (["--agent", "expert", "--agent", "nobody"], "unknown agent 'nobody'"),
        (["--agent", "expert", "--agent", "modular", "--set", "a=1"], "name the agent"),
        (["--agent", "expert", "--agent", "human"], "needs a window"),
    ],
)
def test_impossible_races_are_refused_in_one_line(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main([*args, "--headless"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]
