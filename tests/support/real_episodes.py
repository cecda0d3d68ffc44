"""Tasks of real episodes, a short scenario and a small suite, for the tests of batches and evaluations."""

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


def one_course(route_length: int) -> str:
    """A suite of one short course with one seed; ``route_length`` is in m."""
    return f"""\
name: short
description: For tests.
seeds: 1
courses:
  - {{scenario: cruise, set: {{route_length: {route_length}}}}}
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


SUITE = """\
name: tiny
description: For tests.
seeds: 1
courses:
  - {scenario: cruise, set: {route_length: 120}}
  - {scenario: cut_in, set: {route_length: 250}, grid: {actors.0.gap: [12, 14]}}
"""


def evaluate_command(suite: Path, out: Path, *agents: str, seeds: str = "100000:100002") -> list[str]:
    """Arguments of `run_sim.main` that evaluate ``agents`` on the suite file and write to ``out``."""
    options = ["evaluate", "--suite", str(suite), "--seeds", seeds, "--out", str(out)]
    return options + [word for agent in agents for word in ("--agent", agent)]
