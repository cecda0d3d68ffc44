"""``demo``: the race that it chooses, what it prints, and the video that it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import av
import pytest
from real_episodes import SHORT
from simple_agents import Careless

import run_sim
from drive_stack.app.commands.demo import VERDICT_SECONDS
from drive_stack.app.commands.demo.choice import DrivenRace, choose_race, is_telling
from drive_stack.app.commands.demo.plan import DEFAULT_DEMO, Course, load_demo
from drive_stack.app.race import RaceResult
from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.race import race_verdict
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.interfaces import Platform
from drive_stack.narration.telling import Narration
from drive_stack.narration.texts import milliseconds
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study_runner.decision_time import WARM_UP, TimedAgent
from drive_stack.vehicle import VehicleParameters

ERROR = error_result(BatchTask("cruise", 1, "modular", label="modular", config_hash=""), "first\nlast line")
DONE = replace(ERROR, status=Status.COMPLETED, error=None, driving_score=100.0)
HIT = replace(DONE, status=Status.COLLISION, at_fault=True, avoidable=True, driving_score=40.0)
UNAVOIDABLE = replace(HIT, avoidable=False, driving_score=20.0)
OFF_ROAD = replace(DONE, status=Status.OFF_ROAD, driving_score=60.0)
COURSES = [Course(scenario="cruise", seed=number, watch="Look") for number in range(3)]


@pytest.mark.parametrize(
    ("results", "telling"),
    [
        ((DONE, HIT), True),
        ((HIT, DONE), True),
        ((OFF_ROAD, DONE), True),
        ((DONE, DONE), False),
        ((HIT, OFF_ROAD), False),
        ((DONE, UNAVOIDABLE), False),
        ((replace(DONE, at_fault=True), DONE), True),  # it arrived, but hit something on its way
    ],
)
def test_a_race_is_telling_if_one_driver_alone_fails_where_a_careful_one_would_not(
    results: tuple[EpisodeResult, ...], telling: bool
) -> None:
    assert is_telling(results) is telling


def choose(outcomes: Mapping[int, tuple[EpisodeResult, ...]]) -> tuple[int, bool, list[int]]:
    """Which course is chosen, whether it is telling, and which were driven."""
    driven: list[int] = []

    def drive(course: Course) -> DrivenRace:
        driven.append(course.seed)
        results = outcomes[course.seed]
        verdict = race_verdict(("a", "b"), results)
        return DrivenRace(course, RaceResult(results, verdict), Narration((), verdict.text, ()))

    race, telling = choose_race(COURSES, drive)
    return race.course.seed, telling, driven


def test_the_first_telling_race_is_chosen_and_no_further_one_is_driven() -> None:
    outcomes = {0: (DONE, UNAVOIDABLE), 1: (DONE, OFF_ROAD), 2: (DONE, HIT)}
    assert choose(outcomes) == (1, True, [0, 1])


def test_without_a_telling_race_the_scores_decide() -> None:
    outcomes = {0: (DONE, DONE), 1: (DONE, UNAVOIDABLE), 2: (HIT, OFF_ROAD)}
    assert choose(outcomes) == (1, False, [0, 1, 2])


def test_a_driver_with_an_error_ends_the_demonstration() -> None:
    with pytest.raises(ConfigError, match=r"^modular failed on cruise, seed 1: last line$"):
        choose({0: (ERROR, DONE)})


def test_the_shipped_courses_have_validation_seeds() -> None:
    plan = load_demo(DEFAULT_DEMO)
    assert [driver.agent for driver in plan.drivers] == ["modular", "end_to_end"]
    assert {split_of(course.seed) for course in plan.courses} == {SeedSplit.VALIDATION}


def write_plan(folder: Path, scenario: str, *, seed: int = 3, drivers: str = "expert, constant") -> Path:
    path = folder / "demo.yaml"
    agents = "".join(f"  - {{agent: {name}, caption: drives}}\n" for name in drivers.split(", "))
    path.write_text(
        f"drivers:\n{agents}courses:\n  - {{scenario: '{scenario}', seed: {seed}, watch: Look}}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": SeedSplit.TEST.first}, "is a test seed; nothing is chosen on test seeds"),
        ({"scenario": "nowhere"}, "nowhere"),
        ({"drivers": "expert"}, "demo.yaml"),
        ({"drivers": "expert, nobody"}, "unknown agent 'nobody'"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], message: str
) -> None:
    plan = write_plan(tmp_path, **{"scenario": "cruise", **changes})  # type: ignore[arg-type]
    assert run_sim.main(["demo", "--config", str(plan), "--headless"]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("driving ")]
    assert len(lines) == 1 and message in lines[0]


def test_a_video_that_cannot_be_written_is_refused_before_anybody_drives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, video = write_plan(tmp_path, "cruise"), tmp_path / "nowhere" / "demo.mp4"
    assert run_sim.main(["demo", "--config", str(plan), "--headless", "--record", str(video)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and str(video) in lines[0]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "short.yaml").write_text(SHORT, encoding="utf-8")
    return write_plan(tmp_path, str(tmp_path / "short.yaml"))


def test_the_story_is_printed(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["demo", "--config", str(plan), "--headless"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:3] == ["  0.0 s  Look", "  0.0 s  expert: drives", "  0.0 s  constant: drives"]
    assert sum("Completes the route" in line for line in lines) == 2
    assert "no course separates the drivers" in printed.err


def test_the_first_decisions_are_not_in_the_price() -> None:
    """The first steps compile and fill caches: 1 s each, next to 2, 9 and 4 ms."""
    agent = TimedAgent(Careless(Platform(VehicleParameters(), CameraModel())))
    assert agent.mean_ms is None
    agent.seconds = [1.0] * WARM_UP
    assert agent.mean_ms == 1000.0
    agent.seconds += [0.002, 0.009, 0.004]
    assert agent.mean_ms == pytest.approx(5.0)
    assert (milliseconds(9.96), milliseconds(62.7)) == ("10.0 ms", "63 ms")


def test_the_demonstration_is_recorded_to_its_verdict(plan: Path, tmp_path: Path) -> None:
    video = tmp_path / "demo.mp4"
    args = ["demo", "--config", str(plan), "--headless", "--record", str(video)]
    assert run_sim.main(args) == 0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 30
        seconds = stream.frames / 30
    assert VERDICT_SECONDS + 1.0 < seconds < VERDICT_SECONDS + 4.0  # a drive of 1.5 to 3 s
