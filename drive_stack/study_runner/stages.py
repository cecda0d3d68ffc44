"""The stages of the study, in order; each does what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.study.config import StudyPlan
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study_runner.driving import CourseDriver, DriveCourses
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.hours import CountCourses, HoursEstimate, hours_table
from drive_stack.study_runner.installing import install_networks
from drive_stack.study_runner.kept_tables import StudyTables
from drive_stack.study_runner.network_units import NetworkTask, read_record, train_network
from drive_stack.study_runner.networks.mid_to_end import MakePerception
from drive_stack.study_runner.networks.policy import TRUNK
from drive_stack.study_runner.networks.protocol import NetworkData, NetworkTraining
from drive_stack.study_runner.networks.registry import ARMS, read_networks
from drive_stack.study_runner.pool import EpisodePool, read_pool
from drive_stack.study_runner.predicting import can_predict, predict_largest
from drive_stack.study_runner.recording import STUDENT_SEED, Collect, PoolRecorder, StudentTask
from drive_stack.study_runner.restoring import restore_finished
from drive_stack.study_runner.selection import Selection, planned_trainings, select
from drive_stack.study_runner.study_page.writing import write_report
from drive_stack.study_runner.training import TrainingWork, finished_trainings
from drive_stack.support.layout import CONFIGS


class Stage(StrEnum):
    """A part of the study."""

    PLAN = "plan"
    RECORD = "record"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PREDICT = "predict"
    REPORT = "report"
    INSTALL = "install"


@dataclass(frozen=True, slots=True)
class Services:
    """What the study needs from outside of its package."""

    collect: Collect
    drive: DriveCourses
    build_agent: AgentBuilder
    perception: MakePerception
    timed_scenario: str  # on which decisions are timed
    count_courses: CountCourses
    scenarios: int  # in the catalogue


@dataclass(frozen=True, slots=True)
class Study:
    """A study in its folder."""

    plan: StudyPlan
    folder: StudyFolder
    services: Services
    only: Sequence[Selection] = ()
    workers: int = 1
    hours: float | None = None  # after which no further training is begun
    accept_differences: bool = False  # of episodes that are recorded again
    report: Callable[[str], None] = print

    def run(self, stage: Stage | None) -> None:
        """Run a stage; without one, everything that is missing.

        The largest size is trained after its prediction is written. What the kept tables hold is not done
        again, also in an empty folder.

        Raises:
            ConfigError: a file or an option cannot be used, or a training or a driver fails.
        """
        chosen = select(self.plan, self.only)
        if stage is Stage.PLAN:
            for line in hours_table(self._estimate()):
                self.report(line)
            return
        self._tables.check_plan()
        self.folder.start(self.plan)
        if stage not in (Stage.REPORT, Stage.INSTALL) and (
            restored := restore_finished(self.plan, self.folder)
        ):
            self.report(f"{restored} trainings and their drives are kept in {self.folder.tables}")
        match stage:
            case Stage.RECORD:
                self._record()
            case Stage.TRAIN:
                self._train(chosen)
            case Stage.EVALUATE:
                self._evaluate(chosen)
            case Stage.PREDICT:
                self._predict()
            case Stage.REPORT:
                self._report()
            case Stage.INSTALL:
                self._install(chosen)
            case None:
                self._run_all(chosen)

    def _run_all(self, chosen: Sequence[TrainingId]) -> None:
        start = time.monotonic()
        self._record()
        small = [training for training in chosen if training.size < self.plan.prediction.target]
        large = [training for training in chosen if training not in small]
        for part in (small, large):
            if part is large and large and not self.folder.prediction.exists():
                self._predict()
            for _, members in groupby(part, key=lambda training: (training.seed, training.size)):
                group = list(members)
                if not self._has_time_for(group, start):
                    return
                self._train(group)
                for training in group:  # each drives all of its courses before the next one
                    self._evaluate([training])
        self._report()

    def _has_time_for(self, group: Sequence[TrainingId], start: float) -> bool:
        """Whether trainings of one size and seed can be finished in the hours of this run; says so if not."""
        pending = [item for item in group if item.arm in ARMS and not self.folder.training(item).exists()]
        if self.hours is None or not pending:
            return True
        pool = read_pool(self.folder.pool, self.plan)
        work = self._work(pool)
        missing = self._recorder().missing(work.episodes(pending))
        needed = self._estimate().wall_seconds_of(
            pending,
            recorded_rows=sum(episode.rows for episode in missing),
            networks=work.missing_networks(pending),
            workers=self.workers,
        )
        if (time.monotonic() - start + needed) / 3600.0 <= self.hours:
            return True
        self.report(
            f"stopped before {pending[0]} and the others of its size and seed, which take about "
            f"{needed / 3600.0:.1f} hours; run again to go on"
        )
        return False

    def _estimate(self) -> HoursEstimate:
        services = self.services
        return HoursEstimate(self.plan, self._networks(), services.count_courses, services.scenarios)

    def _recorder(self) -> PoolRecorder:
        return PoolRecorder(
            self.plan,
            self.folder,
            self.services.collect,
            self._train_student,
            lambda name: self._networks()[name].settings,
            self.workers,
            self.report,
            self.accept_differences,
        )

    def _record(self) -> None:
        pool = self._recorder().record()
        rows = sum(episode.rows for episode in pool.episodes)
        self.report(f"pool: {rows:,} rows of {len(pool.episodes):,} episodes, hash {pool.sha256[:16]}")

    def _train_student(self, task: StudentTask) -> Path:
        """Train the reference student of a part, unless it is trained; returns its weights."""
        name, folder = task.student.network, self.folder.student(task.part)
        network = NetworkTask(
            title=f"student of {task.part}",
            network=name,
            training=self._networks()[name],
            data=NetworkData(
                learned=self.folder.files_of(task.subset.learned),
                held_out=self.folder.files_of(task.subset.held_out),
                measured=self.folder.files_of(task.measured),
                cache=self.folder.cache,
            ),
            seed=STUDENT_SEED,
            folder=folder,
            inputs={},
        )
        record = read_record(network)
        if record is None:
            self.report(f"training the {network.title} on {task.subset.rows:,} rows; {folder} holds its log")
            record = train_network(network)
        if record.failed:
            raise ConfigError(f"{network.title}: its errors are not finite; {folder} holds its log")
        return folder / TRUNK

    def _train(self, chosen: Sequence[TrainingId]) -> None:
        known, pool = self._known(chosen), read_pool(self.folder.pool, self.plan)
        target = self.plan.prediction.target
        if any(training.size >= target for training in known) and not self.folder.prediction.exists():
            raise ConfigError(
                f"{target:,} rows: not trained before their success is predicted; run: study predict"
            )
        work = self._work(pool)
        self._recorder().restore(pool, work.episodes(known))
        work.train(known)
        self._write_trainings()

    def _work(self, pool: EpisodePool) -> TrainingWork:
        return TrainingWork(
            self.plan,
            self.folder,
            pool,
            self._networks(),
            self.services.build_agent,
            self.services.timed_scenario,
            self.workers,
            self.report,
        )

    def _known(self, chosen: Sequence[TrainingId]) -> list[TrainingId]:
        """Those trainings whose arms can be trained; the others are named, or refused if asked for."""
        unknown = sorted({training.arm for training in chosen} - ARMS.keys())
        if unknown:
            text = f"arms that cannot be trained yet: {', '.join(unknown)}"
            if all(selection.arm in unknown for selection in self.only) and self.only:
                raise ConfigError(f"--only: {text}")
            self.report(text)
        return [training for training in chosen if training.arm in ARMS]

    def _evaluate(self, chosen: Sequence[TrainingId]) -> None:
        driver = self._driver()
        driver.drive_all(finished_trainings(self.folder, chosen))
        self._write_drives()

    def _predict(self) -> None:
        if can_predict(self.plan, self.folder, self.report):
            predict_largest(
                self.plan, self.folder, self._write_trainings(), self._write_drives(), self.report
            )

    def _report(self) -> None:
        planned = planned_trainings(self.plan)
        written = write_report(self.plan, self.folder.tables, self.folder.report, planned)
        self.report("written: " + ", ".join(map(str, written)))

    def _install(self, chosen: Sequence[TrainingId]) -> None:
        if not self.only:
            raise ConfigError("install: name the training with --only ARM:SIZE:SEED")
        install_networks(self._work(read_pool(self.folder.pool, self.plan)), chosen, self.report)

    def _write_trainings(self) -> list[TrainingRow]:
        """Write the table of all finished trainings; returns its rows."""
        rows = finished_trainings(self.folder, planned_trainings(self.plan))
        self._tables.write_trainings(rows)
        return rows

    def _write_drives(self) -> list[DriveRow]:
        """Write the table of all drives of the plan's phase; returns its rows."""
        finished = [row.id for row in finished_trainings(self.folder, planned_trainings(self.plan))]
        rows = self._driver().driven(finished)
        self._tables.write_drives(rows)
        return rows

    def _write_tables(self) -> None:
        self._write_trainings()
        self._write_drives()

    @property
    def _tables(self) -> StudyTables:
        return StudyTables(self.plan, self.folder)

    def _driver(self) -> CourseDriver:
        return CourseDriver(
            self.plan, self.folder, self.services.drive, self.report, on_driven=self._write_tables
        )

    def _networks(self) -> Mapping[str, NetworkTraining]:
        return read_networks(self.plan, CONFIGS / "training", self.services.perception)
