"""The compiled cost of the lattice's candidates, against values worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.planning.lattice_kernel import (
    Bounds,
    FutureArrays,
    LeadArrays,
    LeadMotions,
    PathArrays,
    ProfileArrays,
    Weights,
    candidate_costs,
    lead_limits,
)
from drive_stack.planning.leads import Lead
from drive_stack.planning.paths import LateralState, Paths, lateral_paths, path_curvature
from drive_stack.types import Behaviour, Cause

SPEED, INSTANTS = 10.0, 21
TIMES = np.linspace(0.0, 4.0, INSTANTS)
NO_WEIGHTS = Weights(overspeed=0.0, lateral_acceleration=0.0, lateral_error=0.0, clearance=0.0, collision=0.0)
WIDE_BOUNDS = Bounds(goal=0.0, centre=1.5, left=5.0, right=-5.0, max_lateral_acceleration=4.6, grip=8.0)
NO_FUTURES = FutureArrays(*(np.empty((0, INSTANTS)),) * 2, *(np.empty(0),) * 5)


@dataclass
class Case:
    """One path with one profile at constant speed on a road of constant curvature."""

    paths: Paths
    road_curvature: float = 0.0
    emergency: bool = False
    allowed: float = 50.0
    acceleration: float = 0.0
    lead: float | None = None  # speed that a lead allows [m/s]
    lead_blocks: bool = True
    futures: FutureArrays = NO_FUTURES
    bounds: Bounds = WIDE_BOUNDS
    weights: Weights = NO_WEIGHTS
    station: np.ndarray = field(default_factory=lambda: SPEED * TIMES[None])

    def cost(self) -> float:
        same = np.ones((1, INSTANTS))
        leads = 0 if self.lead is None else 1
        costs = candidate_costs(
            PathArrays(self.paths.coefficients, self.paths.length),
            ProfileArrays(
                station=self.station,
                speed=SPEED * same,
                acceleration=self.acceleration * same,
                emergency=np.array([self.emergency]),
                road_curvature=self.road_curvature * same,
                allowed=self.allowed * same,
            ),
            LeadArrays(
                allowed=np.full((leads, 1, INSTANTS), self.lead or 0.0),
                blocked=np.full((leads, 1, INSTANTS), self.lead_blocks),
            ),
            self.futures,
            self.bounds,
            self.weights,
            np.zeros(1),
            np.zeros(1),
            np.array([0]),
        )
        assert costs.shape == (1, 1)
        return float(costs[0, 0])


def path_to(target: float, start: float = 0.0) -> Paths:
    return lateral_paths(LateralState(start, 0.0, 0.0), np.array([target]), SPEED, None, shortest_only=True)


def alongside(lateral: float, *, margin: float = 0.2, probability: float = 1.0) -> FutureArrays:
    """An actor that stays next to the ego; the bodies touch at a lateral distance of 2 m."""
    return FutureArrays(
        station=SPEED * TIMES[None] + 1.5,
        lateral=np.full((1, INSTANTS), lateral),
        length=np.array([5.0]),
        width=np.array([2.0]),
        desired=np.array([0.9]),
        margin=np.array([margin]),
        probability=np.array([probability]),
    )


def test_a_straight_candidate_on_a_free_road_costs_nothing() -> None:
    ones = Weights(overspeed=1.0, lateral_acceleration=1.0, lateral_error=1.0, clearance=1.0, collision=1.0)
    assert Case(path_to(0.0), weights=ones).cost() == 0.0


def test_overspeed_costs_its_square_whether_the_road_or_a_lead_demands_less() -> None:
    weights = NO_WEIGHTS._replace(overspeed=3.0)
    assert Case(path_to(0.0), allowed=8.0, weights=weights).cost() == pytest.approx(12.0)
    assert Case(path_to(0.0), lead=6.0, weights=weights).cost() == pytest.approx(48.0)
    assert Case(path_to(0.0), lead=6.0, allowed=5.0, weights=weights).cost() == pytest.approx(75.0)
    assert Case(path_to(0.0), lead=6.0, lead_blocks=False, weights=weights).cost() == 0.0


def test_a_constant_error_of_the_lateral_costs_its_square() -> None:
    bounds = Bounds(goal=0.5, centre=0.0, left=5.0, right=-5.0, max_lateral_acceleration=4.6, grip=8.0)
    cost = Case(path_to(0.0), bounds=bounds, weights=NO_WEIGHTS._replace(lateral_error=2.0)).cost()
    assert cost == pytest.approx(0.5)


@given(
    start=st.floats(-1.0, 1.0),
    target=st.floats(-1.0, 1.0),
    road_curvature=st.floats(-0.01, 0.01),
)
def test_the_lateral_acceleration_is_that_of_the_published_curvature(
    start: float, target: float, road_curvature: float
) -> None:
    paths = path_to(target, start)
    lateral, slope, bend = paths.lateral(SPEED * TIMES[None])
    beyond_road = (
        path_curvature(np.full((1, INSTANTS), road_curvature), lateral, slope, bend) - road_curvature
    )
    expected = float(((SPEED**2 * beyond_road) ** 2).mean())
    cost = Case(paths, road_curvature, weights=NO_WEIGHTS._replace(lateral_acceleration=1.0)).cost()
    assert cost == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_an_actor_alongside_costs_the_lack_of_clearance_squared_times_its_probability() -> None:
    weights = NO_WEIGHTS._replace(clearance=1.0)
    # a gap of 2.4 − 2.0 = 0.4 m lacks 0.5 m
    assert Case(path_to(0.0), futures=alongside(2.4), weights=weights).cost() == pytest.approx(0.25)
    halved = alongside(-2.4, probability=0.5)
    assert Case(path_to(0.0), futures=halved, weights=weights).cost() == pytest.approx(0.125)
    assert Case(path_to(0.0), futures=alongside(2.95), weights=weights).cost() == 0.0


def test_a_collision_at_once_is_as_severe_as_the_speed_says() -> None:
    weights = NO_WEIGHTS._replace(collision=1.0)
    # at t = 0: 1.0 · (0.3 + 10 / 20), times the third power of the probability
    assert Case(path_to(0.0), futures=alongside(2.1), weights=weights).cost() == pytest.approx(0.8)
    halved = alongside(2.1, probability=0.5)
    assert Case(path_to(0.0), futures=halved, weights=weights).cost() == pytest.approx(0.1)
    assert Case(path_to(0.0), futures=alongside(2.3), weights=weights).cost() == 0.0


def test_a_collision_in_the_end_is_less_severe() -> None:
    future = alongside(0.0)
    ahead = future._replace(station=np.where(np.arange(INSTANTS) == INSTANTS - 1, future.station, 500.0))
    cost = Case(path_to(0.0), futures=ahead, weights=NO_WEIGHTS._replace(collision=1.0)).cost()
    assert cost == pytest.approx(0.4 * 0.8)


@pytest.mark.parametrize("ahead", [4.9, -4.9])
def test_bodies_overlap_along_the_lane_up_to_the_sum_of_their_half_lengths(ahead: float) -> None:
    weights = NO_WEIGHTS._replace(collision=1.0)
    near, far = alongside(0.0), alongside(0.0)
    near = near._replace(station=near.station + ahead)
    far = far._replace(station=far.station + 1.1 * ahead)
    assert Case(path_to(0.0), futures=near, weights=weights).cost() > 0.0
    assert Case(path_to(0.0), futures=far, weights=weights).cost() == 0.0


@pytest.mark.parametrize(("target", "drivable"), [(1.2, True), (1.4, False), (-1.2, True), (-1.4, False)])
def test_a_candidate_must_stay_on_the_road_apart_from_a_small_overshoot(
    target: float, drivable: bool
) -> None:
    bounds = Bounds(goal=0.0, centre=0.0, left=1.0, right=-1.0, max_lateral_acceleration=50.0, grip=50.0)
    assert np.isfinite(Case(path_to(target), bounds=bounds).cost()) == drivable


def test_a_candidate_that_starts_off_the_road_may_return_to_it() -> None:
    bounds = Bounds(goal=0.0, centre=0.0, left=1.0, right=-1.0, max_lateral_acceleration=50.0, grip=50.0)
    assert np.isfinite(Case(path_to(0.0, start=2.0), bounds=bounds).cost())
    assert np.isinf(Case(path_to(2.5, start=2.0), bounds=bounds).cost())


def test_only_an_emergency_may_steer_harder_than_is_comfortable() -> None:
    # A change of 3 m within 25 m has a greatest curvature of 5.77 · 3 / 25² = 0.028 /m: 2.8 m/s² at 10 m/s.
    bounds = Bounds(goal=0.0, centre=0.0, left=9.0, right=-9.0, max_lateral_acceleration=2.5, grip=50.0)
    assert np.isinf(Case(path_to(3.0), bounds=bounds).cost())
    assert np.isfinite(Case(path_to(3.0), bounds=bounds, emergency=True).cost())
    assert np.isfinite(Case(path_to(3.0), bounds=bounds._replace(max_lateral_acceleration=3.0)).cost())


def test_braking_and_steering_together_must_not_exceed_the_grip() -> None:
    bounds = Bounds(goal=0.0, centre=0.0, left=9.0, right=-9.0, max_lateral_acceleration=50.0, grip=5.0)
    assert np.isfinite(Case(path_to(3.0), bounds=bounds, acceleration=-3.9).cost())  # 2.8² + 3.9² < 5²
    assert np.isinf(Case(path_to(3.0), bounds=bounds, acceleration=-4.5).cost())
    assert np.isfinite(Case(path_to(0.0), bounds=bounds, acceleration=-4.5).cost())


def test_the_best_profile_of_each_path_is_that_of_all_candidates() -> None:
    """Candidates that need not be computed are inf; the others cost what they cost alone."""
    rng, count = np.random.default_rng(4), 12
    speeds = np.linspace(2.0, 14.0, count)
    weights = NO_WEIGHTS._replace(overspeed=1.0, lateral_error=1.0, collision=2.0)
    profile_costs, path_costs = 3.0 * rng.normal(size=count), rng.uniform(size=2)
    paths = lateral_paths(LateralState(0.0, 0.0, 0.0), np.array([0.0, 1.0]), SPEED, None, shortest_only=True)

    def costs(rows: list[int], columns: list[int]) -> np.ndarray:
        same = np.ones((len(columns), INSTANTS))
        chosen = paths.select(rows)
        return candidate_costs(
            PathArrays(chosen.coefficients, chosen.length),
            ProfileArrays(
                station=speeds[columns, None] * TIMES,
                speed=speeds[columns, None] * same,
                acceleration=0.0 * same,
                emergency=np.zeros(len(columns), dtype=np.bool_),
                road_curvature=0.0 * same,
                allowed=9.0 * same,
            ),
            LeadArrays(
                np.empty((0, len(columns), INSTANTS)), np.empty((0, len(rows), INSTANTS), dtype=np.bool_)
            ),
            alongside(2.1),
            WIDE_BOUNDS,
            weights,
            path_costs[rows],
            profile_costs[columns],
            np.argsort(profile_costs[columns], kind="stable"),
        )

    together = costs([0, 1], list(range(count)))
    alone = np.array([[costs([row], [column])[0, 0] for column in range(count)] for row in range(2)])
    computed = np.isfinite(together)
    assert 2 <= computed.sum() < computed.size
    assert np.array_equal(together[computed], alone[computed])
    assert np.array_equal(together.argmin(axis=1), alone.argmin(axis=1))


def lead(lateral: float, half_width: float) -> Lead:
    """One that drives 30 m ahead at 8 m/s."""
    return Lead(
        rear=30.0, speed=8.0, lateral=lateral, half_width=half_width, gap=4.0, braking=2.2, time_gap=1.2,
        reason="", behaviour=Behaviour.FOLLOW, cause=Cause("vehicle"),
    )  # fmt: skip


@pytest.mark.parametrize(("at_start_too", "blocked"), [(False, False), (True, True)])
def test_a_lead_limits_the_speed_on_paths_that_meet_it(at_start_too: bool, blocked: bool) -> None:
    """The first lead is in the way of a path to 2 m from its start on, the second one at its end."""
    paths, ego_front = path_to(2.0), 3.75
    leads = (lead(0.0, 1.0), lead(2.5, 1.0), lead(-3.0, 1.0))
    station = SPEED * TIMES[None]
    allowed, blocks = lead_limits(
        LeadMotions(*np.array([[30.0, 8.0, own.lateral, 1.0, 4.0, 2.2, 1.2] for own in leads]).T.copy()),
        PathArrays(paths.coefficients, paths.length),
        station,
        TIMES,
        ego_front,
        at_start_too,
    )
    assert blocks[:, 0, 0].tolist() == [blocked, True, False]
    assert np.array_equal(blocks[:, 0].all(axis=1), blocks[:, 0].any(axis=1))
    expected = leads[1].allowed(station + ego_front, TIMES)
    assert allowed[1] == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(np.isfinite(allowed).all(axis=(1, 2)), [blocked, True, False])
