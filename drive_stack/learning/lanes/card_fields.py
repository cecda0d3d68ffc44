"""Keys of the lane network's card, see `drive_stack.runtime.weights`."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from drive_stack.datasets.frames.store import FrameCounts
from drive_stack.runtime.weights import Card


class TrainingFacts(TypedDict):
    """How the network was trained."""

    date: str
    network: str  # a sentence
    epochs: int
    minutes: float
    threads: int
    validation_loss: NotRequired[float]  # cards of earlier versions have none
    training_data: FrameCounts
    limits: list[str]
    training_frames_sha256: str
    calibration_views: NotRequired[int]  # of the 8-bit values; cards of earlier versions have none


class ErrorTables(TypedDict):
    """Statistics of the errors along drives: of all, and by group (name of the group → statistics).

    The keys of the statistics are those of `figures.error_statistics`.
    """

    all: dict[str, float]
    by_scenario: dict[str, dict[str, float]]
    by_weather: dict[str, dict[str, float]]
    by_light: dict[str, dict[str, float]]
    by_road: dict[str, dict[str, float]]


class EndErrors(TypedDict):
    """Errors of the estimated ends of lanes in one band of true distances."""

    estimates: int
    found: NotRequired[float]  # fraction of the ends that were reported
    error_m: NotRequired[float]  # median absolute error of these [m]
    error_m_p95: NotRequired[float]  # 95th percentile [m]
    false: NotRequired[float]  # of lanes that do not end: fraction that was reported to end


class EndTables(TypedDict):
    """Band of distances → errors of the ends of the ego's lane, and of its neighbours."""

    ego: dict[str, EndErrors]
    neighbour: dict[str, EndErrors]


class EndFigures(EndTables):
    """Errors on drives up to the ends of lanes."""

    seeds: list[int]  # first and last
    elsewhere: dict[str, EndErrors]  # of the ego's lane on the drives through all scenarios
    drives: dict[str, dict[str, float]]  # scenario → statistics


class ImageErrors(TypedDict):
    """Errors on single images, without memory: medians and 95th percentiles of the absolute errors."""

    images: int
    lateral_m: float
    lateral_m_p95: float
    heading_deg: float
    heading_deg_p95: float
    curvature_per_m: float
    curvature_per_m_p95: float
    boundary_m: float
    boundary_m_p95: float


class ValidationFigures(TypedDict):
    """Figures on validation drives and frames."""

    validation_seeds: list[int]  # first and last
    validation: ErrorTables
    validation_ends: EndFigures
    validation_images: ImageErrors
    confidence: dict[str, dict[str, float]]  # degradation of the image → figures of `evaluate_confidence`


class TestFigures(TypedDict):
    """Figures on test drives."""

    test_seeds: list[int]  # first and last
    test: ErrorTables


class LanesCard(Card, TrainingFacts, ValidationFigures):
    """The card of the lane network; an evaluation on test seeds adds the keys that are not required."""

    test_seeds: NotRequired[list[int]]
    test: NotRequired[ErrorTables]
