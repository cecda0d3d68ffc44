"""Synthetic rows, as an evaluation writes them."""

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
    outcome: str = "ok",
    *,
    scores: Mapping[str, SchemeScore] | None = None,
    config: str = "c",
    privileged: bool = False,
) -> Row:
    """The row of one episode; ``outcome`` is ``ok``, ``hit`` or ``failed``; there are default ``scores``."""
    is_success = outcome == "ok"
    if scores is None:
        total = 100.0 if is_success else 25.0
        scores = (
            {} if outcome == "failed" else {"nuplan": SchemeScore(total, {"no_collision": float(is_success)})}
        )
    result = EpisodeResult(
        agent=label,
        privileged=privileged,
        scenario=scenario,
        seed=seed,
        status=STATUS[outcome],
        collision_with="vehicle" if outcome == "hit" else None,
        at_fault=True if outcome == "hit" else None,
        fault_reason="hit the vehicle with its front" if outcome == "hit" else None,
        impact_speed_mps=10.0 if outcome == "hit" else None,
        route_completion=1.0 if is_success else 0.5,
        distance_m=500.0,
        duration_s=20.0,
        mean_speed_mps=25.0 - seed % 7,
        min_ttc_s=None if is_success else 0.4,
        comfort=0.9 + 0.01 * (seed % 7),
        off_lane=0.0,
        driving_score=100.0 if is_success else 30.0,
        clamped_actions=0,
        stages_ms={"agent": 20.0, "detector": 12.0, "planner": 3.0},
        error="Traceback\nValueError: no <image> & no lanes" if outcome == "failed" else None,
        avoidable=True if outcome == "hit" else None,
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


def drives(label: str, scenario: str, outcomes: str, *, first_seed: int = 100_000) -> list[Row]:
    """A row for each letter of ``outcomes``: ``.`` completed, ``x`` hit something, ``e`` failed."""
    outcome_of = {".": "ok", "x": "hit", "e": "failed"}
    return [
        row(label, scenario, first_seed + index, outcome_of[letter]) for index, letter in enumerate(outcomes)
    ]
