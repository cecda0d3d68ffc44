"""``evaluate --inside``: the stages of pipelines against the truth, policies against the expert."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drive_stack.app.episode_processes import Task, in_processes, measured
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.offline import OfflineErrors, offline_errors
from drive_stack.evaluation.run_facts import Driver
from drive_stack.evaluation.stage_errors.all_tables import stage_tables
from drive_stack.evaluation.stage_errors.report import as_json
from drive_stack.interfaces import close_agent
from drive_stack.report.inside_files import OFFLINE, PERCEPTION, OfflineFile
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import write_whole


@dataclass(frozen=True, slots=True)
class Course:
    """Where it is looked inside: one seed of each scenario."""

    scenarios: Sequence[str]
    seed: int


def look_inside(
    drivers: Mapping[str, Driver], course: Course, folder: Path, wiring: BatchWiring, workers: int
) -> None:
    """Drive the courses again and write what was found beside the rows, a file for each driver by label."""
    for label, driver in drivers.items():
        facts = wiring.agent_facts(driver.agent, driver.overrides)
        tasks = [Task(driver.agent, driver.overrides, name, course.seed) for name in course.scenarios]
        print(f"looking inside {label}: {len(tasks)} episodes", file=sys.stderr)
        if facts.staged:
            episodes = list(measured(tasks, wiring.build_agent, workers))
            write_whole(
                folder / PERCEPTION.format(unique_stem(label)), as_json(stage_tables(episodes), episodes)
            )
        elif facts.looks and not facts.privileged:
            found = in_processes(partial(ask, wiring.build_agent), tasks, workers)
            told = OfflineFile(label=label, episodes=tuple(one for one in found if one is not None))
            write_whole(folder / OFFLINE.format(unique_stem(label)), told.model_dump_json(indent=1) + "\n")


def ask(build: AgentBuilder, task: Task) -> OfflineErrors | None:
    """What the driver would do on the expert's drive; None where it fails."""
    with closing(DrivingEnv(EnvSpec(task.scenario))) as env:
        expert = build("expert", env.platform, oracles=env.oracles, truth=env.truth)
        student = build(task.agent, env.platform, overrides=task.overrides)
        try:
            return offline_errors(env, expert, student, scenario=task.scenario, seed=task.seed)
        finally:
            close_agent(student)
