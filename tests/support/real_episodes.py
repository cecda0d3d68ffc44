"""Short real episodes: their scenario, and their tasks in a batch."""

from __future__ import annotations

from pathlib import Path

from agents.facts import agent_facts
from drive_stack.evaluation.batch.fingerprint import fingerprint
from drive_stack.evaluation.batch.tasks import BatchTask
from envs.scenarios.scenario import load_scenario

SHORT = """\
name: short
description: A few seconds of driving.
source: made for this test
road: {kind: straight}
speed_limit_kmh: 110
route_length: {min: 45, max: 60}
time_limit: 20
traffic: {density: 8}
"""


def content(scenario: Path) -> str:
    return load_scenario(scenario).model_dump_json(exclude_unset=True)


def episodes(agent: str, scenario: Path, seeds: range, overrides: tuple[str, ...] = ()) -> list[BatchTask]:
    facts = agent_facts(agent, overrides)
    config = fingerprint(facts, content(scenario))
    return [
        BatchTask(
            str(scenario),
            seed,
            agent,
            overrides,
            label=agent,
            config_hash=config,
            privileged=facts.privileged,
            uses_camera=facts.uses_camera,
        )
        for seed in seeds
    ]
