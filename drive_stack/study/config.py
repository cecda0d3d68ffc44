"""The plan of the study in YAML: arms, sizes, seeds, courses, prices, analysis and limits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from drive_stack.config import StrictModel, load_model
from drive_stack.errors import FieldError
from drive_stack.seeds import Seed, SeedCount, SeedSplit, split_of
from drive_stack.study.curves import FamilyName
from drive_stack.study.endpoints import Endpoint
from drive_stack.study.records import FULL_MIXTURE
from drive_stack.study.running_plan import NetworkRule, Pool, Rates
from drive_stack.support.layout import CONFIGS

DEFAULT_PLAN = CONFIGS / "study.yaml"

Size = Annotated[int, Field(ge=1, le=10**9)]
Seeds = Annotated[int, Field(ge=1, le=100)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Hours = Annotated[float, Field(gt=0.0, le=10_000.0)]
Sentence = Annotated[str, Field(min_length=1, max_length=500)]


class Axis(StrEnum):
    """The horizontal axes."""

    MINUTES = "minutes"  # of driving recorded
    LABEL_HOURS = "label_hours"
    CORE_HOURS = "core_hours"  # of training
    DECISION_MS = "decision_ms"  # CPU time of one decision


class Trainings(StrictModel):
    """Trainings with the seeds from 0 on at each of some sizes."""

    sizes: tuple[Size, ...] = Field(min_length=1)  # nominal rows
    seeds: Seeds


class Arm(StrictModel):
    """A way to build a driver, and how often it is trained."""

    learned: Sentence
    by_hand: Sentence
    trainings: tuple[Trainings, ...] = Field(min_length=1)
    course_seeds: SeedCount | None = Field(default=None, description="of each course; None: all of the plan")

    @property
    def seeds(self) -> Mapping[int, int]:
        """Number of training seeds at each nominal size."""
        return {size: group.seeds for group in self.trainings for size in group.sizes}


class Phase(StrEnum):
    """What the courses are driven for."""

    PILOT = "pilot"  # the plan is a draft; validation seeds are driven
    FINAL = "final"  # the plan is binding; test seeds are driven


class Mixture(StrictModel):
    """Parts of the pool that the trainings of the provenance arm learn from."""

    what: Sentence
    parts: tuple[Name, ...] | None = Field(default=None, description="None: all", min_length=1)


class Provenance(StrictModel):
    """Trainings of one arm at one size on recordings of different drivers."""

    arm: Name
    size: Size
    seeds: Seeds
    mixtures: dict[Name, Mixture] = Field(min_length=1)


class Courses(StrictModel):
    """A suite and the seeds of each of its courses."""

    suite: Name
    first_seed: Seed
    seeds: SeedCount
    scenarios: tuple[Name, ...] | None = Field(default=None, description="of the suite; None: all of them")


class FrontierCourses(Courses):
    """Courses for some of the trainings."""

    arms: tuple[Name, ...] = Field(min_length=1)
    sizes: tuple[Size, ...] = Field(min_length=1)


class Price(StrictModel):
    """What a label costs."""

    seconds: Annotated[float, Field(ge=0.0, le=36_000.0)]
    source: Sentence


class Prices(StrictModel):
    """Working time of a person for one label of each kind."""

    box: Price
    lane_frame: Price
    distance: Price
    control: Price

    def hours(self, *, boxes: int = 0, lane_frames: int = 0, distances: int = 0, controls: int = 0) -> float:
        """Working time for so many labels of each kind [h]."""
        seconds = (
            boxes * self.box.seconds
            + lane_frames * self.lane_frame.seconds
            + distances * self.distance.seconds
            + controls * self.control.seconds
        )
        return seconds / 3600.0


class Analysis(StrictModel):
    """What is computed from the rows."""

    endpoint: Endpoint
    family: FamilyName  # of the curves by which crossings and predictions are computed
    pairs: tuple[tuple[Name, Name], ...] = Field(min_length=1, description="(incumbent, challenger)")
    primary_axis: Axis
    levels: tuple[
        Annotated[float, Field(gt=0.0, lt=1.0)], ...
    ]  # of success at which amounts of data are compared
    replicates: Annotated[int, Field(ge=100, le=50_000)]  # of the bootstrap
    seed: Seed
    extrapolation: Annotated[
        float, Field(ge=1.0, le=1e9)
    ]  # factor beyond the range, up to which "never" counts


class Prediction(StrictModel):
    """The prediction that is committed before the largest models are trained."""

    fitted_up_to: Size
    target: Size


class Limits(StrictModel):
    """The stopping rules that are numbers."""

    hours: Hours  # of `cores` cores, for the whole study
    cores: Annotated[int, Field(ge=1, le=1024)]
    piece_hours: Hours  # after which a piece of work must have been saved


class StudyPlan(StrictModel):
    """The whole plan; docs/study/protocol.md explains it."""

    name: Name
    phase: Phase
    rows_per_second: Annotated[float, Field(gt=0.0, le=1000.0)]  # of a recording
    labelled_frames_per_second: Annotated[float, Field(gt=0.0, le=1000.0)]  # for detector and lanes
    sizes: tuple[Size, ...] = Field(min_length=1)  # nominal rows
    arms: dict[Name, Arm] = Field(min_length=1)
    references: tuple[Name, ...]  # drivers that learn nothing here
    provenance: Provenance
    pool: Pool
    networks: dict[Name, NetworkRule]
    courses: Courses
    frontier: FrontierCourses
    validation: Courses
    prices: Prices
    analysis: Analysis
    prediction: Prediction
    limits: Limits
    rates: Rates

    @property
    def trainings(self) -> int:
        """Number of trainings of all arms, without the provenance arm."""
        return sum(sum(arm.seeds.values()) for arm in self.arms.values())

    def courses_of(self, arm: str, courses: Courses) -> Courses:
        """Those of some courses that an arm drives: the first seeds, if it has fewer than all."""
        wanted = self.arms[arm].course_seeds if arm in self.arms else None
        return courses if wanted is None else courses.model_copy(update={"seeds": min(wanted, courses.seeds)})

    def seeds_of(self, arm: str, courses: Courses) -> range:
        """The seeds of those of some courses that an arm drives."""
        own = self.courses_of(arm, courses)
        return range(own.first_seed, own.first_seed + own.seeds)

    def drives_frontier(self, arm: str, size: int) -> bool:
        """Whether trainings of an arm and a size drive the second suite too in this phase."""
        frontier = self.frontier
        return self.phase is Phase.FINAL and arm in frontier.arms and size in frontier.sizes

    @property
    def driven(self) -> Courses:
        """The courses of the present phase, which every training drives."""
        return self.validation if self.phase is Phase.PILOT else self.courses

    @model_validator(mode="after")
    def _sizes_increase(self) -> StudyPlan:
        if list(self.sizes) != sorted(set(self.sizes)):
            raise FieldError("sizes must increase", ("sizes",))
        for name, arm in self.arms.items():
            listed: set[int] = set()
            for number, group in enumerate(arm.trainings):
                for index, size in enumerate(group.sizes):
                    keys = ("arms", name, "trainings", number, "sizes", index)
                    self._check_size(size, *keys)
                    if size in listed:
                        raise FieldError(f"{size} is listed twice", keys)
                    listed.add(size)
        self._check_size(self.provenance.size, "provenance", "size")
        for index, size in enumerate(self.frontier.sizes):
            self._check_size(size, "frontier", "sizes", index)
        self._check_size(self.prediction.target, "prediction", "target")
        self._check_size(self.prediction.fitted_up_to, "prediction", "fitted_up_to")
        if self.prediction.fitted_up_to >= self.prediction.target:
            raise FieldError("must be less than the target", ("prediction", "fitted_up_to"))
        return self

    @model_validator(mode="after")
    def _arms_exist(self) -> StudyPlan:
        self._check_arm(self.provenance.arm, "provenance", "arm")
        for index, name in enumerate(self.frontier.arms):
            self._check_arm(name, "frontier", "arms", index)
        for index, pair in enumerate(self.analysis.pairs):
            for place, name in enumerate(pair):
                self._check_arm(name, "analysis", "pairs", index, place)
            if pair[0] == pair[1]:
                raise FieldError("a pair needs two different arms", ("analysis", "pairs", index))
        return self

    @model_validator(mode="after")
    def _pool_is_complete(self) -> StudyPlan:
        if FULL_MIXTURE not in self.provenance.mixtures:
            raise FieldError(f"the mixture '{FULL_MIXTURE}' is missing", ("provenance", "mixtures"))
        for name, mixture in self.provenance.mixtures.items():
            for index, part in enumerate(mixture.parts or ()):
                if part not in self.pool.parts:
                    keys = ("provenance", "mixtures", name, "parts", index)
                    raise FieldError(f"the pool has no part '{part}'", keys)
        for name, recorded in self.pool.parts.items():
            student = recorded.student
            if student is not None and student.network not in self.networks:
                place = ("pool", "parts", name, "student", "network")
                raise FieldError(f"there is no network '{student.network}'", place)
        for name, rule in self.networks.items():
            if name not in self.rates.networks:
                raise FieldError(f"the rates of the network '{name}' are missing", ("rates", "networks"))
            if rule.head_updates is not None and not self.rates.networks[name].head_step:
                raise FieldError(
                    "an update of the head has no rate", ("rates", "networks", name, "head_step")
                )
        for name in (*self.arms, *self.references):
            if name not in self.rates.courses:
                raise FieldError(f"the rate of '{name}' is missing", ("rates", "courses"))
        return self

    @model_validator(mode="after")
    def _seeds_are_of_the_right_split(self) -> StudyPlan:
        splits: Mapping[str, tuple[Courses, SeedSplit]] = {
            "courses": (self.courses, SeedSplit.TEST),
            "frontier": (self.frontier, SeedSplit.TEST),
            "validation": (self.validation, SeedSplit.VALIDATION),
        }
        for key, (courses, split) in splits.items():
            last = courses.first_seed + courses.seeds - 1
            if split_of(courses.first_seed) is not split or split_of(last) is not split:
                seeds = f"{split.seeds[0]} to {split.seeds[-1]}"
                raise FieldError(f"expected {split} seeds, from {seeds}", (key, "first_seed"), (key, "seeds"))
        return self

    def _check_size(self, size: int, *keys: str | int) -> None:
        if size not in self.sizes:
            raise FieldError(f"{size} is not among the sizes {', '.join(map(str, self.sizes))}", keys)

    def _check_arm(self, name: str, *keys: str | int) -> None:
        if name not in self.arms:
            raise FieldError(f"there is no arm '{name}'; there are: {', '.join(self.arms)}", keys)


def load_plan(path: Path = DEFAULT_PLAN) -> StudyPlan:
    """Read a plan.

    Raises:
        ConfigError: the file cannot be read, or a value is not allowed; the message names the line.
    """
    return load_model(path, StudyPlan)
