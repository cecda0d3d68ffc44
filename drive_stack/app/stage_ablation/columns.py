"""The columns of ``run_sim.py stages``: expert, modular, and modular with oracles in place of stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.config import unknown_name

ONE_THREAD = "perception.threads=1"  # results must not depend on the number of free cores
STAGES = (
    "perception.detector",
    "perception.lanes",
    "perception.lifter",
    "tracking.tracker",
    "prediction.predictor",
    "control.lateral",
    "control.longitudinal",
)
EXPERT = "expert"  # the speeds of all columns are relative to this one
MODULAR = "modular"  # the baseline: what the oracles may improve on


@dataclass(frozen=True, slots=True)
class Column:
    """One agent of the comparison."""

    label: str
    agent: str
    overrides: tuple[str, ...] = ()


def _replaced(stage: str) -> Column:
    return Column(stage.partition(".")[2], MODULAR, (ONE_THREAD, f"{stage}=oracle"))


def _all_replaced() -> Column:
    """Every oracle at once. The oracle tracker reads no detections, so the detector is switched off."""
    no_detections = ("perception.detector=none", "perception.lifter=ground")
    others = (stage for stage in STAGES if stage.partition(".")[2] not in ("detector", "lifter"))
    return Column("all", MODULAR, (ONE_THREAD, *no_detections, *(f"{stage}=oracle" for stage in others)))


COLUMNS = (
    Column(EXPERT, EXPERT),  # it runs no network; without settings, its shipped rows fit
    Column(MODULAR, MODULAR, (ONE_THREAD,)),
    *map(_replaced, STAGES),
    _all_replaced(),
)


def columns_named(labels: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns with these labels, in the order of the table; `ConfigError` for an unknown one."""
    known = [column.label for column in COLUMNS]
    for label in labels:
        if label not in known:
            raise unknown_name("column", label, known)
    return tuple(column for column in COLUMNS if column.label in labels)
