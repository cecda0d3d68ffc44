"""Hand-made frames for the viewer's tests: a curve with traffic, pedestrians and a plan."""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.types import (
    AdjacentLane,
    Behaviour,
    Control,
    Detection,
    FloatArray,
    Hypothesis,
    LaneEstimate,
    LanePath,
    NavigationCommand,
    ObjectClass,
    Observation,
    Plan,
    Prediction,
    StepTrace,
    Track,
)
from drive_stack.vehicle import VehicleParameters
from drive_stack.viewer.headline import headline
from drive_stack.viewer.records import HistoryPoint, ViewFrame
from drive_stack.world_state import (
    Conditions,
    EgoState,
    ObstacleStates,
    PedestrianStates,
    VehicleStates,
    WorldState,
)

CAMERA = CameraModel()
EGO_STATION = 260.0


def road() -> RoadMap:
    lanes = tuple(Lane(offset=offset, width=3.75, start=0.0, end=1500.0) for offset in (3.75, 0.0, -3.75))
    return build_road(((200.0, 0.0), (400.0, 1.0 / 500.0), (900.0, 0.0)), lanes)


def vehicles(road_map: RoadMap) -> VehicleStates:
    station = EGO_STATION + np.array([32.0, 55.0, 88.0, -18.0, 14.0])
    lateral = np.array([0.0, 3.75, -3.75, 3.75, -3.75])
    xy, yaw = road_map.to_world(station, lateral)
    count = len(station)
    return VehicleStates(
        id=np.arange(1, count + 1),
        x=xy[:, 0],
        y=xy[:, 1],
        yaw=yaw,
        speed=np.array([24.0, 31.0, 22.0, 33.0, 25.0]),
        acceleration=np.zeros(count),
        length=np.array([4.6, 4.3, 16.0, 4.8, 7.5]),
        width=np.array([1.85, 1.8, 2.55, 1.9, 2.4]),
        height=np.array([1.5, 1.5, 3.9, 1.6, 3.2]),
        label=np.array([0, 0, 1, 0, 1]),
        body=np.array([1, 0, 6, 2, 5]),
        colour=np.full((count, 3), 128, dtype=np.uint8),
        lane=np.array([1, 0, 2, 0, 2]),
        target_lane=np.array([1, 1, 2, 0, 2]),
        station=station,
        lateral=lateral,
        brake_lamp=np.array([True, False, False, False, False]),
        indicator=np.array([0, 1, 2, 0, 0]),
        parked=np.array([False, False, True, False, False]),
        unlit=np.zeros(count, dtype=np.bool_),
    )


def pedestrians(road_map: RoadMap) -> PedestrianStates:
    xy, yaw = road_map.to_world(EGO_STATION + np.array([40.0, 46.0]), np.array([-7.4, -8.0]))
    return PedestrianStates(
        id=np.array([20, 21]),
        x=xy[:, 0],
        y=xy[:, 1],
        yaw=yaw + np.pi / 2.0,
        speed=np.array([1.4, 0.0]),
        height=np.array([1.75, 1.2]),
        radius=np.array([0.3, 0.2]),
        length=np.array([0.6, 0.4]),
        width=np.array([0.6, 0.4]),
        gait=np.zeros(2),
        child=np.array([False, True]),
        clothes=np.full((2, 4, 3), 100, dtype=np.uint8),
        kind=np.zeros(2, dtype=np.int64),
    )


def obstacles(road_map: RoadMap) -> ObstacleStates:
    station = EGO_STATION + np.array([70.0, 76.0, 82.0, 95.0])
    xy, yaw = road_map.to_world(station, np.array([-5.6, -5.2, -4.8, -3.75]))
    return ObstacleStates(
        id=np.arange(30, 34),
        x=xy[:, 0],
        y=xy[:, 1],
        yaw=yaw,
        length=np.array([0.4, 0.4, 0.4, 0.5]),
        width=np.array([0.4, 0.4, 0.4, 2.2]),
        height=np.array([0.8, 0.8, 0.8, 2.5]),
        kind=np.array([0, 0, 0, 2]),
        form=np.zeros(4, dtype=np.int64),
    )


