"""``evaluate --inside``: compare the stages of pipelines with the truth, and policies with the expert."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drive_stack.app.episode_processes import map_in_processes, measure_episodes
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.episodes import EpisodeTask
from drive_stack.evaluation.offline import OfflineErrors, offline_errors
from drive_stack.evaluation.run_facts import Driver
from drive_stack.evaluation.stage_errors.all_tables import stage_tables
from drive_stack.evaluation.stage_errors.report import as_json
from drive_stack.interfaces import close_agent
from drive_stack.report.inside_files import OFFLINE, PERCEPTION, OfflineFile
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import write_atomically


@dataclass(frozen=True, slots=True)
class StageCourses:
    """The episodes of the comparison: one seed of each scenario."""

    scenarios: Sequence[str]
    seed: int


def evaluate_stages(
    drivers: Mapping[str, Driver], courses: StageCourses, folder: Path, wiring: BatchWiring, workers: int
) -> None:
    """Drive the courses again and write one JSON file for each driver into the folder of the rows.

    Drivers that leave a trace of their stages are compared with the truth. Other drivers that use the camera
    and do not read the truth are compared with the expert, on the expert's drives. The rest are left out.
    """
    for label, driver in drivers.items():
        facts = wiring.agent_facts(driver.agent, driver.overrides)
        tasks = [
            EpisodeTask(name, courses.seed, driver.agent, driver.overrides) for name in courses.scenarios
        ]
        print(f"evaluating the stages of {label}: {len(tasks)} episodes", file=sys.stderr)
        if facts.has_stage_trace:
            episodes = list(measure_episodes(tasks, wiring.build_agent, workers))
            write_atomically(
                folder / PERCEPTION.format(unique_stem(label)), as_json(stage_tables(episodes), episodes)
            )
        elif facts.uses_camera and not facts.privileged:
            errors = map_in_processes(partial(measure_offline, wiring.build_agent), tasks, workers)
            content = OfflineFile(label=label, episodes=tuple(own for own in errors if own is not None))
            write_atomically(
                folder / OFFLINE.format(unique_stem(label)), content.model_dump_json(indent=1) + "\n"
            )


def measure_offline(build: AgentBuilder, task: EpisodeTask) -> OfflineErrors | None:
    """Compare what an agent would do with the expert's drive; None where the agent fails."""
    with closing(DrivingEnv(EnvSpec(task.scenario))) as env:
        expert = build("expert", env.platform, oracles=env.oracles, truth=env.truth)
        student = build(task.agent, env.platform, overrides=task.overrides)
        try:
            return offline_errors(env, expert, student, scenario=task.scenario, seed=task.seed)
        finally:
            close_agent(student)
