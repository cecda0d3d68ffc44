"""The verdict on every cell of UN R157's grids, against the regulation's own driver."""

from __future__ import annotations

import numpy as np
import pytest
from r157_cells import CAR, BrakingLeads, CutIns

from drive_stack.evaluation.avoidability import CRITICAL_GAP, MIN_GAP, avoidable
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.vehicle import DRY_GRIP, WET_GRIP

FULL_BRAKING = 0.774 * 9.81  # the regulation's
CRITICAL_TTC = 2.0  # at which the regulation's driver reacts to a cut-in [s]


def test_cut_ins() -> None:
    """All of 1,136 cells, but for 45 in which the regulation's driver waits for a TTC of 2 s.

    It then meets a much slower car with too little room left. Here a risk is weighed as soon as it is
    perceived (`HORIZON`), and the same driver, without the waiting, agrees on every cell.
    """
    cells = CutIns.grid()
    verdicts = np.array([avoidable(scenes, CAR) for scenes in cells.records(DRY_GRIP)])
    collides = cells.driver_collides(CRITICAL_TTC, FULL_BRAKING)
    eager = cells.driver_collides(HORIZON, FULL_BRAKING)
    assert len(verdicts) == 1136
    assert np.array_equal(verdicts, ~eager)
    departs = verdicts == collides
    assert departs.sum() == 45
    assert verdicts[departs].all()  # never an ego excused that the regulation charges
    assert (cells.ttc_perceived[departs] > CRITICAL_TTC).all()
    assert (cells.slower[departs] * 3.6 > 50.0).all()
    assert 0.3 < verdicts.mean() < 0.7


def test_braking_leads() -> None:
    """All of 315 cells, but for the tailgaters: less than 1 s behind is a risk before anybody brakes."""
    cells = BrakingLeads.grid()
    verdicts = np.array([avoidable(scenes, CAR) for scenes in cells.records(DRY_GRIP)])
    collides = cells.driver_collides(FULL_BRAKING)
    assert len(verdicts) == 315
    departs = verdicts == collides
    assert (cells.headway[departs] < MIN_GAP).all()
    assert departs.sum() == 24
    assert verdicts[departs].all()
    assert (cells.headway > CRITICAL_GAP).any()  # where only hard braking is perceived at once


@pytest.mark.slow
def test_braking_leads_on_a_wet_road() -> None:
    """The regulation's driver with 5.5 m/s², which is all that the tyres hold in rain.

    Beside the tailgaters 5 cells depart: followed 2.4 s behind, a lead that brakes with 4 m/s² is a risk
    here once the time to collision is 10 s, and to the regulation only from 2 s behind.
    """
    cells = BrakingLeads.grid()
    verdicts = np.array([avoidable(scenes, CAR) for scenes in cells.records(WET_GRIP)])
    collides = cells.driver_collides(WET_GRIP)
    departs = (verdicts == collides) & (cells.headway >= MIN_GAP)
    assert departs.sum() == 5
    assert verdicts[departs].all()
    assert (cells.headway[departs] > CRITICAL_GAP).all()
    assert (cells.deceleration[departs] == 4.0).all()
    assert collides.sum() > cells.driver_collides(FULL_BRAKING).sum()
