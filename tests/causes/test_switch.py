"""Replacing parts of a driver during an episode."""

from __future__ import annotations

import math

import pytest
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.stages import build_perception, perception_with_oracles
from agents.switch import Switch
from drive_stack.errors import ConfigError
from envs.oracles import Oracles
from envs.oracles.perception import TrueLifter
from envs.oracles.tracks import TrueTracker


def test_a_switch_is_on_from_its_step_on_in_every_episode() -> None:
    switch = Switch(0.3, 0.1)  # 3 · 0.1 is a little more than 0.3
    assert [switch.step() for _ in range(5)] == [False, False, False, True, True]
    switch.reset()
    assert [switch.step() for _ in range(4)] == [False, False, False, True]


def test_a_switch_is_on_at_once_or_never() -> None:
    assert Switch(0.0, 0.1).step()
    never = Switch(math.inf, 0.1)
    assert not any(never.step() for _ in range(1000))


def test_the_named_stages_of_perception_are_replaced_and_no_others() -> None:
    config = ModularConfig.model_validate(
        {"name": "n", "perception": {"detector": "none", "lanes": "oracle"}}
    )
    oracles = Oracles(TinyWorld(straight_road(1)), PLATFORM)
    stages = build_perception(config.perception, config.tracking, PLATFORM, oracles)
    replaced = perception_with_oracles(stages, ("lifter", "tracker"), oracles)
    assert isinstance(replaced.lifter, TrueLifter)
    assert isinstance(replaced.tracker, TrueTracker)
    assert replaced.detector is stages.detector
    assert replaced.lanes is stages.lanes
    assert perception_with_oracles(stages, (), None) is stages
    with pytest.raises(ConfigError, match="truth"):
        perception_with_oracles(stages, ("tracker",), None)
