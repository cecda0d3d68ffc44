"""The lane filter on known roads: curves, lane changes and missing images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from synthetic_measurements import measured_ends

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneMeasurement
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.types import Image, LaneEstimate

DT, LANE = 0.1, 3.6
BLACK: Image = np.zeros((2, 2, 3), dtype=np.uint8)


@dataclass
class DrivenRoad:
    """A `LaneSensor` that measures the lines of a road from the car's pose, with little noise."""

    road: RoadMap
    rng: np.random.Generator
    grid: GroundGrid = field(default_factory=GroundGrid)
    station: float = 50.0
    lateral: float = 0.0
    yaw_offset: float = 0.0
    is_blind: bool = False
    end: float = np.inf  # of the ego's lane [m]

    def lane(self) -> int:
        return self.road.lane_at(self.station, self.lateral)

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
        index, rows = self.lane(), []
        position, yaw = self.road.to_world(np.asarray(self.station), np.asarray(self.lateral))
        stations = self.station + np.arange(-10.0, 150.0)
        for lane, fraction in ((index - 1, 0.5), (index, 0.5), (index, -0.5), (index + 1, -0.5)):
            if self.is_blind or not 0 <= lane < len(self.road.lanes):
                rows.append(np.full(self.grid.rows, np.nan))
                continue
            edge = self.road.lanes[lane].offset + fraction * self.road.lanes[lane].width
            world, _ = self.road.to_world(stations, np.full(len(stations), edge))
            x, y = to_local(world, position, float(yaw) + self.yaw_offset).T
            line = np.interp(self.grid.anchors, x, y) + self.rng.normal(size=self.grid.rows) * 0.08
            rows.append(np.where(np.abs(line) < self.grid.half_width, line, np.nan))
        exists = np.array([index > 0, index < len(self.road.lanes) - 1])
        y = np.stack(rows)
        probability = np.where(exists, 0.9, 0.1)
        return LaneMeasurement(
            y,
            np.full_like(y, 0.08),
            adjacent=probability,
            crossable=np.tile(probability[:, None], self.grid.rows),
            ends=measured_ends((np.inf, self.end - self.station, np.inf)),
            visibility=0.0 if self.is_blind else 0.95,
        )


def road(pieces: tuple[tuple[float, float], ...]) -> RoadMap:
    return build_road(pieces, tuple(Lane(offset, LANE, 0.0, 1e4) for offset in (3.6, 0.0, -3.6)))


Sample = tuple[LaneEstimate, float, float, float]


def drive(
    lanes: FilteredLanes, world: DrivenRoad, steps: int, speed: float, drift: float = 0.0
) -> list[Sample]:
    """Estimates with the true offset, heading and curvature, while drifting ``drift`` [m/s] to the left."""
    world.yaw_offset = float(np.arcsin(drift / speed))
    samples, last_yaw = [], None
    for _ in range(steps):
        kappa = float(world.road.curvature_at(np.asarray(world.station)))
        yaw = float(world.road.to_world(np.asarray(world.station), np.asarray(0.0))[1]) + world.yaw_offset
        rate = 0.0 if last_yaw is None else wrap_angle(yaw - last_yaw) / DT
        last_yaw = yaw
        estimate = lanes.estimate(BLACK, speed, rate)
        centre = world.road.lanes[world.lane()].offset
        samples.append((estimate, world.lateral - centre, world.yaw_offset, kappa / (1.0 - kappa * centre)))
        world.station += speed * np.cos(world.yaw_offset) * DT / (1.0 - kappa * world.lateral)
        world.lateral += drift * DT
    return samples


@pytest.mark.parametrize(
    "pieces",
    [
        ((2000.0, 0.0),),
        ((150.0, 0.0), (1500.0, 1 / 250.0)),
        ((120.0, 0.0), (100.0, 1 / 300.0), (900.0, -1 / 300.0)),
    ],
    ids=["straight", "into a curve", "S-bend"],
)
def test_estimates_are_accurate_on_every_road(pieces: tuple[tuple[float, float], ...]) -> None:
    world = DrivenRoad(road(pieces), np.random.default_rng(1), lateral=0.3)
    samples = drive(FilteredLanes(world, DT), world, 120, 22.0)[5:]
    offset = np.array([estimate.offset - true for estimate, true, _, _ in samples])
    heading = np.array([estimate.heading - true for estimate, _, true, _ in samples])
    assert float(np.median(np.abs(offset))) < 0.06
    assert float(np.quantile(np.abs(offset), 0.95)) < 0.15
    assert float(np.degrees(np.quantile(np.abs(heading), 0.95))) < 0.7
    assert min(estimate.confidence for estimate, *_ in samples) > 0.6
    assert samples[-1][0].left.exists and samples[-1][0].right.exists


def test_a_lane_change_passes_smoothly_to_the_next_lane() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(2))
    samples = drive(FilteredLanes(world, DT), world, 45, 25.0, drift=0.9)
    for estimate, true, _, _ in samples[5:]:
        # the estimate may switch lanes a little before or after the line is crossed
        error = estimate.offset - true
        assert min(abs(error), abs(abs(error) - LANE)) < 0.25
    assert abs(samples[-1][0].offset - samples[-1][1]) < 0.15
    assert not samples[-1][0].left.exists
    assert samples[-1][0].right.exists and samples[-1][0].right.enterable


def test_confidence_fades_without_measurements_and_comes_back() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(3))
    lanes = FilteredLanes(world, DT)
    clear = drive(lanes, world, 20, 25.0)
    world.is_blind = True
    dark = drive(lanes, world, 40, 25.0)
    world.is_blind = False
    again = drive(lanes, world, 20, 25.0)
    fading = [estimate.confidence for estimate, *_ in dark]
    assert fading == sorted(fading, reverse=True)
    assert clear[-1][0].confidence > 0.7 > dark[3][0].confidence > dark[-1][0].confidence
    assert dark[-1][0].confidence < 0.2
    assert again[-1][0].confidence > 0.7
    assert abs(dark[9][0].offset - dark[9][1]) < 0.3


def test_a_first_image_without_lanes_gives_no_confidence() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(4), is_blind=True)
    estimate = FilteredLanes(world, DT).estimate(BLACK, 20.0, 0.0)
    assert estimate.confidence == 0.0
    assert len(estimate.path.station) > 10


def test_the_filter_restarts_when_the_road_does_not_agree() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(5))
    lanes = FilteredLanes(world, DT)
    drive(lanes, world, 10, 20.0)
    world.lateral, world.yaw_offset = 1.3, 0.0
    samples = drive(lanes, world, 12, 20.0)
    assert abs(samples[-1][0].offset - 1.3) < 0.15


def test_a_reset_discards_the_state() -> None:
    first = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(6))
    lanes = FilteredLanes(first, DT)
    samples = drive(lanes, first, 8, 20.0)
    lanes.reset()
    second = DrivenRoad(first.road, np.random.default_rng(6))
    lanes._sensor = second
    samples_after_reset = drive(lanes, second, 8, 20.0)
    assert [a[0].offset for a in samples] == [b[0].offset for b in samples_after_reset]


def test_the_estimate_contains_the_end_of_the_ego_lane_and_the_enterable_lanes() -> None:
    world = DrivenRoad(road(((2000.0, 0.0),)), np.random.default_rng(8), end=150.0)
    samples = drive(FilteredLanes(world, DT), world, 30, 20.0)
    assert samples[-1][0].ends_in == pytest.approx(150.0 - world.station + 20.0 * DT, abs=5.0)
    assert samples[-1][0].left.enterable and samples[-1][0].right.enterable
    assert samples[-1][0].left.ends_in == np.inf