def world() -> WorldState:
    road_map = road()
    xy, yaw = road_map.to_world(np.array([EGO_STATION]), np.array([0.2]))
    ego = EgoState(
        x=float(xy[0, 0]),
        y=float(xy[0, 1]),
        yaw=float(yaw[0]),
        speed=26.4,
        acceleration=-1.2,
        steering=0.006,
        yaw_rate=0.05,
        station=EGO_STATION,
        lateral=0.2,
        brake_lamp=True,
    )
    return WorldState(
        time=18.3,
        ego=ego,
        car=VehicleParameters(),
        vehicles=vehicles(road_map),
        pedestrians=pedestrians(road_map),
        obstacles=obstacles(road_map),
        road=road_map,
        conditions=Conditions(),
        speed_limit=120.0 / 3.6,
        command=NavigationCommand.FOLLOW,
        blind_spot_left=True,
        blind_spot_right=False,
        route_start=50.0,
        route_end=1400.0,
    )


def _in_ego(state: WorldState, station: FloatArray, lateral: FloatArray) -> tuple[FloatArray, FloatArray]:
    xy, yaw = state.road.to_world(station, lateral)
    return to_local(xy, np.array([state.ego.x, state.ego.y]), state.ego.yaw), yaw - state.ego.yaw


def lanes(state: WorldState) -> LaneEstimate:
    station = np.arange(0.0, 100.0, 2.0)
    xy, heading = _in_ego(state, EGO_STATION + station, np.zeros_like(station))
    path = LanePath(station=station, xy=xy, heading=heading, curvature=np.full_like(station, 0.002))
    adjacent = AdjacentLane(exists=True, enterable=True, width=3.75)
    return LaneEstimate(
        offset=0.2,
        heading=0.0,
        curvature=0.002,
        width=3.75,
        path=path,
        left=adjacent,
        right=adjacent,
        confidence=0.9,
    )


def tracks(state: WorldState) -> tuple[Track, ...]:
    tracked = []
    cars, origin = state.vehicles, np.array([state.ego.x, state.ego.y])
    for row in (0, 1, 2, 4):
        position = to_local(np.array([cars.x[row], cars.y[row]]), origin, state.ego.yaw)
        heading = float(cars.yaw[row]) - state.ego.yaw
        size = (float(cars.length[row]), float(cars.width[row]), float(cars.height[row]))
        tracked.append(
            _track(
                row + 3, ObjectClass(int(cars.label[row])), position, heading, float(cars.speed[row]), size
            )
        )
    walkers = state.pedestrians
    position = to_local(np.array([walkers.x[0], walkers.y[0]]), origin, state.ego.yaw)
    heading = float(walkers.yaw[0]) - state.ego.yaw
    tracked.append(_track(11, ObjectClass.PEDESTRIAN, position, heading, 1.4, (0.6, 0.6, 1.75)))
    return tuple(tracked)


def _track(
    number: int,
    label: ObjectClass,
    position: FloatArray,
    heading: float,
    speed: float,
    size: tuple[float, float, float],
) -> Track:
    length, width, height = size
    return Track(
        id=number,
        label=label,
        position=position,
        velocity=speed * np.array([np.cos(heading), np.sin(heading)]),
        covariance=np.eye(4),
        heading=heading,
        length=length,
        width=width,
        age=20,
        missed=0,
        confidence=0.9,
        box=box_of(position, length, width, height),
    )


