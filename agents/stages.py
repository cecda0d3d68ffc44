"""Builds the stages that a configuration names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from drive_stack.config import load_model
from drive_stack.control.longitudinal import FeedForwardLongitudinal
from drive_stack.control.lqr import Lqr
from drive_stack.control.mpc import Mpc
from drive_stack.control.pure_pursuit import PurePursuit
from drive_stack.control.stanley import Stanley
from drive_stack.errors import ConfigError
from drive_stack.interfaces import (
    Detector,
    GripEstimator,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    OracleStages,
    Planner,
    Platform,
    Predictor,
    Tracker,
)
from drive_stack.monitoring.camera_monitor import MAX_AGE, NO_AGE, CameraMonitor
from drive_stack.monitoring.detection_monitor import DetectionMonitor
from drive_stack.perception import detector, lanes_network
from drive_stack.perception.detector import YoloDetector
from drive_stack.perception.grip import RainSensorGrip
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.perception.lifting import GroundLifter
from drive_stack.pipeline.driving import DrivingStages, Stages
from drive_stack.pipeline.perceiving import PerceptionStages
from drive_stack.planning.planner import LatticePlanner
from drive_stack.prediction.constant_velocity import ConstantVelocityPredictor
from drive_stack.prediction.lane_following import LaneFollowingPredictor
from drive_stack.support.layout import CONFIGS
from drive_stack.tracking.alpha_beta_tracker import AlphaBetaTracker
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.types import Detection, Image, Plan, PlanningInput

from .config import (
    ControlConfig,
    DrivingConfig,
    ModularConfig,
    PerceptionConfig,
    PredictionConfig,
    StageName,
    TrackingConfig,
)

Stage = TypeVar("Stage")
AnyStages = TypeVar("AnyStages", Stages, PerceptionStages)

NO_TRUTH = "an oracle stage needs the simulator's truth, which this agent does not get"
_MAX_AGES = {"compensated": MAX_AGE, "fault": NO_AGE}  # of usable images [s]
_GRIP_MAKERS: dict[str, Callable[[], GripEstimator]] = {"rain_sensor": RainSensorGrip}


class NoDetector:
    """Detects nothing; for drivers whose tracker reads the truth."""

    def detect(self, image: Image) -> tuple[Detection, ...]:  # noqa: ARG002 - required by the protocol
        """No detections."""
        return ()


def build_stages(config: ModularConfig, platform: Platform, oracles: OracleStages | None) -> Stages:
    """Build every stage that ``config`` names. Raises `ConfigError` for an oracle that is not available."""
    perception = build_perception(config.perception, config.tracking, platform, oracles)
    driving = build_driving(config, config.perception.grip, platform, oracles)
    return Stages(
        detector=perception.detector,
        lanes=perception.lanes,
        lifter=perception.lifter,
        tracker=perception.tracker,
        predictor=driving.predictor,
        planner=driving.planner,
        lateral=driving.lateral,
        longitudinal=driving.longitudinal,
        grip=driving.grip,
        camera_monitor=perception.camera_monitor,
        detection_monitor=perception.detection_monitor,
        lanes_are_present=perception.lanes_are_present,
        tracks_are_present=perception.tracks_are_present,
    )


def build_perception(
    perception: PerceptionConfig, tracking: TrackingConfig, platform: Platform, oracles: OracleStages | None
) -> PerceptionStages:
    """Build the stages from the image to tracks and lanes. Raises `ConfigError` as `build_stages` does."""
    detects, networks_lanes = perception.detector != "none", perception.lanes == "network"
    return PerceptionStages(
        detector=_detector(perception, oracles),
        lanes=_lanes(perception, platform, oracles),
        lifter=_lifter(perception, platform, oracles),
        tracker=_tracker(tracking, platform, oracles),
        camera_monitor=CameraMonitor(_MAX_AGES[perception.latency]) if detects or networks_lanes else None,
        detection_monitor=DetectionMonitor(platform.camera) if detects else None,
        lanes_are_present=not networks_lanes,
        tracks_are_present="oracle" in (perception.detector, perception.lifter, tracking.tracker),
    )


def build_driving(
    config: DrivingConfig, grip: str, platform: Platform, oracles: OracleStages | None
) -> DrivingStages:
    """Build the stages from the prediction to the control. Raises `ConfigError` as `build_stages` does."""
    settings = config.planning.lattice.model_copy(update={"dt": platform.dt})
    return DrivingStages(
        predictor=_predictor(config.prediction, oracles),
        planner=LatticePlanner(platform.car, settings),
        lateral=_lateral(config.control, platform, oracles),
        longitudinal=_longitudinal(config.control, platform, oracles),
        grip=_make(grip, _GRIP_MAKERS, oracles.grip if oracles else None),
    )


class ShadowedPlanner:
    """Plans with one planner, and lets another one plan from the same inputs, so that both have a memory."""

    def __init__(self, planner: Planner, shadow: Planner) -> None:
        self._planner, self._shadow = planner, shadow

    def reset(self) -> None:
        """Discard the states of both planners."""
        self._planner.reset()
        self._shadow.reset()

    def plan(self, inputs: PlanningInput) -> Plan:
        """The plan of the first planner."""
        self._shadow.plan(inputs)
        return self._planner.plan(inputs)


def switched_stages(
    config: ModularConfig, stages: Stages, platform: Platform, oracles: OracleStages | None
) -> tuple[Stages, Stages]:
    """The stages before and after those are replaced that ``config.oracles`` names.

    Both are ``stages`` where it names none. Raises `ConfigError` for an oracle that is not available.
    """
    before = after = stages
    if "planner" in config.oracles.stages:
        settings = load_model(CONFIGS / "agents" / "expert.yaml", ModularConfig).planning.lattice
        planner = LatticePlanner(platform.car, settings.model_copy(update={"dt": platform.dt}))
        before = replace(stages, planner=ShadowedPlanner(stages.planner, planner))
        after = replace(stages, planner=planner)
    for stage in config.oracles.stages:
        if stage != "planner":
            after = _with_oracle(after, stage, oracles)
    return before, after


def perception_with_oracles(
    stages: PerceptionStages, names: Sequence[str], oracles: OracleStages | None
) -> PerceptionStages:
    """The stages of perception with those of ``names`` replaced by oracles; `ConfigError` without truth."""
    for name in names:
        if oracles is None:
            raise ConfigError(NO_TRUTH)
        stages = _with_perception_oracle(stages, name, oracles)
    return stages


def _with_perception_oracle(stages: AnyStages, name: str, oracles: OracleStages) -> AnyStages:
    """The stages with one of perception replaced by an oracle; unchanged for another name."""
    if name == "detector":
        return replace(stages, detector=oracles.detector(), tracks_are_present=True)
    if name == "lifter":
        return replace(stages, lifter=oracles.lifter(), tracks_are_present=True)
    if name == "tracker":
        return replace(stages, tracker=oracles.tracker(), tracks_are_present=True)
    if name == "lanes":
        return replace(stages, lanes=oracles.lanes(), lanes_are_present=True)
    return stages


def _with_oracle(stages: Stages, stage: StageName, oracles: OracleStages | None) -> Stages:
    if oracles is None:
        raise ConfigError(NO_TRUTH)
    makers: dict[str, Callable[[], Stages]] = {
        "grip": lambda: replace(stages, grip=oracles.grip()),
        "predictor": lambda: replace(stages, predictor=oracles.predictor()),
        "lateral": lambda: replace(stages, lateral=oracles.lateral()),
        "longitudinal": lambda: replace(stages, longitudinal=oracles.longitudinal()),
    }
    return makers[stage]() if stage in makers else _with_perception_oracle(stages, stage, oracles)


def _make(name: str, makers: dict[str, Callable[[], Stage]], oracle: Callable[[], Stage] | None) -> Stage:
    """Make the stage called ``name``; ``makers`` has an entry for each name that the configuration allows."""
    if name != "oracle":
        return makers[name]()
    if oracle is None:
        raise ConfigError(NO_TRUTH)
    return oracle()


def _detector(config: PerceptionConfig, oracles: OracleStages | None) -> Detector:
    def yolo() -> Detector:
        return YoloDetector(
            config.detector_weights or detector.WEIGHTS,
            confidence=config.confidence,
            threads=config.threads,
            engine=config.engine,
        )

    makers: dict[str, Callable[[], Detector]] = {"yolo": yolo, "none": NoDetector}
    return _make(config.detector, makers, oracles.detector if oracles else None)


def _lanes(config: PerceptionConfig, platform: Platform, oracles: OracleStages | None) -> LaneDetector:
    def filtered_network() -> LaneDetector:
        weights = config.lanes_weights or lanes_network.WEIGHTS
        network = LaneNetwork(platform.camera, weights, threads=config.threads, engine=config.engine)
        return FilteredLanes(
            network,
            platform.dt,
            camera=platform.camera,
            estimates_ground=config.ground == "estimated",
        )

    makers: dict[str, Callable[[], LaneDetector]] = {"network": filtered_network}
    return _make(config.lanes, makers, oracles.lanes if oracles else None)


def _lifter(config: PerceptionConfig, platform: Platform, oracles: OracleStages | None) -> Lifter:
    makers: dict[str, Callable[[], Lifter]] = {"ground": lambda: GroundLifter(platform.camera)}
    return _make(config.lifter, makers, oracles.lifter if oracles else None)


def _tracker(config: TrackingConfig, platform: Platform, oracles: OracleStages | None) -> Tracker:
    makers: dict[str, Callable[[], Tracker]] = {
        "kalman": lambda: KalmanTracker(platform.dt),
        "alpha_beta": lambda: AlphaBetaTracker(platform.dt),
    }
    return _make(config.tracker, makers, oracles.tracker if oracles else None)


def _predictor(config: PredictionConfig, oracles: OracleStages | None) -> Predictor:
    makers: dict[str, Callable[[], Predictor]] = {
        "lane_following": lambda: LaneFollowingPredictor(config.lane_following),
        "constant_velocity": lambda: ConstantVelocityPredictor(config.constant_velocity),
    }
    return _make(config.predictor, makers, oracles.predictor if oracles else None)


def lateral_makers(config: ControlConfig, platform: Platform) -> dict[str, Callable[[], LateralController]]:
    """Constructors of the lateral controllers that need no truth, by name."""
    return {
        "pure_pursuit": lambda: PurePursuit(platform, config.pure_pursuit),
        "stanley": lambda: Stanley(platform, config.stanley),
        "lqr": lambda: Lqr(platform, config.lqr),
        "mpc": lambda: Mpc(platform, config.mpc),
    }


def configured_lateral_makers(
    platform: Platform, overrides: Sequence[str]
) -> dict[str, Callable[[], LateralController]]:
    """`lateral_makers` with the settings of the modular driver. Raises `ConfigError` for an override."""
    config = load_model(CONFIGS / "agents" / "modular.yaml", ModularConfig, overrides)
    return lateral_makers(config.control, platform)


def _lateral(config: ControlConfig, platform: Platform, oracles: OracleStages | None) -> LateralController:
    makers = lateral_makers(config, platform)
    return _make(config.lateral, makers, oracles.lateral if oracles else None)


def _longitudinal(
    config: ControlConfig, platform: Platform, oracles: OracleStages | None
) -> LongitudinalController:
    makers: dict[str, Callable[[], LongitudinalController]] = {
        "feed_forward": lambda: FeedForwardLongitudinal(platform, config.feed_forward)
    }
    return _make(config.longitudinal, makers, oracles.longitudinal if oracles else None)
