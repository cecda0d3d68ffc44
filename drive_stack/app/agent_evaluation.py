"""Drive agents on the courses of a suite, the expert first, and keep a row for each episode."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from drive_stack.app.names import names_of, overrides_of
from drive_stack.app.reference_rows import add_shipped_rows
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import DrivingOptions, drive_missing
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.pace import announce, build_for
from drive_stack.evaluation.batch.row_file import RECORDINGS, RowFile, open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.redraws.records import Redraw, paired_bases
from drive_stack.evaluation.redraws.search import find_redraws
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts, write_facts
from drive_stack.evaluation.schemes.scoring import ExpertDrive
from drive_stack.evaluation.suite import Suite
from drive_stack.report.clips.clip_recorder import ClipRecorder
from drive_stack.report.gallery import CLIPS
from drive_stack.seeds import check_episodes, seed_range
from drive_stack.support.atomic_files import remove_parts

REFERENCE = "expert"  # drives every course first; the progress of the others is measured against it


@dataclass(frozen=True, slots=True)
class EvaluationSpec:
    """Which agents to evaluate on which courses, and where the rows go."""

    folder: Path
    suite: Suite
    agents: tuple[str, ...] = ("modular", "end_to_end")
    overrides: tuple[str, ...] = ()  # ``KEY=VALUE``; of several agents ``NAME:KEY=VALUE``
    seeds: range | None = None  # None: the suite's
    in_process: bool = False  # run agents that bring code inside the simulator's process
    driving: DrivingOptions = field(default_factory=DrivingOptions)


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """The courses and drivers of an evaluation, resolved and checked."""

    suite: Suite
    scenarios: tuple[str, ...]
    seeds: range
    drivers: Mapping[str, Driver]  # by label, the reference first
    redraws: tuple[Redraw, ...]  # worlds of paired courses that are replaced

    @property
    def facts(self) -> RunFacts:
        """The content of ``run.json``."""
        return RunFacts(
            suite=self.suite.name,
            scenarios=self.scenarios,
            first_seed=self.seeds.start,
            seeds=len(self.seeds),
            drivers=dict(self.drivers),
            redraws=self.redraws,
        )


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """The rows of all planned episodes."""

    plan: EvaluationPlan
    folder: Path
    rows: list[Row]  # the reference's first
    failed: list[Row]  # those that report an error


def evaluate_agents(spec: EvaluationSpec, wiring: BatchWiring) -> list[EpisodeResult]:
    """Evaluate agents on courses and return their results, without the reference's.

    Episodes that already have a row in the folder are not driven again. Raises `ConfigError` as
    `run_evaluation` does.
    """
    rows = run_evaluation(spec, wiring).rows
    return [row.result for row in rows if row.label != REFERENCE]


def run_evaluation(spec: EvaluationSpec, wiring: BatchWiring) -> EvaluationRun:
    """Drive the episodes that have no row in the folder yet.

    Raises:
        ConfigError: For a scenario, seeds or an agent that cannot be used, and for a folder that holds
            rows of another suite or of the same agent with other settings.
    """
    return drive_plan(plan_evaluation(spec, wiring), spec.folder, spec.driving, wiring)


def drive_plan(
    plan: EvaluationPlan,
    out: Path,
    driving: DrivingOptions,
    wiring: BatchWiring,
    *,
    with_clips: bool = True,
) -> EvaluationRun:
    """Drive the episodes of a plan that have no row in ``out`` yet; raises as `run_evaluation` does.

    With clips, the last seconds of failed episodes are kept as films.
    """
    tasks = {label: tasks_of(plan, label, wiring) for label in plan.drivers}
    with open_rows(out, foreign=RECORDINGS) as file:
        for folder in (out, out / CLIPS):
            remove_parts(folder, "")  # of runs that were killed while they wrote
        _write_run_facts(out, plan.facts)
        rows, failed = _drive(tasks, file, driving, wiring, with_clips=with_clips)
    return EvaluationRun(plan, out, rows, failed)


def plan_evaluation(spec: EvaluationSpec, wiring: BatchWiring) -> EvaluationPlan:
    """Resolve a specification; `ConfigError` for a scenario, seeds or an agent that cannot be used."""
    suite = spec.suite
    drivers = {REFERENCE: Driver(agent=REFERENCE)}
    for index, label in enumerate(names_of(spec.agents)):
        agent = spec.agents[index]
        overrides = overrides_of(index, spec.agents, spec.overrides)
        in_process = tuple(wiring.in_process_overrides(agent)) if spec.in_process else ()
        drivers[label] = Driver(agent=agent, overrides=(*overrides, *in_process))
    seeds = seed_range(suite.first_seed, suite.seeds) if spec.seeds is None else spec.seeds
    return plan_courses(suite, seeds, drivers, wiring)


def plan_courses(
    suite: Suite,
    seeds: range,
    drivers: Mapping[str, Driver],
    wiring: BatchWiring,
    *,
    only: Sequence[str] | None = None,
) -> EvaluationPlan:
    """Resolve the courses of a suite for drivers by label, the reference first.

    ``only`` are the suite's scenarios that are driven; None stands for all. Raises `ConfigError` for
    scenarios, seeds or drivers that cannot be used.
    """
    scenarios = suite.scenarios(wiring.scenarios, wiring.world_name)
    if missing := sorted(set(only or ()) - set(scenarios)):
        raise ConfigError(f"suite {suite.name}: has no course {missing[0]}")
    scenarios = tuple(name for name in scenarios if only is None or name in only)
    check_episodes(len(scenarios), len(seeds))
    for driver in drivers.values():  # before the slow check of the hazards
        wiring.agent_facts(driver.agent, driver.overrides)
    if paired := len(paired_bases(scenarios)) * len(seeds):
        print(f"checking whether all hazards can be avoided; worlds: {paired}", file=sys.stderr)
    redraws = find_redraws(scenarios, seeds, wiring.drive_into_hazard)
    return EvaluationPlan(suite, scenarios, seeds, drivers, redraws)


def tasks_of(plan: EvaluationPlan, label: str, wiring: BatchWiring) -> list[BatchTask]:
    """Return all episodes of a driver, one seed after another.

    In this order an interrupted run has driven all courses equally often. The configuration hash of a row
    covers what its driver is made of.
    """
    driver = plan.drivers[label]
    agent = wiring.agent_facts(driver.agent, driver.overrides)
    scenarios = {name: wiring.scenario_facts(name) for name in plan.scenarios}
    return [
        BatchTask(
            label=label,
            agent=driver.agent,
            overrides=driver.overrides,
            scenario=name,
            seed=seed,
            config_hash=fingerprint(agent, scenarios[name].content),
            privileged=agent.privileged,
            uses_camera=agent.uses_camera,
            world=scenarios[name].world_name,
        )
        for name, seed in plan.facts.courses
    ]


def _drive(
    tasks: Mapping[str, Sequence[BatchTask]],
    file: RowFile,
    options: DrivingOptions,
    wiring: BatchWiring,
    *,
    with_clips: bool,
) -> tuple[list[Row], list[Row]]:
    """All rows of the tasks, and those that report an error; the reference drives first."""
    observer = partial(ClipRecorder, file.folder.resolve() / CLIPS) if with_clips else None
    drive = partial(drive_task, wiring.build_agent, observer=observer)
    code = source_hash(wiring.packages)
    reference = tasks[REFERENCE]
    others = [own for label, own in tasks.items() if label != REFERENCE]
    every = [task for own in tasks.values() for task in own]
    add_shipped_rows(reference, file, options, code, wiring.packages)
    expected = announce(options.missing(every, file, code), partial(build_for, wiring.build_agent), options)
    failed = drive_missing(
        reference,
        file,
        drive,
        options,
        code=code,
        current_hash=wiring.hash_of,
        what="reference episodes",
        expected=expected,
    )
    experts = {(task.scenario, task.seed): file.rows[task.key].result for task in reference}
    # course by course, so that an interrupted run compares all agents on the same courses
    compared = [
        replace(task, expert=_expert_drive(experts[task.scenario, task.seed]))
        for course in zip(*others, strict=True)
        for task in course
    ]
    expert_of = {task.key: task.expert for task in compared}
    if compared:
        failed += drive_missing(
            compared,
            file,
            drive,
            options,
            code=code,
            current_hash=wiring.hash_of,
            is_complete=lambda row: _measured_by(row.result, expert_of[row.key]),
            expected=expected,
        )
    return [file.rows[task.key] for task in (*reference, *compared)], failed


def _expert_drive(result: EpisodeResult) -> ExpertDrive | None:
    """The expert's drive; None where the expert failed, so that progress is the fraction of the route."""
    if result.status is not Status.COMPLETED:
        return None
    return ExpertDrive(result.distance_m, result.duration_s)


def _measured_by(result: EpisodeResult, expert: ExpertDrive | None) -> bool:
    """Whether the progress in a row was measured against the reference as it is now known.

    It was not if the reference's worker was lost when the episode was driven and the reference has been
    driven since, or the other way round. An episode that failed before its first step does not depend on
    the reference.
    """
    if result.status is Status.ERROR and result.duration_s == 0.0:
        return True
    return (result.progress_of_expert is None) == (expert is None)


def _write_run_facts(folder: Path, facts: RunFacts) -> None:
    """Write ``run.json``; `ConfigError` where the folder's rows must not be mixed with these."""
    before = read_facts(folder)
    if before is not None and before.suite != facts.suite:
        raise ConfigError(f"{folder}: holds rows of the suite {before.suite}; use another --out")
    drivers = dict(before.drivers) if before is not None else {}
    for label, driver in facts.drivers.items():
        if drivers.setdefault(label, driver) != driver:
            raise ConfigError(
                f"{folder}: {label} was {drivers[label].agent} set otherwise; use another --out"
            )
    write_facts(folder, facts.model_copy(update={"drivers": drivers}))
