"""Episodes driven together are, bit for bit, those driven alone."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from short_course import short_course

from agents.networks import Networks
from agents.registry import build_agent
from drive_stack.config import ConfigError
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Rollout
from drive_stack.evaluation.together import Together, drive_together
from drive_stack.types import Control


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return short_course(tmp_path, least=20, most=45, density=12)


def tasks(
    scenario: Path, agent: str, seeds: Sequence[int], *overrides: str, camera: bool
) -> list[EpisodeTask]:
    return [EpisodeTask(agent, agent, overrides, str(scenario), seed, "", camera=camera) for seed in seeds]


def without_times(result: EpisodeResult) -> EpisodeResult:
    return replace(result, stages_ms={})


def controls_alone(task: EpisodeTask) -> list[Control]:
    """What the agent asked for, step by step."""
    env = DrivingEnv(EnvSpec(task.scenario, camera=task.camera))
    agent = build_agent(task.agent, env.platform, oracles=env.oracles, overrides=task.overrides)
    rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed)
    given = []
    while not rollout.done:
        trace = rollout.advance().trace
        assert trace is not None
        given.append(trace.control)
    env.close()
    return given


def controls_together(given: Sequence[EpisodeTask]) -> list[list[Control]]:
    controls: list[list[Control]] = [[] for _ in given]
    with Together(partial(build_agent, networks=Networks(streams=2)), threads=3) as together:
        for task in given:
            together.begin(task)
        rollouts = together.rollouts
        while together.rollouts:
            going = [not rollout.done for rollout in rollouts]
            together.advance()
            for rollout, said, went in zip(rollouts, controls, going, strict=True):
                trace = rollout._agent.trace
                assert trace is not None
                said.extend([trace.control] * went)
    return controls


def test_the_modular_drivers_from_pixels_do_what_they_do_alone(short: Path) -> None:
    given = tasks(short, "modular", range(100_000, 100_004), "perception.threads=1", camera=True)
    together = controls_together(given)
    assert min(map(len, together)) > 5
    assert together == [controls_alone(task) for task in given]


@pytest.mark.parametrize("worlds", [1, 3, 8])
def test_results_are_those_of_each_alone_however_many_are_under_way(short: Path, worlds: int) -> None:
    given = tasks(short, "random", range(100_000, 100_006), camera=False)
    driven = list(drive_together(build_agent, given, worlds=worlds))
    found = {task: without_times(result) for task, result in driven}
    assert found == {task: without_times(drive_task(build_agent, task)) for task in given}
    assert len({result.distance_m for result in found.values()}) == len(given)
    if worlds == 1:
        assert [task for task, _ in driven] == given


def test_oracles_that_read_the_labels_may_be_among_them(short: Path) -> None:
    oracle = ("perception.detector=oracle", "perception.lanes=oracle")
    given = [replace(task, privileged=True) for task in tasks(short, "modular", (1, 2), *oracle, camera=True)]
    found = dict(drive_together(build_agent, given, threads=2))
    assert found[given[1]].privileged
    assert without_times(found[given[1]]) == without_times(drive_task(build_agent, given[1]))


def test_an_agent_that_fails_ends_its_own_episode_only(short: Path) -> None:
    given = tasks(short, "random", (100_000,), camera=False)
    given += tasks(short, "test_together:Failing", (100_001,), camera=False)
    found = {task.agent: result for task, result in drive_together(build_agent, given)}
    assert found["random"].error is None
    assert found["test_together:Failing"].error is not None and "lost" in found["test_together:Failing"].error


class Failing:
    """Loses its way at the third step."""

    name, privileged, trace = "failing", False, None

    def __init__(self, platform: object) -> None:
        self._steps = 0

    def reset(self, seed: int) -> None:
        self._steps = 0

    def act(self, observation: object) -> Control:
        self._steps += 1
        if self._steps == 3:
            raise RuntimeError("lost")
        return Control(0.0, 0.0)


def test_breaking_off_leaves_neither_threads_nor_worlds(short: Path) -> None:
    before = threading.active_count()
    running = drive_together(
        build_agent, tasks(short, "random", range(100_000, 100_004), camera=False), worlds=2
    )
    next(running)
    running.close()
    gc.collect()
    assert threading.active_count() == before


def test_networks_are_loaded_once_for_equal_configurations(short: Path) -> None:
    networks = Networks(streams=2)
    platform = DrivingEnv(EnvSpec(str(short), camera=False)).platform
    for threads in (1, 1, 2):
        build_agent("modular", platform, overrides=[f"perception.threads={threads}"], networks=networks)
    assert len(networks._detectors) == len(networks._lanes) == 2


def test_wrong_arguments_are_refused_in_one_line(short: Path) -> None:
    with pytest.raises(ConfigError, match="threads must be at least 1, not 0"):
        Together(build_agent, threads=0)
    with pytest.raises(ConfigError, match="worlds must be at least 1, not 0"):
        next(drive_together(build_agent, [], worlds=0))
    unknown = tasks(short, "modullar", (1,), camera=False)
    with pytest.raises(ConfigError, match="modular"):
        next(drive_together(build_agent, unknown))
