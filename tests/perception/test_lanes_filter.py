"""The lane filter on known roads: noise, curves, lane changes and missing images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_memory import CrossableLines, LaneEnds, LogOddsFilter
from drive_stack.perception.lanes_network import END_RANGE, LINES_RANGE, LaneMeasurement, decode
from drive_stack.perception.lanes_shape import (
    CURVATURES,
    KNOTS,
    SIZE,
    WIDTH,
    boundaries,
    lane_path,
    motion,
)
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.types import FloatArray, Image, LaneEstimate

GRID, DT, LANE = GroundGrid(), 0.1, 3.6
BLACK: Image = np.zeros((2, 2, 3), dtype=np.uint8)


def shape(offset: float, heading: float, curvature: float) -> FloatArray:
    state = np.zeros(SIZE)
    state[0], state[1], state[CURVATURES], state[WIDTH:] = offset, heading, curvature, LANE
    return state


@pytest.mark.parametrize("curvature", [0.0, 1 / 250.0, -1 / 500.0])
def test_boundaries_of_an_arc_are_circles(curvature: float) -> None:
    lines = boundaries(shape(0.0, 0.0, curvature)[None], GRID.anchors[:28])[0]
    for line, edge in zip(lines, (5.4, 1.8, -1.8, -5.4), strict=True):
        if curvature == 0.0:
            expected = np.full(28, edge)
        else:
            centre = 1.0 / curvature
            arc = np.sqrt((centre - edge) ** 2 - GRID.anchors[:28] ** 2)
            expected = centre - np.sign(curvature) * arc
        assert line == pytest.approx(expected, abs=0.03)


def test_offset_and_heading_place_the_path() -> None:
    path = lane_path(shape(0.5, 0.1, 0.0), 60.0)
    across = path.xy @ np.array([np.sin(0.1), np.cos(0.1)])  # along the lane's normal
    assert across == pytest.approx(-0.5, abs=1e-9)
    assert path.heading == pytest.approx(-0.1)


def test_motion_keeps_the_lines_where_they_are() -> None:
    before = shape(0.4, 0.05, 1 / 400.0)
    before[CURVATURES] += 1e-5 * KNOTS
    after, _ = motion(before, 2.0, 0.01)
    old, new = lane_path(before, 80.0), lane_path(after, 80.0)
    middle = np.array([2.0 * np.cos(0.005), 2.0 * np.sin(0.005)])
    cos, sin = np.cos(0.01), np.sin(0.01)
    seen_from_new = (old.xy - middle) @ np.array([[cos, -sin], [sin, cos]])
    y = np.interp(seen_from_new[5:30, 0], new.xy[:, 0], new.xy[:, 1])
    assert y == pytest.approx(seen_from_new[5:30, 1], abs=0.02)


@pytest.mark.parametrize("offset", [-1.2, 0.0, 0.9])
@pytest.mark.parametrize("heading", [-0.08, 0.03])
@pytest.mark.parametrize("curvature", [0.0, 1 / 250.0, -1 / 500.0])
def test_lines_give_back_the_shape_that_made_them(offset: float, heading: float, curvature: float) -> None:
    truth = shape(offset, heading, curvature)
    y = boundaries(truth[None], GRID.anchors)[0]
    y[np.abs(y) > GRID.half_width] = np.nan
    shapes = ShapeFilter()
    shapes.update(GRID.anchors, y, np.full_like(y, 0.03), rounds=10)
    assert shapes.mean[0] == pytest.approx(offset, abs=0.05)
    assert shapes.mean[1] == pytest.approx(heading, abs=0.005)
    assert shapes.mean[CURVATURES][0] == pytest.approx(curvature, abs=6e-4)
    assert shapes.mean[WIDTH] == pytest.approx(LANE, abs=0.05)


def test_outliers_do_not_bend_the_road() -> None:
    y = boundaries(shape(0.3, 0.0, 0.0)[None], GRID.anchors)[0]
    y[1, 5:9] += 1.5
    shapes = ShapeFilter()
    shapes.update(GRID.anchors, y, np.full_like(y, 0.05), rounds=10)
    assert shapes.mean[0] == pytest.approx(0.3, abs=0.08)
    assert np.abs(shapes.mean[CURVATURES]).max() < 5e-4


def test_covariance_stays_positive_definite() -> None:
    rng, shapes = np.random.default_rng(0), ShapeFilter()
    truth = shape(0.0, 0.0, 1 / 500.0)
    for _ in range(100):
        shapes.predict(3.0, 3.0 / 500.0)
        y = boundaries(truth[None], GRID.anchors)[0] + rng.normal(size=(4, GRID.rows)) * 0.1
        y[rng.random(y.shape) < 0.5] = np.nan
        shapes.update(GRID.anchors, y, np.full_like(y, 0.1))
        assert float(np.linalg.eigvalsh(shapes.covariance).min()) > 0.0


@dataclass
class DrivenRoad:
    """A `LaneSensor` that measures the lines of a road as a good network does, from a pose of the car."""

    road: RoadMap
    rng: np.random.Generator
    grid: GroundGrid = field(default_factory=GroundGrid)
    station: float = 50.0
    lateral: float = 0.0
    turned: float = 0.0
    blind: bool = False
    end: float = np.inf  # of the ego's lane [m]

    def lane(self) -> int:
        return self.road.lane_at(self.station, self.lateral)

    def measure(self, image: Image) -> LaneMeasurement:
        index, rows = self.lane(), []
        position, yaw = self.road.to_world(np.asarray(self.station), np.asarray(self.lateral))
        along = self.station + np.arange(-10.0, 150.0)
        for lane, fraction in ((index - 1, 0.5), (index, 0.5), (index, -0.5), (index + 1, -0.5)):
            if self.blind or not 0 <= lane < len(self.road.lanes):
                rows.append(np.full(self.grid.rows, np.nan))
                continue
            edge = self.road.lanes[lane].offset + fraction * self.road.lanes[lane].width
            world, _ = self.road.to_world(along, np.full(len(along), edge))
            x, y = to_local(world, position, float(yaw) + self.turned).T
            line = np.interp(self.grid.anchors, x, y) + self.rng.normal(size=self.grid.rows) * 0.08
            rows.append(np.where(np.abs(line) < self.grid.half_width, line, np.nan))
        beside = np.array([index > 0, index < len(self.road.lanes) - 1])
        y = np.stack(rows)
        probability = np.where(beside, 0.9, 0.1)
        return LaneMeasurement(
            y,
            np.full_like(y, 0.08),
            adjacent=probability,
            crossable=np.tile(probability[:, None], self.grid.rows),
            ends=measured_ends((np.inf, self.end - self.station, np.inf)),
            visibility=0.0 if self.blind else 0.95,
        )


def measured_ends(distances: tuple[float, ...]) -> FloatArray:
    """Probabilities ``(3, R + 2)`` of a fairly certain network."""
    spread = np.append(np.gradient(GRID.anchors), [END_RANGE - GRID.max_distance, 250.0])
    rows = np.tile(0.1 * spread / spread.sum(), (len(distances), 1))
    for row, distance in zip(rows, distances, strict=True):
        nearest = int(np.abs(GRID.anchors - distance).argmin())
        at = nearest if distance <= GRID.max_distance else GRID.rows + int(distance > END_RANGE)
        row[at] += 0.9
    return rows


def road(pieces: tuple[tuple[float, float], ...]) -> RoadMap:
    return build_road(pieces, tuple(Lane(offset, LANE, 0.0, 1e4) for offset in (3.6, 0.0, -3.6)))


Sample = tuple[LaneEstimate, float, float, float]


def drive(
    lanes: FilteredLanes, world: DrivenRoad, steps: int, speed: float, drift: float = 0.0
) -> list[Sample]:
    """Estimates with the true offset, heading and curvature, while drifting ``drift`` [m/s] to the left."""
    world.turned = float(np.arcsin(drift / speed))
    found, last_yaw = [], None
    for _ in range(steps):
        kappa = float(world.road.curvature_at(np.asarray(world.station)))
        yaw = float(world.road.to_world(np.asarray(world.station), np.asarray(0.0))[1]) + world.turned
        rate = 0.0 if last_yaw is None else wrap_angle(yaw - last_yaw) / DT
        last_yaw = yaw
        estimate = lanes.estimate(BLACK, speed, rate)
        centre = world.road.lanes[world.lane()].offset
        found.append((estimate, world.lateral - centre, world.turned, kappa / (1.0 - kappa * centre)))
        world.station += speed * np.cos(world.turned) * DT / (1.0 - kappa * world.lateral)
        world.lateral += drift * DT
    return found


@pytest.mark.parametrize(
    "pieces",
    [
        ((2000.0, 0.0),),
        ((150.0, 0.0), (1500.0, 1 / 250.0)),
        ((120.0, 0.0), (100.0, 1 / 300.0), (900.0, -1 / 300.0)),
    ],
    ids=["straight", "into a curve", "S-bend"],
)
def test_it_holds_on_every_road(pieces: tuple[tuple[float, float], ...]) -> None:
    world = DrivenRoad(road(pieces), np.random.default_rng(1), lateral=0.3)
    found = drive(FilteredLanes(world, DT), world, 120, 22.0)[5:]
    offset = np.array([estimate.offset - true for estimate, true, _, _ in found])
    heading = np.array([estimate.heading - true for estimate, _, true, _ in found])
    assert float(np.median(np.abs(offset))) < 0.06
    assert float(np.quantile(np.abs(offset), 0.95)) < 0.15
    assert float(np.degrees(np.quantile(np.abs(heading), 0.95))) < 0.7
    assert min(estimate.confidence for estimate, *_ in found) > 0.6
    assert found[-1][0].left.exists and found[-1][0].right.exists


def test_a_lane_change_passes_smoothly_to_the_next_lane() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(2))
    found = drive(FilteredLanes(world, DT), world, 45, 25.0, drift=0.9)
    for estimate, true, _, _ in found[5:]:
        # the count may change a little before or after the line
        error = estimate.offset - true
        assert min(abs(error), abs(abs(error) - LANE)) < 0.25
    assert abs(found[-1][0].offset - found[-1][1]) < 0.15
    assert not found[-1][0].left.exists
    assert found[-1][0].right.exists and found[-1][0].right.enterable


def test_confidence_fades_and_comes_back_with_sensor() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(3))
    lanes = FilteredLanes(world, DT)
    clear = drive(lanes, world, 20, 25.0)
    world.blind = True
    dark = drive(lanes, world, 40, 25.0)
    world.blind = False
    again = drive(lanes, world, 20, 25.0)
    fading = [estimate.confidence for estimate, *_ in dark]
    assert fading == sorted(fading, reverse=True)
    assert clear[-1][0].confidence > 0.7 > dark[3][0].confidence > dark[-1][0].confidence
    assert dark[-1][0].confidence < 0.2
    assert again[-1][0].confidence > 0.7
    assert abs(dark[9][0].offset - dark[9][1]) < 0.3


def test_a_first_image_without_lanes_gives_no_confidence() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(4), blind=True)
    estimate = FilteredLanes(world, DT).estimate(BLACK, 20.0, 0.0)
    assert estimate.confidence == 0.0
    assert len(estimate.path.station) > 10


def test_the_filter_restarts_when_the_road_does_not_agree() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(5))
    lanes = FilteredLanes(world, DT)
    drive(lanes, world, 10, 20.0)
    world.lateral, world.turned = 1.3, 0.0
    found = drive(lanes, world, 12, 20.0)
    assert abs(found[-1][0].offset - 1.3) < 0.15


def test_reset_forgets() -> None:
    first = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(6))
    lanes = FilteredLanes(first, DT)
    one = drive(lanes, first, 8, 20.0)
    lanes.reset()
    second = DrivenRoad(first.road, np.random.default_rng(6))
    lanes._sensor = second
    two = drive(lanes, second, 8, 20.0)
    assert [a[0].offset for a in one] == [b[0].offset for b in two]


def test_heat_decodes_to_places_between_bins() -> None:
    heat = np.zeros((4, GRID.rows, GRID.bins), dtype=np.float32)
    place = 1.7  # between the centres of bins 56 and 57
    fraction = (GRID.bin_centres[56] - place) / GRID.bin_width
    heat[1, :, 56], heat[1, :, 57] = 1.0 - fraction, fraction
    seen = np.zeros((4, GRID.rows), dtype=np.float32)
    seen[1, :10] = seen[1, -1] = 0.9
    half = np.full((5, GRID.rows + 2), 0.5, dtype=np.float32)
    measurement = decode((heat, seen, half[0, :2], half[:2, :-2], half[:3]), GRID)
    assert measurement.y[1, :10] == pytest.approx(place, abs=1e-5)
    assert np.isnan(measurement.y[[0, 2, 3]]).all() and np.isnan(measurement.y[1, 10:]).all()
    assert GRID.anchors[-1] > LINES_RANGE  # so the last one is too far off to steer by
    assert (measurement.sigma[1, :10] < 0.05).all()


@pytest.mark.parametrize(
    ("lines", "blurred", "expected"), [(4, 1, 1.0), (2, 1, 1.0), (2, 40, 0.2), (0, 1, 0.0)]
)
def test_visibility_measures_how_distinct_lines_are(lines: int, blurred: int, expected: float) -> None:
    heat = np.zeros((4, GRID.rows, GRID.bins), dtype=np.float32)
    heat[:, :, 40 : 40 + blurred] = 1.0 / blurred
    seen = np.zeros((4, GRID.rows), dtype=np.float32)
    seen[:lines] = 1.0
    some = np.zeros((5, GRID.rows + 2), dtype=np.float32)
    measurement = decode((heat, seen, some[0, :2], some[:2, :-2], some[:3]), GRID)
    assert measurement.visibility == pytest.approx(expected, abs=0.1)


def test_the_log_odds_filter_needs_more_than_one_image_to_change() -> None:
    exists = LogOddsFilter(1)
    for _ in range(10):
        exists.update(np.array([0.95]))
    exists.update(np.array([0.05]))
    assert exists.likely == (True,)
    for _ in range(10):
        exists.update(np.array([0.05]))
    assert exists.likely == (False,)


def test_a_lane_end_comes_nearer_as_the_ego_drives() -> None:
    ends, rng = LaneEnds(END_RANGE), np.random.default_rng(7)
    for step in range(30):
        ends.predict(2.0)
        noisy = 150.0 - 2.0 * step + 6.0 * float(rng.normal())
        ends.update(measured_ends((np.inf, noisy, np.inf)), GRID.anchors)
    assert ends.distances()[0] == ends.distances()[2] == np.inf
    assert ends.distances()[1] == pytest.approx(92.0, abs=5.0)
    ends.change_lane(1)
    assert ends.distances()[1] == np.inf
    assert ends.distances()[2] == pytest.approx(92.0, abs=5.0)


def test_one_false_measurement_ends_no_lane() -> None:
    ends = LaneEnds(END_RANGE)
    for _ in range(10):
        ends.predict(2.0)
        ends.update(measured_ends((np.inf, np.inf, np.inf)), GRID.anchors)
    ends.update(measured_ends((np.inf, 60.0, np.inf)), GRID.anchors)
    assert ends.distances() == (np.inf,) * 3


def test_lasting_doubt_ends_no_lane() -> None:
    ends, doubt = LaneEnds(END_RANGE), measured_ends((np.inf, 130.0, np.inf))
    doubt[1] = 0.4 * doubt[1] + 0.6 * doubt[0]
    for _ in range(100):
        ends.predict(1.5)
        ends.update(doubt, GRID.anchors)
    assert ends.distances() == (np.inf,) * 3


def test_an_end_beyond_the_anchors_is_known_to_be_far() -> None:
    ends = LaneEnds(END_RANGE)
    for _ in range(15):
        ends.update(measured_ends((np.inf, 200.0, np.inf)), GRID.anchors)
    assert GRID.max_distance < ends.distances()[1] < END_RANGE


def test_an_end_that_is_passed_is_forgotten() -> None:
    ends = LaneEnds(END_RANGE)
    for step in range(40):
        ends.predict(2.0)
        left = 60.0 - 2.0 * step
        ends.update(measured_ends((np.inf, left if left > 8.0 else np.inf, np.inf)), GRID.anchors)
    assert ends.distances()[1] == np.inf


def barrier(until: float) -> FloatArray:
    """Probabilities ``(2, R)``: no crossing on the left before ``until`` [m], none on the right."""
    return np.stack([np.where(GRID.anchors < until, 0.1, 0.9), np.full(GRID.rows, 0.1)])


def test_a_line_may_be_crossed_once_the_barrier_is_passed() -> None:
    lines = CrossableLines()
    assert lines.at_ego == (False, False)
    found = []
    for step in range(30):
        lines.update(barrier(40.0 - 2.0 * step), GRID.anchors)
        found.append(lines.at_ego)
        lines.predict(2.0)
    opened = next(step for step, (left, _) in enumerate(found) if left)
    assert 40.0 - 2.0 * opened == pytest.approx(0.0, abs=6.0)
    assert not any(right for _, right in found)


def test_a_standing_car_judges_a_line_by_its_nearest_part_in_sensor() -> None:
    lines = CrossableLines()
    for _ in range(5):
        lines.predict(0.0)
        lines.update(barrier(0.0), GRID.anchors)
    assert lines.at_ego == (True, False)


def test_the_line_that_was_crossed_may_be_crossed_back() -> None:
    lines = CrossableLines()
    for _ in range(10):
        lines.update(barrier(0.0), GRID.anchors)
        lines.predict(2.0)
    lines.change_lane(1)
    assert lines.at_ego == (False, True)


def test_the_estimate_carries_the_end_of_the_ego_lane_and_what_may_be_entered() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(8), end=150.0)
    found = drive(FilteredLanes(world, DT), world, 30, 20.0)
    assert found[-1][0].ends_in == pytest.approx(150.0 - world.station + 20.0 * DT, abs=5.0)
    assert found[-1][0].left.enterable and found[-1][0].right.enterable
    assert found[-1][0].left.ends_in == np.inf
