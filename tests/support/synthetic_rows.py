"""Rows as an evaluation writes them, made up."""

from __future__ import annotations

from collections.abc import Mapping

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.schemes.drive import SchemeScore

STATUS = {"ok": Status.COMPLETED, "hit": Status.COLLISION, "failed": Status.ERROR}


def row(
    label: str,
    scenario: str,
    seed: int,
    how: str = "ok",
    *,
    scores: Mapping[str, SchemeScore] | None = None,
    config: str = "c",
    privileged: bool = False,
) -> Row:
    """One episode that ended ``ok``, ``hit`` something or ``failed``; ``scores`` as they are by default."""
    good = how == "ok"
    if scores is None:
        total = 100.0 if good else 25.0
        scores = {} if how == "failed" else {"nuplan": SchemeScore(total, {"no_collision": float(good)})}
    result = EpisodeResult(
        agent=label,
        privileged=privileged,
        scenario=scenario,
        seed=seed,
        status=STATUS[how],
        collision_with="vehicle" if how == "hit" else None,
        at_fault=True if how == "hit" else None,
        fault_reason="hit the vehicle with its front" if how == "hit" else None,
        impact_speed_mps=10.0 if how == "hit" else None,
        route_completion=1.0 if good else 0.5,
        distance_m=500.0,
        duration_s=20.0,
        mean_speed_mps=25.0 - seed % 7,
        min_ttc_s=None if good else 0.4,
        comfort=0.9 + 0.01 * (seed % 7),
        off_lane=0.0,
        driving_score=100.0 if good else 30.0,
        clamped_actions=0,
        stages_ms={"agent": 20.0, "detector": 12.0, "planner": 3.0},
        error="Traceback\nValueError: no <image> & no lanes" if how == "failed" else None,
        avoidable=True if how == "hit" else None,
        speeds_mps=(20.0, 25.0),
        scores=scores,
    )
    return Row(
        label=label,
        config_hash=config,
        code_hash="s",
        versions={},
        lost=False,
        wall_s=1.0,
        result=result,
    )


def drives(label: str, scenario: str, how: str, *, first_seed: int = 100_000) -> list[Row]:
    """A row for each letter of ``how``: ``.`` completed, ``x`` hit something, ``e`` failed."""
    words = {".": "ok", "x": "hit", "e": "failed"}
    return [row(label, scenario, first_seed + index, words[letter]) for index, letter in enumerate(how)]
