"""Average precision on cases worked by hand."""

import math

import numpy as np
import pytest

from drive_stack.evaluation.detection.classes import PEDESTRIANS, VEHICLES
from drive_stack.evaluation.detection.metrics import (
    Criteria,
    average_precision,
    false_positives_at,
    iou_matrix,
    match_frames,
    precision_at,
    recall_at,
)
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.types import Detection, ObjectClass

CAR, LARGE, PERSON = ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN


def truth(*rows: tuple[tuple[float, float, float, float], ObjectClass, float]) -> FrameTruth:
    return FrameTruth(
        boxes=np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4),
        labels=np.array([row[1] for row in rows], dtype=np.int8),
        visible=np.array([row[2] for row in rows], dtype=np.float32),
        distance=np.full(len(rows), 30.0, dtype=np.float32),
    )


def box(left: float, top: float = 0.0, size: float = 20.0) -> tuple[float, float, float, float]:
    return (left, top, left + size, top + size)


def test_iou_of_half_shifted_boxes_is_a_third() -> None:
    overlap = iou_matrix(np.array([box(0.0)]), np.array([box(10.0), box(0.0), box(100.0)]))
    np.testing.assert_allclose(overlap, [[1.0 / 3.0, 1.0, 0.0]])


def test_average_precision_of_right_wrong_right_over_three_objects() -> None:
    # precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3: area = 1/3 · 1 + 1/3 · 2/3 = 5/9
    objects = truth((box(0), CAR, 1.0), (box(50), CAR, 1.0), (box(100), CAR, 1.0))
    detections = [
        Detection(box(0), CAR, 0.9),
        Detection(box(200), CAR, 0.8),
        Detection(box(50), CAR, 0.7),
    ]
    matches = match_frames([detections], [objects], frozenset({CAR}), Criteria())
    assert average_precision(matches) == pytest.approx(5.0 / 9.0)
    assert recall_at(matches, 0.85) == pytest.approx(1.0 / 3.0)
    assert precision_at(matches, 0.75) == pytest.approx(0.5)
    assert false_positives_at(matches, 0.5, 2) == 0.5


def test_second_detection_of_one_object_is_wrong() -> None:
    detections = [Detection(box(0), CAR, 0.9), Detection(box(1), CAR, 0.8)]
    matches = match_frames([detections], [truth((box(0), CAR, 1.0))], frozenset({CAR}), Criteria())
    assert matches.correct.tolist() == [True, False]


@pytest.mark.parametrize("hidden", [(box(0), CAR, 0.3), (box(0, size=10.0), CAR, 1.0)])
def test_small_or_hidden_objects_are_ignored(
    hidden: tuple[tuple[float, float, float, float], ObjectClass, float],
) -> None:
    detections = [Detection(hidden[0], CAR, 0.9)]
    matches = match_frames([detections, []], [truth(hidden), truth(hidden)], frozenset({CAR}), Criteria())
    assert len(matches.confidence) == 0
    assert math.isnan(average_precision(matches))


def test_an_ignored_object_does_not_take_the_detection_of_an_evaluated_one() -> None:
    objects = truth((box(0), CAR, 0.2), (box(2), CAR, 1.0))
    detections = [Detection(box(0), CAR, 0.9)]
    assert average_precision(match_frames([detections], [objects], frozenset({CAR}), Criteria())) == 1.0


def test_the_vehicle_group_accepts_a_car_for_a_lorry_but_the_classes_do_not() -> None:
    objects = truth((box(0), LARGE, 1.0))
    detections = [Detection(box(0), CAR, 0.9)]
    assert average_precision(match_frames([detections], [objects], VEHICLES, Criteria())) == 1.0
    assert average_precision(match_frames([detections], [objects], frozenset({LARGE}), Criteria())) == 0.0
    assert len(match_frames([detections], [objects], PEDESTRIANS, Criteria()).confidence) == 0


def test_tiny_unmatched_detection_is_ignored() -> None:
    detections = [Detection(box(300, size=8.0), PERSON, 0.9), Detection(box(0), PERSON, 0.5)]
    objects = truth((box(0), PERSON, 1.0))
    assert average_precision(match_frames([detections], [objects], PEDESTRIANS, Criteria())) == 1.0
