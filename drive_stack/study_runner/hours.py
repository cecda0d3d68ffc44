"""What a study takes in hours, from the measured CPU time of its steps. Trainings may end earlier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drive_stack.study.config import Courses, StudyPlan
from drive_stack.study.records import TrainingId
from drive_stack.study.running_plan import schedule
from drive_stack.study.subsets import HELD_OUT_EVERY
from drive_stack.study_runner.driving import course_runs, reference
from drive_stack.study_runner.networks.protocol import NetworkTraining
from drive_stack.study_runner.networks.registry import ARMS, KINDS, with_inputs
from drive_stack.study_runner.selection import planned_trainings

CountCourses = Callable[[Courses], int]


@dataclass(frozen=True, slots=True)
class Work:
    """Pieces of work of one kind."""

    what: str
    pieces: int
    core_seconds: float


@dataclass(frozen=True, slots=True)
class HoursEstimate:
    """Computes the hours of a plan."""

    plan: StudyPlan
    networks: Mapping[str, NetworkTraining]
    count_courses: CountCourses
    scenarios: int  # of the catalogue, of which the common episodes are recorded

    def work(self) -> tuple[Work, ...]:
        """All work of the study, in the order in which it is done."""
        return (*self._recordings(), *self._trainings(), *self._drives())

    def wall_seconds_of(
        self, trainings: Sequence[TrainingId], *, recorded_rows: int, networks: Sequence[str], workers: int
    ) -> float:
        """Time by the clock until trainings of one size and seed have driven their courses [s].

        Networks without inputs are trained first, then those that need them. A network is trained by one
        worker, whatever their number.

        Args:
            trainings: whose drives are missing.
            recorded_rows: rows that have to be recorded before.
            networks: of their arms, those that are not trained.
            workers: processes that record, train and drive.
        """
        levels: dict[int, list[float]] = {}
        for name in networks:
            seconds = self._training(name, trainings[0].size)
            levels.setdefault(len(with_inputs(KINDS[name].needs)), []).append(seconds)
        learning = sum(max(*own, sum(own) / workers) for own in levels.values())
        driving = sum(
            self._courses(training, run.courses)
            for training in trainings
            for run in course_runs(self.plan)
            if run.has(training)
        )
        return learning + (self.plan.rates.recorded_row * recorded_rows + driving) / workers

    def hours(self, core_seconds: float) -> float:
        """Hours of all cores of the plan, with its reserve."""
        return core_seconds / 3600.0 / self.plan.limits.cores / (1.0 - self.plan.rates.reserve)

    def _recordings(self) -> Iterator[Work]:
        plan, rates, common = self.plan, self.plan.rates, self._common_rows
        rows = sum(part.rows for part in plan.pool.parts.values())
        yield Work("recording of the pool, rows", rows, rates.recorded_row * rows)
        yield Work("recording of the common episodes, rows", common, rates.recorded_row * common)
        students = [part.student for part in plan.pool.parts.values() if part.student is not None]
        seconds = sum(self._training(student.network, student.size) for student in students)
        yield Work("training of reference students", len(students), seconds)

    @property
    def recording_again(self) -> Work:
        """The drives that the trainings of each seed need, if nothing was kept since the seed before."""
        plan = self.plan
        needed: dict[tuple[bool, int], int] = {}
        for training in planned_trainings(plan):
            key = training.size >= plan.prediction.target, training.seed
            needed[key] = max(needed.get(key, 0), training.size)
        rows = sum(needed.values()) + self._common_rows * len(needed)
        return Work("recording again for each seed, rows", rows, plan.rates.recorded_row * rows)

    @property
    def _common_rows(self) -> int:
        held_out = self.plan.pool.held_out
        scenarios = self.scenarios if held_out.scenarios is None else len(held_out.scenarios)
        return self.plan.rates.episode_rows * held_out.seeds * scenarios

    def _trainings(self) -> Iterator[Work]:
        tasks = {
            (name, training.mixture, training.size, training.seed)
            for training in planned_trainings(self.plan)
            for name in _networks_of(training)
        }
        for network in self.networks:
            sizes = [size for name, _, size, _ in tasks if name == network]
            if sizes:
                seconds = sum(self._training(network, size) for size in sizes)
                yield Work(f"training of {network}", len(sizes), seconds)

    def _training(self, name: str, size: int) -> float:
        """CPU time of the training of a network from ``size`` rows [s]."""
        rates, held_out = self.plan.rates.networks[name], size // HELD_OUT_EVERY
        learned = size - held_out
        frames = round(learned * self.plan.labelled_frames_per_second / self.plan.rows_per_second)
        steps = self.networks[name].steps_per_pass(learned, frames)
        plan = schedule(self.plan.networks[name], size, steps)
        updates = rates.step * steps * plan.all_passes
        if (head := self.plan.networks[name].of_head) is not None:
            second = schedule(head, size, steps)
            updates += (
                rates.head_step * steps * second.all_passes + rates.evaluate * size
            )  # once by the trunk
        return updates + rates.read * size + rates.evaluate * held_out * plan.epochs + rates.finish

    def _drives(self) -> Iterator[Work]:
        drivers = (*map(reference, self.plan.references), *planned_trainings(self.plan))
        for run in course_runs(self.plan):
            for arm in dict.fromkeys(driver.arm for driver in drivers if run.has(driver)):
                own = [driver for driver in drivers if driver.arm == arm and run.has(driver)]
                seconds = sum(self._courses(driver, run.courses) for driver in own)
                courses = self.count_courses(self.plan.courses_of(arm, run.courses))
                yield Work(f"{run.name} courses of {arm}", courses * len(own), seconds)

    def _courses(self, training: TrainingId, courses: Courses) -> float:
        own = self.plan.courses_of(training.arm, courses)
        return self.plan.rates.courses[training.arm] * self.count_courses(own)


def hours_table(estimate: HoursEstimate) -> Iterator[str]:
    """The lines of a Markdown table of all work, with the sum and the limit.

    The last line is for a machine that keeps no recordings from one seed to the next.
    """
    work, limits, reserve = estimate.work(), estimate.plan.limits, estimate.plan.rates.reserve
    total = sum(item.core_seconds for item in work)
    again = estimate.recording_again

    def row(what: str, pieces: str, core_seconds: float) -> str:
        core_hours = core_seconds / 3600.0
        return f"| {what} | {pieces} | {core_hours:.1f} | {core_hours / limits.cores:.1f} |"

    yield f"| work | pieces | core-hours | hours on {limits.cores} cores |"
    yield "|---|---:|---:|---:|"
    for item in work:
        yield row(item.what, f"{item.pieces:,}", item.core_seconds)
    yield row("sum", "", total)
    whole = f"{estimate.hours(total):.1f} of {limits.hours:.0f}"
    yield f"| sum with a reserve of {100.0 * reserve:.0f} % |  |  | {whole} |"
    yield row(again.what, f"{again.pieces:,}", again.core_seconds)
    lossy = estimate.hours(total + again.core_seconds)
    yield f"| sum with the reserve and these recordings |  |  | {lossy:.1f} |"


def _networks_of(training: TrainingId) -> tuple[str, ...]:
    return with_inputs(ARMS[training.arm].networks) if training.arm in ARMS else ()
