"""Tasks of real episodes, for tests of batches."""

from __future__ import annotations

from pathlib import Path

from agents.facts import agent_facts
from drive_stack.evaluation.batch.fingerprint import fingerprint
from drive_stack.evaluation.batch.tasks import BatchTask
from envs.scenarios.scenario import load_scenario


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
