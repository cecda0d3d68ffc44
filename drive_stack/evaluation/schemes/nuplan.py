"""Scores in the manner of nuPlan's closed loop and of NAVSIM's PDMS and EPDMS.

They were made for plans of a few seconds; here a whole episode is the plan, so that one mistake costs all
of it. Left out: traffic lights (TLC); EPDMS's extended comfort, which compares successive plans that a
driver need not have (the weights that remain are shared out), and its filter, which forgives what the human
of the recording did too: there is no such human here.
Sources: nuplan-devkit, docs/metrics_description.md; navsim, docs/metrics.md.
"""

from __future__ import annotations

import math

from drive_stack.evaluation.schemes.drive import Drive, SchemeScore, rounded
from drive_stack.types import ContactKind

MAKING_PROGRESS = 0.2  # least progress that counts at all (nuPlan)
SAFE_TTC = 0.95  # [s] (nuPlan)
SAFE_TTC_EPDMS = 0.9  # the farthest that EPDMS projects the ego [s]
THINGS = (ContactKind.OBJECT, ContactKind.RAIL)  # one hit of these is forgiven by half
WRONG_WAY_HALF, WRONG_WAY_ALL = 2.0, 6.0  # against the traffic within a second: half, nothing [m]


def nuplan(drive: Drive) -> SchemeScore:
    """NC · DAC · DDC · making progress · (5 progress + 5 TTC + 4 speed + 2 comfort) / 16."""
    safe, gates = float(drive.min_ttc >= SAFE_TTC), _gates(drive, no_collision(drive))
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
    """NC · DAC · (5 TTC + 5 EP + 2 C) / 12."""
    gates = _gates(drive, no_collision_navsim(drive))
    del gates["driving_direction"]
    safe, comfort = float(drive.min_ttc >= SAFE_TTC), float(drive.comfortable)
    mean = (5.0 * safe + 5.0 * drive.progress + 2.0 * comfort) / 12.0
    return rounded(
        100.0 * math.prod(gates.values()) * mean,
        **gates,
        progress=drive.progress,
        ttc=safe,
        comfort=comfort,
    )


def epdms(drive: Drive) -> SchemeScore:
    """NC · DAC · DDC · (5 EP + 5 TTC + 2 LK + 2 HC) / 14; EC and TLC are left out."""
    gates = _gates(drive, no_collision_navsim(drive))
    safe, comfort = float(drive.min_ttc >= SAFE_TTC_EPDMS), float(drive.comfortable)
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
    """nuPlan's NC = Π max(0, 1 − n / (k + 1)) over people, vehicles and things; k = 1 for things, else 0."""
    things = sum(contact.kind in THINGS for contact in drive.at_fault)
    return max(0.0, 1.0 - things / 2.0) if things == len(drive.at_fault) else 0.0


def no_collision_navsim(drive: Drive) -> float:
    """NAVSIM's NC: 0 after hitting a road user, a half after hitting things, however many."""
    if any(contact.kind not in THINGS for contact in drive.at_fault):
        return 0.0
    return 0.5 if drive.at_fault else 1.0


def _gates(drive: Drive, no_hit: float) -> dict[str, float]:
    wrong = drive.wrong_way
    return {
        "no_collision": no_hit,
        "drivable_area": float(drive.on_pavement),
        "driving_direction": 1.0 if wrong < WRONG_WAY_HALF else 0.5 if wrong < WRONG_WAY_ALL else 0.0,
    }
