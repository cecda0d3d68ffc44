"""Keys of the detector's card, see `drive_stack.runtime.weights`."""

from __future__ import annotations

from typing import NotRequired, TypeAlias

from typing_extensions import TypedDict

from drive_stack.datasets.frames.store import FrameCounts
from drive_stack.runtime.weights import Card


class ScoreCriteria(TypedDict):
    """Which objects are evaluated, and what counts as a match."""

    min_height_px: float
    min_visible: float  # visible fraction of an object, 0 … 1
    iou: float  # minimum overlap of a match, 0 … 1
    confidence: dict[str, float]  # class group → minimum confidence of a detection


class ClassScores(TypedDict):
    """Scores of one class group, 0 … 1; None where there is nothing to divide by."""

    objects: int
    ap50: float | None
    recall: float | None
    precision: float | None


class Recall(TypedDict):
    """Recall of the objects in one distance band; None without objects."""

    objects: int
    recall: float | None


class RecallUpTo(Recall):
    """Recall of the objects up to a distance."""

    up_to_m: float


Ap50Row: TypeAlias = dict[str, int | float | None]  # "frames" → number of frames; class group → its AP50


class Scores(TypedDict):
    """Scores on a set of frames."""

    criteria: ScoreCriteria
    classes: dict[str, ClassScores]
    false_positives_per_frame: float | None
    recall_in_clear_weather: dict[str, RecallUpTo]
    recall_by_distance_m: dict[str, dict[str, Recall]]  # class group → distance band → recall
    ap50_by_weather: dict[str, Ap50Row]
    ap50_by_light: dict[str, Ap50Row]
    ap50_by_scenario: dict[str, Ap50Row]


class CardScores(Scores):
    """Scores of the 8-bit weights, with those in single precision for comparison."""

    single_precision: dict[str, ClassScores]


class NetworkFacts(TypedDict):
    """What is known of a network before its training."""

    network: str  # a sentence
    threads: int
    training_data: FrameCounts
    training_frames_sha256: str
    limits: list[str]


class TrainingFacts(NetworkFacts):
    """What is known of a network after its training."""

    epochs: int
    minutes: float


class TrainedCard(Card, TrainingFacts):
    """The card of the weights in single precision."""


class WeightFile(TypedDict):
    """Name and hash of another weight file."""

    file: str
    sha256: str


class DetectorCard(TrainedCard):
    """The card of the 8-bit weights; an evaluation adds the keys that are not required."""

    single_precision: WeightFile
    calibration_frames: int
    date: NotRequired[str]
    engine: NotRequired[str]
    remarks: NotRequired[list[str]]
    validation_data: NotRequired[FrameCounts]
    validation: NotRequired[CardScores]
    test_data: NotRequired[FrameCounts]
    test: NotRequired[CardScores]
