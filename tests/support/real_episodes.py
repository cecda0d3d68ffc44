"""Tasks of real episodes, for tests of batches."""

from __future__ import annotations

from pathlib import Path

from agents.facts import agent_facts
from drive_stack.evaluation.batch.fingerprint import fingerprint
from drive_stack.evaluation.batch.tasks import EpisodeTask
from envs.scenarios.scenario import load_scenario


def content(scenario: Path) -> str:
    return load_scenario(scenario).model_dump_json(exclude_unset=True)


def episodes(agent: str, scenario: Path, seeds: range, overrides: tuple[str, ...] = ()) -> list[EpisodeTask]:
    facts = agent_facts(agent, overrides)
    config = fingerprint(facts, content(scenario))
    return [
        EpisodeTask(agent, agent, overrides, str(scenario), seed, config, facts.privileged, facts.looks)
        for seed in seeds
    ]