def box_of(
    position: FloatArray, length: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """Image box of an upright cuboid, viewed along its length."""
    near = position[0] - length / 2.0
    corners = [[near, position[1] + side * width / 2.0, z] for side in (-1, 1) for z in (0.0, height)]
    uv = CAMERA.project(np.array(corners))[:, :2]
    (x1, y1), (x2, y2) = uv.min(axis=0), uv.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def predictions(tracked: tuple[Track, ...]) -> tuple[Prediction, ...]:
    times = np.arange(0.2, 4.01, 0.2)
    predicted = []
    for track in tracked:
        straight = track.position + times[:, None] * track.velocity * 0.6
        lane_change = straight + np.outer(np.minimum(times / 3.0, 1.0) * 3.75, [0.0, -1.0])
        headings = np.full_like(times, track.heading)
        predicted.append(
            Prediction(
                track,
                times,
                (
                    Hypothesis("keep lane", 0.75, straight, headings),
                    Hypothesis("change right", 0.25, lane_change, headings),
                ),
            )
        )
    return tuple(predicted)


def plan(state: WorldState) -> Plan:
    times = np.arange(0.0, 4.01, 0.1)
    speeds = np.maximum(26.4 - 2.2 * times, 0.0)
    distances = np.concatenate([[0.0], np.cumsum(0.1 * speeds[1:])])

    def path(lateral_offset: float) -> tuple[FloatArray, FloatArray]:
        lateral = 0.2 + (lateral_offset - 0.2) * np.minimum(distances / 60.0, 1.0)
        return _in_ego(state, EGO_STATION + distances, lateral)

    chosen, headings = path(0.0)
    return Plan(
        times=times,
        positions=chosen,
        headings=headings,
        curvatures=np.full_like(times, 0.002),
        speeds=speeds,
        accelerations=np.full_like(times, -2.2),
        behaviour=Behaviour.FOLLOW,
        reason="car #3, 32 m ahead, drives 86 km/h; the left lane is not free: a car comes up from behind",
        rejected=tuple(path(offset)[0] for offset in (-3.75, -1.5, 1.5, 3.75)),
        interventions=("held 1.8 s behind car #3",),
    )


def trace(state: WorldState) -> StepTrace:
    tracked = tracks(state)
    return StepTrace(
        control=Control(steering=0.007, acceleration=-1.4),
        detections=tuple(
            Detection(box=track.box, label=track.label, confidence=0.6 + 0.07 * index)
            for index, track in enumerate(tracked)
            if track.box is not None
        ),
        tracks=tracked,
        lanes=lanes(state),
        predictions=predictions(tracked),
        plan=plan(state),
        stage_ms={
            "detector": 8.4,
            "lanes": 3.1,
            "lifting": 0.2,
            "tracker": 0.9,
            "prediction": 0.7,
            "planning": 6.2,
            "control": 0.1,
        },
    )


def history(seconds: float = 10.0) -> tuple[HistoryPoint, ...]:
    times = np.arange(18.3 - seconds, 18.31, 0.1)
    return tuple(
        HistoryPoint(
            time=float(t),
            speed=29.0 + 2.0 * float(np.sin(0.6 * t)),
            speed_limit=120.0 / 3.6,
            planned_speed=29.0 + 2.0 * float(np.sin(0.6 * t + 0.5)),
            steering=0.01 * float(np.sin(0.9 * t)),
            requested_steering=0.01 * float(np.sin(0.9 * t + 0.2)),
        )
        for t in times
    )


def sky_and_ground() -> np.typing.NDArray[np.uint8]:
    """Image of the sky above a level ground."""
    image = np.empty((CAMERA.height, CAMERA.width, 3), dtype=np.uint8)
    horizon = int(CAMERA.horizon_px)
    image[:horizon] = (150, 185, 215)
    image[horizon:] = (96, 98, 100)
    return image


def view_frame(outcome: str | None = None) -> ViewFrame:
    state = world()
    observation = Observation(
        image=sky_and_ground(),
        speed=state.ego.speed,
        yaw_rate=state.ego.yaw_rate,
        blind_spot_left=True,
        blind_spot_right=False,
        speed_limit=state.speed_limit,
        command=NavigationCommand.FOLLOW,
    )
    return ViewFrame(
        observation=observation,
        state=state,
        camera_model=CAMERA,
        agent_name="modular",
        scenario="dense_traffic",
        seed=100_003,
        trace=trace(state),
        headline=headline(-1.4, plan(state)),
        score={
            "Driving score": "43.1",
            "Route": "43 %",
            "Mean speed": "96 km/h",
            "Least time to collision": "2.1 s",
            "Hits": "none",
        },
        history=history(),
        outcome=outcome,
    )
