"""The part of the plan that is about running the study: the pool of recordings and the trainings' rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from drive_stack.agent_spec import runs_code
from drive_stack.bounds import Epochs, Fraction
from drive_stack.config import StrictModel
from drive_stack.errors import FieldError
from drive_stack.seeds import Seed, SeedCount, SeedSplit, split_of
from drive_stack.shifts import base_and_shift

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Rows = Annotated[int, Field(ge=1, le=10**9)]
Steps = Annotated[int, Field(ge=1, le=10**8)]
CoreSeconds = Annotated[float, Field(ge=0.0, le=1e6)]
Text = Annotated[str, Field(min_length=1, max_length=500)]

REFERENCE_ROWS = 16_000  # at which the numbers of updates are stated
GROWTH = 0.25  # of the updates with the rows: an exponent, unless the rule has its own
HELD_OUT_SUITE = "frontier"  # no part of the pool may record its courses


class Student(StrictModel):
    """A reference policy that drives while the expert labels. It learns from the parts before its own."""

    network: Name  # of the policies among the networks
    size: Rows  # rows that it learns from


class PoolPart(StrictModel):
    """Drives of one kind. They are recorded seed after seed until they have enough rows."""

    rows: Rows
    first_seed: Seed
    scenarios: tuple[Text, ...] | None = Field(
        default=None, description="names, or paths of files below configs/; None: the whole catalogue"
    )
    suite: Name | None = None  # instead of scenarios: the courses of a suite
    perturbed: bool = False  # the car is pushed off its course at random times
    driver: Text | None = None  # drives while the expert labels; None: the expert drives
    driver_overrides: tuple[Text, ...] = ()
    student: Student | None = None  # instead of a driver
    expert_fraction: Fraction = 0.0  # of the time that the expert drives instead of driver or student

    @model_validator(mode="after")
    def _is_fit_to_learn_from(self) -> PoolPart:
        if self.scenarios is not None and self.suite is not None:
            raise FieldError("give scenarios or a suite, not both", ("suite",), ("scenarios",))
        if self.driver is not None and self.student is not None:
            raise FieldError("give a driver or a student, not both", ("student",), ("driver",))
        if self.driver is not None and runs_code(self.driver):
            raise FieldError("expected a registered agent, its YAML or an ONNX file", ("driver",))
        if self.suite == HELD_OUT_SUITE:
            raise FieldError(f"{HELD_OUT_SUITE} is held out of training", ("suite",))
        for index, scenario in enumerate(self.scenarios or ()):
            if base_and_shift(scenario)[1] is not None:
                raise FieldError("shifted courses are held out of training", ("scenarios", index))
        if split_of(self.first_seed) is not SeedSplit.TRAINING:
            seeds = SeedSplit.TRAINING.seeds
            message = f"expected training seeds, from {seeds[0]} to {seeds[-1]}"
            raise FieldError(message, ("first_seed",))
        return self


class HeldOutFrames(StrictModel):
    """Drives of the expert on which the networks of all trainings are measured."""

    first_seed: Seed
    seeds: SeedCount  # of each scenario
    scenarios: tuple[Text, ...] | None = None  # None: the whole catalogue

    @model_validator(mode="after")
    def _has_validation_seeds(self) -> HeldOutFrames:
        last = self.first_seed + self.seeds - 1
        if {split_of(self.first_seed), split_of(last)} != {SeedSplit.VALIDATION}:
            seeds = SeedSplit.VALIDATION.seeds
            message = f"expected validation seeds, from {seeds[0]} to {seeds[-1]}"
            raise FieldError(message, ("first_seed",))
        return self


class Pool(StrictModel):
    """All recordings of the study. Their parts are recorded in the order in which they are listed."""

    parts: dict[Name, PoolPart] = Field(min_length=1)
    held_out: HeldOutFrames

    @model_validator(mode="after")
    def _parts_differ(self) -> Pool:
        seeds: set[int] = set()
        recorded = 0
        for name, part in self.parts.items():
            if part.first_seed in seeds:
                raise FieldError("two parts begin with this seed", ("parts", name, "first_seed"))
            seeds.add(part.first_seed)
            if part.student is not None and part.student.size > recorded:
                message = f"the parts before it have {recorded:,} rows"
                raise FieldError(message, ("parts", name, "student", "size"))
            recorded += part.rows
        return self


class NetworkRule(StrictModel):
    """How a network is trained, whatever the size of its subset.

    With N rows it has at most `updates`·(N / `REFERENCE_ROWS`)^`growth` updates. It is measured on the
    held-out episodes of its subset again and again, and ends when it has not improved for `patience` times.
    A policy may have a second phase with `head_updates` in place of `updates`, in which the trunk stays as it
    is and the head learns from its stored features.
    """

    config: Text  # file in ``configs/training``
    overrides: tuple[Text, ...] = ()  # ``KEY=VALUE`` of that file
    updates: Steps  # of a subset of `REFERENCE_ROWS`
    head_updates: Steps | None = None
    growth: Fraction | None = Field(default=None, description="an exponent; None: `GROWTH`")
    measure_every: Steps  # updates, rounded up to whole passes over the subset
    patience: Epochs

    @property
    def content(self) -> str:
        """What determines when a training ends, as JSON."""
        return self.model_dump_json(exclude={"config", "overrides"}, exclude_none=True)

    @property
    def of_head(self) -> NetworkRule | None:
        """The rule of the second phase."""
        if self.head_updates is None:
            return None
        return self.model_copy(update={"updates": self.head_updates, "head_updates": None})


class NetworkRates(StrictModel):
    """Measured CPU time of the training of a network [s]."""

    step: CoreSeconds  # of one update
    head_step: CoreSeconds = 0.0  # of one update of the head alone
    read: CoreSeconds  # of a row of the subset, before the first update
    evaluate: CoreSeconds  # of a held-out row, each time that the network is measured
    finish: CoreSeconds  # after the last update: export and the measurement on the common episodes


class Rates(StrictModel):
    """Measured CPU time of the steps of a study; the hours of a plan follow from it."""

    recorded_row: CoreSeconds  # [s]
    episode_rows: Rows  # mean of an episode
    networks: dict[Name, NetworkRates]
    courses: dict[Name, CoreSeconds]  # of one course, by arm and reference [s]
    reserve: Fraction  # of all hours, for what takes longer


class Schedule(StrictModel):
    """A rule applied to a subset. An epoch ends with a measurement."""

    passes: Epochs  # over the subset in each epoch
    epochs: Epochs
    patience: Epochs

    @property
    def all_passes(self) -> int:
        """Passes over the subset, if the training is not ended early."""
        return self.passes * self.epochs


def schedule(rule: NetworkRule, rows: int, steps_per_pass: int) -> Schedule:
    """The schedule for a subset of ``rows`` (≥ 1), on which one pass takes ``steps_per_pass`` (≥ 1) updates.

    The updates are rounded to whole epochs.
    """
    passes = -(-rule.measure_every // steps_per_pass)
    growth = GROWTH if rule.growth is None else rule.growth
    updates = rule.updates * (rows / REFERENCE_ROWS) ** growth
    epochs = max(round(updates / (passes * steps_per_pass)), 1)
    return Schedule(passes=passes, epochs=epochs, patience=rule.patience)
