"""Races: the winner, the leader, and that a race does not change how a driver drives."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import run_sim
from agents.registry import build_agent
from drive_stack.app.episodes import EpisodeSpec, Factories
from drive_stack.app.names import overrides_of
from drive_stack.app.race import RaceResult, RaceSession, race_names
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.race import CLOSE_SCORE, CLOSE_TIME, race_verdict
from drive_stack.evaluation.result import EpisodeResult, Status

SCENARIO = "stationary_lead"


def result(
    score: float = 90.0,
    seconds: float = 30.0,
    status: Status = Status.COMPLETED,
    *,
    hit: str | None = None,
    at_fault: bool = True,
) -> EpisodeResult:
    return EpisodeResult(
        agent="any",
        privileged=False,
        scenario=SCENARIO,
        seed=1,
        status=status,
        collision_with=hit,
        at_fault=at_fault if hit else None,
        fault_reason=None,
        impact_speed_mps=None,
        route_completion=1.0,
        distance_m=412.3,
        duration_s=seconds,
        mean_speed_mps=20.0,
        min_ttc_s=None,
        comfort=1.0,
        off_lane=0.0,
        driving_score=score,
        clamped_actions=0,
    )


CRASH = result(99.0, 5.0, Status.COLLISION, hit="vehicle")


def decide(*results: EpisodeResult) -> tuple[int | None, str]:
    decision = race_verdict([f"d{index}" for index in range(len(results))], results)
    return decision.winner, decision.text


def test_a_success_beats_any_score_of_a_failure() -> None:
    assert decide(result(10.0, 60.0), CRASH) == (0, "d0 wins: d1 hit a vehicle at 412 m")
    assert decide(result(99.0, hit="object"), result(10.0))[0] == 1


def test_a_collision_that_is_not_at_fault_does_not_count() -> None:
    assert decide(result(80.0, hit="vehicle", at_fault=False), result(70.0, 10.0))[0] == 0


def test_then_the_score_decides_and_then_the_time() -> None:
    assert decide(result(80.0, 20.0), result(90.0, 40.0)) == (
        1,
        "d1 wins: driving score 90.0 against 80.0 of d0",
    )
    assert decide(result(90.0, 32.0), result(90.2, 35.1)) == (0, "d0 wins: 3.1 s sooner than d1")


def test_among_failures_the_score_decides_and_the_winner_s_failure_is_stated() -> None:
    stuck = result(50.0, status=Status.STUCK)
    assert decide(CRASH, stuck)[1].startswith("d0 hit a vehicle at 412 m, yet wins: driving score 99.0")


def test_a_small_difference_is_a_tie() -> None:
    first, second = result(90.0, 30.0), result(90.0 + 0.9 * CLOSE_SCORE, 30.0 + 0.9 * CLOSE_TIME)
    winner, text = decide(first, second, CRASH)
    assert winner is None and text.startswith("a tie between d0 and d1:")
    assert decide(CRASH, dataclasses.replace(CRASH, duration_s=9.0))[0] is None


@given(
    st.lists(
        st.builds(
            result,
            st.floats(0.0, 100.0),
            st.floats(1.0, 100.0),
            st.sampled_from([Status.COMPLETED, Status.COLLISION, Status.STUCK, Status.ERROR]),
            hit=st.sampled_from([None, "vehicle", "object"]),
        ),
        min_size=2,
        max_size=4,
    )
)
def test_the_order_of_the_drivers_does_not_matter(results: list[EpisodeResult]) -> None:
    forth, _ = decide(*results)
    back, _ = decide(*results[::-1])
    assert back == (None if forth is None else len(results) - 1 - forth)


def test_names_are_short_and_distinct() -> None:
    specs = ("modular", "my/own.yaml", "a.b:Careful", "modular")
    assert race_names(specs) == ("modular 1", "own", "Careful", "modular 2")


def test_overrides_apply_to_the_drivers_that_they_name() -> None:
    specs = ("modular", "expert", "modular")
    overrides = ("modular:a=1", "modular 2:b=2:3", "expert:c=4")
    assert [overrides_of(index, specs, overrides) for index in range(3)] == [
        ("a=1",),
        ("c=4",),
        ("a=1", "b=2:3"),
    ]
    assert overrides_of(0, ("modular",), ("a=1",)) == ("a=1",)
    with pytest.raises(ConfigError, match="modular:a=1"):
        overrides_of(0, specs, ("a=1",))


def factories(agent: str) -> Factories:
    return Factories(
        env=lambda scenario: DrivingEnv(EnvSpec(scenario)),
        agent=lambda env: build_agent(agent, env.platform, oracles=env.oracles, truth=env.truth),
    )


def untimed(result: EpisodeResult) -> EpisodeResult:
    return dataclasses.replace(result, stages_ms={}, agent="")


def test_equal_drivers_observe_the_same_and_stop_at_their_end() -> None:
    races: list[RaceResult] = []
    session = RaceSession(
        [factories("constant"), factories("random"), factories("constant")],
        ("one", "two", "three"),
        [EpisodeSpec(SCENARIO, 3), EpisodeSpec(SCENARIO, 4)],
        catalogue=(SCENARIO,),
        on_result=races.append,
    )
    try:
        frame, steps = session.reset(), 0
        ended: dict[int, float] = {}
        while not session.done:
            frame, steps = session.step(), steps + 1
            for index, one in enumerate(frame.drivers):
                if one.outcome is None:
                    assert one.state.time == pytest.approx((steps - 1) * session.dt)
                else:
                    assert ended.setdefault(index, one.state.time) == one.state.time
            first, third = frame.drivers[0], frame.drivers[2]
            assert (first.observation.image == third.observation.image).all()
            assert first.state.ego == third.state.ego
        assert frame.verdict is not None and len(races) == 1
        assert untimed(races[0].results[0]) == untimed(races[0].results[2])
        following = session.next_episode()
        assert following is not None and following.drivers[0].seed == 4 and following.verdict is None
        assert session.next_episode() is None
    finally:
        session.close()


@pytest.mark.parametrize(
    ("agents", "rest", "message"),
    [
        (["constant"] * 5, [], "at most 4"),
        (["human", "constant"], ["--headless"], "needs a window"),
        (["human", "human"], [], "one keyboard"),
        (["constant", "modlar"], ["--headless"], "did you mean modular or modular_level?"),
        (["modular", "modular"], ["--set", "a=1"], "modular:a=1"),
        (["constant", "modular"], ["--headless", "--set", "modular:planer=x"], "planning"),
    ],
)
def test_bad_input_gets_one_clear_line(
    agents: list[str], rest: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [part for agent in agents for part in ("--agent", agent)]
    assert run_sim.main([*flags, *rest]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
