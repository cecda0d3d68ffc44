"""Commands that repeat an episode or a whole run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drive_stack.evaluation.run_facts import Driver, RunFacts
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.support.layout import COMMAND


def episode_command(driver: Driver, scenario: str, seed: int) -> str:
    """The command that repeats one episode in the viewer; it does not need the run folder."""
    options = ("--agent", driver.agent, "--scenario", scenario, "--seed", str(seed))
    return shlex.join((*COMMAND, *options, *_settings(driver.overrides)))


def race_command(first: Driver, second: Driver, scenario: str, seed: int) -> str:
    """The command that repeats an episode of two drivers next to each other in the viewer.

    If both are the same agent with different settings, it repeats the first alone.
    """
    if first.agent == second.agent:
        return episode_command(first, scenario, seed)
    drivers = (first, second)
    agents = [option for driver in drivers for option in ("--agent", driver.agent)]
    settings = [f"{driver.agent}:{override}" for driver in drivers for override in driver.overrides]
    options = ("--scenario", scenario, "--seed", str(seed))
    return shlex.join((*COMMAND, *agents, *options, *_settings(settings)))


def run_command(facts: RunFacts) -> str | None:
    """The command that repeats a whole run; None where its suite is a user's own file."""
    if facts.suite not in suites():
        return None
    labels = list(facts.drivers)[1:]  # evaluate adds the reference driver itself
    options = ["evaluate", "--suite", facts.suite]
    if (facts.first_seed, facts.seeds) != _seeds_of(facts.suite):
        options += ["--seeds", f"{facts.first_seed}:{facts.first_seed + facts.seeds}"]
    for label in labels:
        options += ["--agent", facts.drivers[label].agent]
    for label in labels:
        prefix = f"{label}:" if len(labels) > 1 else ""
        options += _settings([prefix + override for override in facts.drivers[label].overrides])
    return shlex.join((*COMMAND, *options))


def _seeds_of(suite: str) -> tuple[int, int]:
    loaded = load_suite(suite)
    return loaded.first_seed, loaded.seeds


def _settings(overrides: Sequence[str]) -> list[str]:
    return [option for override in overrides for option in ("--set", override)]
