"""The result for every cell of UN R157's grids, compared with the regulation's own driver."""

from __future__ import annotations

import numpy as np
import pytest
from r157_cells import CAR, BrakingLeads, CutIns

from drive_stack.evaluation.avoidability import CRITICAL_GAP, MIN_GAP, evaluate_avoidability
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.vehicle import DRY_GRIP, WET_GRIP

FULL_BRAKING = 0.774 * 9.81  # the regulation's
CRITICAL_TTC = 2.0  # at which the regulation's driver reacts to a cut-in [s]


def test_cut_ins_agree_with_the_regulation() -> None:
    """All of 1,136 cells except 45 in which the regulation's driver waits for a TTC of 2 s.

    It then has too little distance left to a much slower car. Here the driver reacts as soon as it perceives
    the risk (`HORIZON`), and the regulation's driver without the waiting agrees in every cell.
    """
    cells = CutIns.grid()
    avoidable = np.array([evaluate_avoidability(scenes, CAR).avoidable for scenes in cells.records(DRY_GRIP)])
    collides = cells.driver_collides(CRITICAL_TTC, FULL_BRAKING)
    eager = cells.driver_collides(HORIZON, FULL_BRAKING)
    assert len(avoidable) == 1136
    assert np.array_equal(avoidable, ~eager)
    differs = avoidable == collides
    assert differs.sum() == 45
    assert avoidable[differs].all()  # no collision is excused that the regulation finds avoidable
    assert (cells.ttc_perceived[differs] > CRITICAL_TTC).all()
    assert (cells.slower[differs] * 3.6 > 50.0).all()
    assert 0.3 < avoidable.mean() < 0.7


def test_braking_leads_agree_with_the_regulation() -> None:
    """All of 315 cells except tailgating: less than 1 s behind is a risk before the lead brakes."""
    cells = BrakingLeads.grid()
    avoidable = np.array([evaluate_avoidability(scenes, CAR).avoidable for scenes in cells.records(DRY_GRIP)])
    collides = cells.driver_collides(FULL_BRAKING)
    assert len(avoidable) == 315
    differs = avoidable == collides
    assert (cells.headway[differs] < MIN_GAP).all()
    assert differs.sum() == 24
    assert avoidable[differs].all()
    assert (cells.headway > CRITICAL_GAP).any()  # where only hard braking is perceived at once


@pytest.mark.slow
def test_braking_leads_on_a_wet_road_agree_with_the_regulation() -> None:
    """The regulation's driver with 5.5 m/s², the grip of the tyres in rain.

    Apart from tailgating 5 cells differ: with a time gap of 2.4 s, a lead that brakes with 4 m/s² is a risk
    here once the time to collision is 10 s, and in the regulation only below a time gap of 2 s.
    """
    cells = BrakingLeads.grid()
    avoidable = np.array([evaluate_avoidability(scenes, CAR).avoidable for scenes in cells.records(WET_GRIP)])
    collides = cells.driver_collides(WET_GRIP)
    differs = (avoidable == collides) & (cells.headway >= MIN_GAP)
    assert differs.sum() == 5
    assert avoidable[differs].all()
    assert (cells.headway[differs] > CRITICAL_GAP).all()
    assert (cells.deceleration[differs] == 4.0).all()
    assert collides.sum() > cells.driver_collides(FULL_BRAKING).sum()
