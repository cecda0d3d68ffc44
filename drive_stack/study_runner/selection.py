"""Which trainings the plan has, and which of them are asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.study.config import StudyPlan
from drive_stack.study.records import FULL_MIXTURE, TrainingId

ANY = "*"


@dataclass(frozen=True, slots=True)
class Selection:
    """One ``ARM:SIZE:SEED``; None stands for ``*``."""

    arm: str | None
    size: int | None
    seed: int | None

    @classmethod
    def read(cls, text: str) -> Selection:
        """Read a selection such as ``modular:4000:*``. Raises `ConfigError` for anything else."""
        match = re.fullmatch(r"([a-z][a-z0-9_]{0,59}|\*):(\d{1,9}|\*):(\d{1,9}|\*)", text, re.ASCII)
        if match is None:
            raise ConfigError(
                f"--only {shortened(text)}: expected ARM:SIZE:SEED, such as modular:4000:0; "
                "each part may be *"
            )
        arm, size, seed = (None if part == ANY else part for part in match.groups())
        return cls(arm, None if size is None else int(size), None if seed is None else int(seed))

    def __str__(self) -> str:
        return ":".join(ANY if part is None else str(part) for part in (self.arm, self.size, self.seed))

    def has(self, training: TrainingId) -> bool:
        """Whether a training is meant."""
        pairs = ((self.arm, training.arm), (self.size, training.size), (self.seed, training.seed))
        return all(wanted in (None, actual) for wanted, actual in pairs)


def planned_trainings(plan: StudyPlan) -> tuple[TrainingId, ...]:
    """All trainings: seed after seed from the smallest size on, then the size that waits for its prediction.

    The subsets of a seed are nested, so that the drives that were recorded for one size serve the next ones.
    Of a size, the arms come in the plan's order. The other mixtures of the provenance arm are trained after
    the full one of the same size.
    """
    full = [
        TrainingId(arm, size, seed)
        for arm, settings in plan.arms.items()
        for size, seeds in settings.seeds.items()
        for seed in range(seeds)
    ]
    wanted = plan.provenance
    other = [
        TrainingId(wanted.arm, wanted.size, seed, mixture)
        for mixture in wanted.mixtures
        for seed in range(wanted.seeds)
        if mixture != FULL_MIXTURE
    ]
    arms = list(plan.arms)
    return tuple(
        sorted(
            (*full, *other),
            key=lambda item: (
                item.size >= plan.prediction.target,
                item.seed,
                item.size,
                item.mixture != FULL_MIXTURE,
                arms.index(item.arm),
            ),
        )
    )


def select(plan: StudyPlan, only: Sequence[Selection]) -> tuple[TrainingId, ...]:
    """The planned trainings that are asked for; all of them without a selection.

    Raises:
        ConfigError: a selection matches no planned training.
    """
    planned = planned_trainings(plan)
    for selection in only:
        if not any(map(selection.has, planned)):
            raise ConfigError(f"--only {selection}: the plan has no such training; {_hint(plan, selection)}")
    return tuple(item for item in planned if not only or any(chosen.has(item) for chosen in only))


def _hint(plan: StudyPlan, selection: Selection) -> str:
    if selection.arm is not None and selection.arm not in plan.arms:
        return f"its arms: {', '.join(plan.arms)}"
    arms = plan.arms.values() if selection.arm is None else (plan.arms[selection.arm],)
    sizes = sorted({size for arm in arms for size in arm.seeds})
    if selection.size is not None and selection.size not in sizes:
        return f"its sizes: {', '.join(map(str, sizes))}"
    seeds = max(arm.seeds[size] for arm in arms for size in arm.seeds if selection.size in (None, size))
    return f"its seeds: 0 to {seeds - 1}"
