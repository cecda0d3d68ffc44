"""A road on which each stage of perception measures the step that the image shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from synthetic_measurements import measured_ends

from drive_stack.geometry import to_local
from drive_stack.monitoring.camera_monitor import CameraMonitor
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneMeasurement
from drive_stack.pipeline.perceiving import PerceptionStages
from drive_stack.pipeline.timeline import Motion
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.types import (
    Detection,
    FloatArray,
    GroundEstimate,
    Image,
    LiftedObject,
    NavigationCommand,
    ObjectClass,
    Observation,
)

DT, SPEED, LEAD_SPEED, RADIUS = 0.1, 20.0, 15.0, 250.0


@dataclass
class ExposedRoad:
    """A camera, a lane sensor, a detector and a lifter: each measures the step that the image shows.

    The ego follows the centre of a road at a constant speed; a lead drives 40 m ahead of its start.
    """

    road: RoadMap
    grid: GroundGrid

    def motion(self, step: int) -> Motion:
        return Motion(SPEED, SPEED * float(self.road.curvature_at(np.asarray(self.station(step)))))

    @staticmethod
    def station(step: int) -> float:
        return 50.0 + SPEED * DT * step

    def image(self, step: int) -> Image:
        """Noise, in whose first pixel the step is written."""
        image = np.random.default_rng(step).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        image[0, 0] = step // 100, step % 100, 0
        return image

    @staticmethod
    def step(image: Image) -> int:
        return 100 * int(image[0, 0, 0]) + int(image[0, 0, 1])

    def local(self, step: int, station: FloatArray, lateral: float) -> FloatArray:
        """Points of the road in the ego frame at ``step``, (N, 2) [m]."""
        position, yaw = self.road.to_world(np.asarray(self.station(step)), np.asarray(0.0))
        points, _ = self.road.to_world(station, np.full(len(station), lateral))
        return to_local(points, position, float(yaw))

    def lead(self, step: int) -> FloatArray:
        """Position of the lead in the ego frame at ``step`` [m]."""
        return self.local(step, np.array([90.0 + LEAD_SPEED * DT * step]), 0.0)[0]

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
        step = self.step(image)
        stations = self.station(step) + np.arange(-10.0, 150.0)
        rows = np.full((4, self.grid.rows), np.nan)
        for row, lateral in ((1, 1.8), (2, -1.8)):
            x, y = self.local(step, stations, lateral).T
            line = np.interp(self.grid.anchors, x, y)
            rows[row] = np.where(np.abs(line) < self.grid.half_width, line, np.nan)
        ends = measured_ends((np.inf, np.inf, np.inf))
        absent = np.full(2, 0.1)
        return LaneMeasurement(
            rows, np.full_like(rows, 0.08), absent, np.tile(absent[:, None], self.grid.rows), ends, 0.95
        )

    def detect(self, image: Image) -> tuple[Detection, ...]:
        return (Detection((float(self.step(image)), 0.0, 16.0, 16.0), ObjectClass.OBSTACLE, 0.9),)

    def lift(
        self, detections: tuple[Detection, ...], ground: GroundEstimate | None = None
    ) -> tuple[LiftedObject, ...]:
        return tuple(
            LiftedObject(self.lead(int(shown.box[0])), 0.01 * np.eye(2), ObjectClass.CAR, 0.9, 1.8, shown)
            for shown in detections
        )


def curve_ahead() -> ExposedRoad:
    """A drive from a straight into a curve."""
    road = build_road(((120.0, 0.0), (900.0, 1.0 / RADIUS)), (Lane(0.0, 3.6, 0.0, 1e4),))
    return ExposedRoad(road, GroundGrid())


def stages_of(world: ExposedRoad, dt: float) -> PerceptionStages:
    """Stages that measure ``world`` every ``dt`` [s]."""
    filtered = FilteredLanes(world, dt)
    return PerceptionStages(world, filtered, world, KalmanTracker(dt), camera_monitor=CameraMonitor())


def observation_of(world: ExposedRoad, step: int, shown: int) -> Observation:
    """The observation at ``step`` with the image of the step ``shown``."""
    motion, age = world.motion(step), DT * (step - shown)
    image, command = world.image(shown), NavigationCommand.FOLLOW
    return Observation(image, motion.speed, motion.yaw_rate, False, False, 30.0, command, age)
