"""The driver by affordances on true ones, in scenarios of the catalogue: the limit of its design."""

from __future__ import annotations

from contextlib import closing

import pytest

from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.rollout import run_episode

VALIDATION_SEED = 100_000


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["cruise", "slow_lead", "stationary_lead", "curves"])
def test_true_affordances_suffice_for_simple_scenarios(scenario: str) -> None:
    with closing(DrivingEnv(EnvSpec(scenario, camera=False))) as env:
        agent = build_agent("affordances", env.platform, truth=env.truth, overrides=("estimator=oracle",))
        result = run_episode(env, agent, scenario=scenario, seed=VALIDATION_SEED)
    assert result.status is Status.COMPLETED and not result.at_fault
