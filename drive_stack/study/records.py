"""The two tables of the study: one row for each training, and one for each final drive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from drive_stack.evaluation.batch.row_ranges import RANGES
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import Status, succeeded
from drive_stack.evaluation.summary import Course, expert_progress
from drive_stack.seeds import MAX_SEED

FULL_MIXTURE = "full"  # the fixed mixture of recordings; other names are those of the provenance arm

Name = Annotated[str, Field(min_length=1, max_length=200)]
ScenarioName = Annotated[
    str, Field(min_length=1, max_length=5000)
]  # with the conditions and overrides of the course
Text = Annotated[str, Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Points = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=RANGES["mean_speed_mps"][0], le=RANGES["mean_speed_mps"][1])]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, order=True)
class TrainingId:
    """Identifies a training: the arm, the nominal number of rows, the seed and the mixture of recordings.

    A driver that learns nothing has size 0 and seed 0.
    """

    arm: Name
    size: Count
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]  # draws the subset and initialises the networks
    mixture: Name = FULL_MIXTURE

    def __str__(self) -> str:
        mixture = "" if self.mixture == FULL_MIXTURE else f" of {self.mixture}"
        return f"{self.arm}, {self.size:,} rows{mixture}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One training: what it learned from, what it cost, and its errors on held-out frames.

    Label counts are of the labels that this arm uses, whatever they are charged. Errors are None for the
    networks that an arm does not have.
    """

    arm: Name
    mixture: Name
    size: Count  # nominal number of rows
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    rows: Annotated[int, Field(ge=1, le=10**12)]  # in the subset, which ends with a whole episode
    episodes: Annotated[int, Field(ge=1, le=10**9)]
    boxes: Count  # labelled boxes
    lane_frames: Count  # frames with labelled lanes
    distances: Count  # labelled distances to road users
    controls: Count  # recorded controls of the driver
    core_hours: Amount  # CPU time of the training, over all networks of the arm [h]
    decision_ms: Amount  # CPU time of one decision, mean [ms]; 0 if none could be timed
    detector_ap50: Fraction | None
    lane_error_m: Amount | None  # mean lateral error of the lines; one that is not found counts as 1.8 m
    acceleration_error: Amount | None  # mean absolute error of the longitudinal acceleration [m/s²]
    lateral_error: Amount | None  # mean absolute error of the lateral acceleration [m/s²]
    weights_sha256: Hash  # of the files of all networks, concatenated in the order of their names
    config_hash: Name  # of the settings of all networks
    code_hash: Name  # of the sources that trained it
    date: Name  # on which the last network was finished
    failed: bool  # a network could not be trained: the training counts as failing on every course
    # of its episodes, and of those on which its networks are measured: the ones that are not those of the
    # list, because they were recorded again on another machine
    differing_episodes: Count = 0
    machine: Text = ""  # processor, device and precision of its networks' trainings; empty in older rows

    @property
    def id(self) -> TrainingId:
        """Identifies the training."""
        return TrainingId(self.arm, self.size, self.seed, self.mixture)


@dataclass(frozen=True, slots=True)
class DriveRow:
    """One final drive: a trained driver on one course."""

    arm: Name
    mixture: Name
    size: Count
    training_seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    suite: Name
    scenario: ScenarioName
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    world: Text  # seeds the scenario's worlds, see `Row.world`
    status: Status
    success: bool  # completed with no at-fault collision
    at_fault: bool | None  # None where nothing was hit
    collision_with: Name | None  # vehicle, pedestrian, object, rail
    progress: Fraction  # of the route
    progress_of_expert: Fraction | None
    driving_score: Points
    comfort: Fraction
    off_lane: Fraction
    duration_s: Amount
    mean_speed_mps: Speed
    standing_free_longest_s: Amount
    config_hash: Name
    code_hash: Name

    @property
    def training(self) -> TrainingId:
        """Identifies the training that drove."""
        return TrainingId(self.arm, self.size, self.training_seed, self.mixture)

    @property
    def course(self) -> Course:
        """The course that was driven."""
        return self.scenario, self.seed


def failed_drive(training: TrainingId, drive: DriveRow) -> DriveRow:
    """The row of a training that failed, on a course that another driver drove: nothing was driven."""
    return replace(
        drive,
        arm=training.arm,
        mixture=training.mixture,
        size=training.size,
        training_seed=training.seed,
        status=Status.ERROR,
        success=False,
        at_fault=None,
        collision_with=None,
        progress=0.0,
        progress_of_expert=None if drive.progress_of_expert is None else 0.0,
        driving_score=0.0,
        comfort=0.0,
        off_lane=0.0,
        duration_s=0.0,
        mean_speed_mps=0.0,
        standing_free_longest_s=0.0,
    )


def drive_row(training: TrainingId, suite: str, row: Row) -> DriveRow:
    """The study's row for an evaluation's row, driven by ``training`` on a course of ``suite``."""
    result = row.result
    return DriveRow(
        arm=training.arm,
        mixture=training.mixture,
        size=training.size,
        training_seed=training.seed,
        suite=suite,
        scenario=result.scenario,
        seed=result.seed,
        world=row.world,
        status=result.status,
        success=succeeded(result),
        at_fault=result.at_fault,
        collision_with=result.collision_with,
        progress=result.route_completion,
        progress_of_expert=expert_progress(result),
        driving_score=result.driving_score,
        comfort=result.comfort,
        off_lane=result.off_lane,
        duration_s=result.duration_s,
        mean_speed_mps=result.mean_speed_mps,
        standing_free_longest_s=result.standing_free_longest_s,
        config_hash=row.config_hash,
        code_hash=row.code_hash,
    )
