"""The driver by affordances: on true affordances, and without weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from agents.affordances import AffordancesAgent
from agents.facts import agent_facts
from agents.registry import build_agent
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Agent
from envs.oracles import Oracles

ORACLE = ("estimator=oracle",)


def oracle_driver(world: TinyWorld) -> Agent:
    agent = build_agent("affordances", PLATFORM, truth=world, overrides=ORACLE)
    agent.reset(0)
    return agent


def test_with_true_affordances_it_keeps_its_lane() -> None:
    world = TinyWorld(straight_road(1, curvature=1.0 / 500.0), lateral_offset=0.6, speed=20.0)
    agent = oracle_driver(world)
    for _ in range(100):
        world.step(agent.act(world.observation()))
    assert abs(world.ego().lateral) < 0.15
    assert world.speed == pytest.approx(25.0, abs=1.0)


def test_with_true_affordances_it_stops_behind_a_stationary_vehicle() -> None:
    world = TinyWorld(straight_road(1), speed=25.0, bodies=[Body(station=220.0, lateral=0.0)])
    agent = oracle_driver(world)
    gaps = []
    for _ in range(200):
        world.step(agent.act(world.observation()))
        gaps.append(world.gap(world.bodies[0]))
    assert 2.0 < min(gaps) < 15.0
    assert world.speed < 0.1
    assert agent.trace is not None and agent.trace.plan is not None
    assert [track.id for track in agent.trace.tracks] == [1]  # the slot of the own lane


def test_it_overtakes_on_the_left() -> None:
    world = TinyWorld(straight_road(2), lane=1, bodies=[Body(station=90.0, lateral=-1.8, speed=12.0)])
    agent = oracle_driver(world)
    for _ in range(130):
        world.step(agent.act(world.observation()))
    assert world.gap(world.bodies[0]) < -8.0


def test_oracles_make_it_privileged_and_need_the_truth() -> None:
    facts = agent_facts("affordances", ORACLE)
    assert (facts.privileged, facts.uses_camera, facts.weights) == (True, False, {})
    with pytest.raises(ConfigError, match="truth"):
        build_agent("affordances", PLATFORM, overrides=ORACLE)
    world = TinyWorld(straight_road(1))
    grip = (*ORACLE, "grip=oracle")
    agent = build_agent(
        "affordances", PLATFORM, oracles=Oracles(world, PLATFORM), truth=world, overrides=grip
    )
    assert isinstance(agent, AffordancesAgent) and agent.privileged


def test_without_weights_one_line_says_which_command_makes_them(tmp_path: Path) -> None:
    overrides = (f"weights={tmp_path / 'affordances.trunk.onnx'}",)
    for attempt in (
        lambda: build_agent("affordances", PLATFORM, overrides=overrides),
        lambda: agent_facts("affordances", overrides),
    ):
        with pytest.raises(ConfigError, match=r"run_sim\.py train affordances") as error:
            attempt()
        assert "\n" not in str(error.value)
