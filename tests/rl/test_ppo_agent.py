"""The driver learnt by reinforcement: what it reads, when it decides, and that it drives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.facts import agent_facts
from agents.ppo import WEIGHTS, PpoAgent, PpoConfig
from agents.registry import build_agent
from drive_stack.errors import ConfigError
from drive_stack.runtime.weights import Card, card_path, read_card, write_card
from drive_stack.vehicle import control_to_action
from envs.highway import HighwayEnv

CONFIG = PpoConfig(kind="ppo", name="ppo")


def environment(scenario: str = "cruise") -> HighwayEnv:
    return HighwayEnv(scenario, camera=False)


def test_it_is_labelled_privileged_and_needs_no_camera() -> None:
    facts = agent_facts("ppo")
    assert (facts.name, facts.privileged, facts.uses_camera, facts.has_stage_trace) == (
        "ppo",
        True,
        False,
        False,
    )
    assert set(facts.weights) == {WEIGHTS.name}
    assert build_agent("ppo", environment().platform, truth=environment().truth).privileged


def test_it_is_refused_without_the_truth() -> None:
    with pytest.raises(ConfigError, match="reads the truth"):
        build_agent("ppo", environment().platform)


def test_it_decides_at_its_period_and_carries_on_in_between() -> None:
    env = environment("dense_traffic")
    agent = PpoAgent(CONFIG, env.platform, env.truth)
    env.reset(seed=100_000)
    agent.reset(100_000)
    decided = []
    for step in range(80):
        before, control = agent.trace, agent.act(env.observation())
        assert agent.trace is not None
        if before is None or agent.trace.notes != before.notes:
            decided.append(step)
        env.step(control_to_action(control, env.platform.car))
    assert decided
    assert all(step % 5 == 0 for step in decided)


def test_it_completes_a_course_behind_a_slow_car_and_repeats_itself() -> None:
    env = environment("slow_lead")
    agent = PpoAgent(CONFIG, env.platform, env.truth)
    ends = []
    for _ in range(2):
        env.reset(seed=100_001)
        agent.reset(100_001)
        ended = False
        while not ended:
            _, _, terminated, truncated, _ = env.step(
                control_to_action(agent.act(env.observation()), env.platform.car)
            )
            ended = terminated or truncated
        ends.append((env.world.outcome, env.world.time, env.world.ego))
    assert ends[0] == ends[1]
    assert ends[0][0] == "completed"


def test_a_card_with_another_layout_is_refused(tmp_path: Path) -> None:
    weights = tmp_path / "other.onnx"
    weights.write_bytes(WEIGHTS.read_bytes())
    layout = {"action": "discrete_meta", "decision_period": 0.5, "vector": 52}
    write_card(weights, "made for this test", {"layout": layout})
    config = CONFIG.model_copy(update={"weights": weights})
    with pytest.raises(ConfigError, match=r"other.card.json: .*vector"):
        PpoAgent(config, environment().platform, environment().truth)


def test_the_card_says_how_it_was_trained_and_measured() -> None:
    read_card(WEIGHTS, "", Card)  # the hash is right
    card = json.loads(card_path(WEIGHTS).read_text(encoding="utf-8"))
    training, validation = card["training"], card["validation"]
    assert training["seeds"] == [0, 99_999]
    assert validation["seeds"] == [100_000, 100_039]
    completed = {name: score["completed"] for name, score in validation["scenarios"].items()}
    assert set(completed) == {"cruise", "slow_lead", "dense_traffic"}
    assert min(completed.values()) >= 28  # 70 % of 40
