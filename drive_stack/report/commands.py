"""Commands that drive an episode, or a whole run, again wherever the program is: in a clone too."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drive_stack.evaluation.run_facts import Driver, RunFacts
from drive_stack.evaluation.suite import load_suite, suites

_PROGRAM = ("python", "run_sim.py")


def episode_command(driver: Driver, scenario: str, seed: int) -> str:
    """Drives one episode in the viewer; it needs no folder of the run."""
    words = ("--agent", driver.agent, "--scenario", scenario, "--seed", str(seed))
    return shlex.join((*_PROGRAM, *words, *_settings(driver.overrides)))


def run_command(facts: RunFacts) -> str | None:
    """Drives the whole run again; None where its suite is a file of somebody's own."""
    if facts.suite not in suites():
        return None
    labels = list(facts.drivers)[1:]  # the reference drives along unasked
    words = ["evaluate", "--suite", facts.suite]
    if (facts.first_seed, facts.seeds) != _seeds_of(facts.suite):
        words += ["--seeds", f"{facts.first_seed}:{facts.first_seed + facts.seeds}"]
    for label in labels:
        words += ["--agent", facts.drivers[label].agent]
    for label in labels:
        prefix = f"{label}:" if len(labels) > 1 else ""
        words += _settings([prefix + override for override in facts.drivers[label].overrides])
    return shlex.join((*_PROGRAM, *words))


def _seeds_of(suite: str) -> tuple[int, int]:
    found = load_suite(suite)
    return found.first_seed, found.seeds


def _settings(overrides: Sequence[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]
