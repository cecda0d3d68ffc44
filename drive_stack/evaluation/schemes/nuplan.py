"""Scores in the manner of nuPlan's closed loop and of NAVSIM's PDMS and EPDMS.

They were made for plans of a few seconds; here a whole episode is the plan, so that one mistake costs all
of it. Left out: traffic lights (TLC); EPDMS's extended comfort, which compares successive plans that a
driver need not have (the weights that remain are shared out), and its filter, which forgives what the human
of the recording did too: there is no such human here.
Sources: nuplan-devkit, branch master, nuplan/planning/metrics/evaluation_metrics/common; navsim, branches
v1.1 (PDMS) and main (EPDMS), pdm_planner/scoring/pdm_scorer.py.
"""

from __future__ import annotations

import math

from drive_stack.evaluation.schemes.drive import Drive, SchemeScore, rounded
from drive_stack.types import ContactKind

MAKING_PROGRESS = 0.2  # minimum progress that counts at all (nuPlan)
SAFE_TTC = 0.95  # a longer time to collision is safe (nuPlan) [s]
DRIVABLE_TOLERANCE = 0.3  # a corner this far outside the drivable area violates it (nuPlan) [m]
OBJECTS = (ContactKind.OBJECT, ContactKind.RAIL)  # one hit of these is forgiven by half
WRONG_WAY_HALF, WRONG_WAY_ALL = 2.0, 6.0  # against the traffic within a second: half, nothing [m]


def nuplan(drive: Drive) -> SchemeScore:
    """NC · DAC · DDC · making progress · (5 progress + 5 TTC + 4 speed + 2 comfort) / 16."""
    safe = float(drive.min_ttc > SAFE_TTC)
    gates = {
        "no_collision": no_collision(drive),
        "drivable_area": float(drive.off_drivable < DRIVABLE_TOLERANCE),
        "driving_direction": _direction(drive.wrong_way),
    }
    making = float(drive.progress >= MAKING_PROGRESS)
    comfort = float(drive.comfortable)
    mean = (5.0 * drive.progress + 5.0 * safe + 4.0 * drive.speed_compliance + 2.0 * comfort) / 16.0
    return rounded(
        100.0 * math.prod(gates.values()) * making * mean,
        **gates,
        making_progress=making,
        progress=drive.progress,
        ttc=safe,
        speed=drive.speed_compliance,
        comfort=comfort,
    )


def pdms(drive: Drive) -> SchemeScore:
    """NC · DAC · (5 TTC + 5 EP + 2 C) / 12; EP is multiplied by NC · DAC once more, as in v1.1."""
    gates = _navsim_gates(drive)
    product = math.prod(gates.values())
    safe, comfort = float(drive.ttc_within_bound), float(drive.comfortable)
    progress = drive.progress * product
    mean = (5.0 * safe + 5.0 * progress + 2.0 * comfort) / 12.0
    return rounded(100.0 * product * mean, **gates, progress=progress, ttc=safe, comfort=comfort)


def epdms(drive: Drive) -> SchemeScore:
    """NC · DAC · DDC · (5 EP + 5 TTC + 2 LK + 2 HC) / 14; EC and TLC are left out."""
    gates = {**_navsim_gates(drive), "driving_direction": _direction(drive.wrong_way_navsim)}
    safe, comfort = float(drive.ttc_within_bound), float(drive.comfortable)
    kept = float(drive.lane_kept)
    mean = (5.0 * drive.progress + 5.0 * safe + 2.0 * kept + 2.0 * comfort) / 14.0
    return rounded(
        100.0 * math.prod(gates.values()) * mean,
        **gates,
        progress=drive.progress,
        ttc=safe,
        lane_keeping=kept,
        history_comfort=comfort,
    )


def no_collision(drive: Drive) -> float:
    """nuPlan's NC = Π max(0, 1 − n / (k + 1)) over the kinds of actors; k = 1 for objects, else 0."""
    objects = sum(contact.kind in OBJECTS for contact in drive.at_fault)
    return max(0.0, 1.0 - objects / 2.0) if objects == len(drive.at_fault) else 0.0


def no_collision_navsim(drive: Drive) -> float:
    """NAVSIM's NC: 0 after hitting a road user, a half after hitting objects, however many."""
    if any(contact.kind not in OBJECTS for contact in drive.at_fault_navsim):
        return 0.0
    return 0.5 if drive.at_fault_navsim else 1.0


def _navsim_gates(drive: Drive) -> dict[str, float]:
    """NAVSIM grants no tolerance: every corner has to be in the drivable area."""
    return {
        "no_collision": no_collision_navsim(drive),
        "drivable_area": float(drive.off_drivable == 0.0),
    }


def _direction(wrong_way: float) -> float:
    """DDC from the metres against the traffic within a second."""
    return 1.0 if wrong_way < WRONG_WAY_HALF else 0.5 if wrong_way < WRONG_WAY_ALL else 0.0
