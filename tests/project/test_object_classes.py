"""Every place that distinguishes object classes knows all of them."""

import numpy as np
import pytest

from drive_stack.evaluation.detection.classes import GROUPS as DETECTION_GROUPS
from drive_stack.evaluation.detection.classes import REPORTED
from drive_stack.evaluation.metrics.driving_score import PENALTIES
from drive_stack.evaluation.metrics.fault import evaluate_contact
from drive_stack.evaluation.schemes.carla import COST_2_1
from drive_stack.objects.classes import (
    GROUPS,
    HELD_OUT_CLASSES,
    TAUGHT_CLASSES,
    ClassGroup,
    class_name,
    contact_name,
)
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import decode
from drive_stack.perception.lifting import TYPICAL_SIZES
from drive_stack.tracking.classes import CLASS_MODELS, same_group
from drive_stack.types import Contact, ContactKind, ObjectClass, SemanticClass, Side
from drive_stack.viewer.theme import Theme
from drive_stack.world_state import ObstacleKind, WalkerKind, obstacle_labels, walker_labels
from envs.camera.actor_nodes import SEMANTIC
from envs.camera.labels import FILL
from envs.views import CONTACT_KINDS


@pytest.mark.parametrize(
    "table",
    [GROUPS, CLASS_MODELS, TYPICAL_SIZES, Theme().classes, FILL, SEMANTIC],
    ids=["groups", "tracking", "lifting", "colours", "labels", "semantic"],
)
def test_every_table_by_class_has_all_classes(table: dict[ObjectClass, object]) -> None:
    assert set(table) == set(ObjectClass)


def test_exported_actors_have_a_colour_for_each_class() -> None:
    colours = pytest.importorskip("drive_stack.datasets.export.rerun_format").COLOURS
    assert set(colours) == set(ObjectClass)
    assert len(set(colours.values())) == len(ObjectClass)


def test_colours_on_the_screen_differ() -> None:
    assert len(set(Theme().classes.values())) == len(ObjectClass)


def test_each_class_is_either_taught_or_held_out() -> None:
    assert sorted((*TAUGHT_CLASSES, *HELD_OUT_CLASSES)) == list(ObjectClass)


def test_the_classes_of_the_detector_come_first() -> None:
    """Column k of the detector's scores belongs to class k."""
    assert [int(label) for label in TAUGHT_CLASSES] == list(range(len(TAUGHT_CLASSES)))


def test_reported_detection_groups_are_disjoint_and_cover_all_classes() -> None:
    labels = [label for name in REPORTED for label in DETECTION_GROUPS[name]]
    assert sorted(labels) == list(ObjectClass)


def test_the_thresholds_of_a_detector_taught_fewer_classes_fit_its_scores() -> None:
    boxes = np.array([[10.0, 10.0, 30.0, 30.0]], dtype=np.float32)
    thresholds = ConfidenceThresholds().by_class()
    for classes in (4, len(TAUGHT_CLASSES)):
        scores = np.zeros((1, classes), dtype=np.float32)
        scores[0, classes - 1] = 0.9
        (found,) = decode(boxes, scores, (100, 100), thresholds, 0.6)
        assert found.label is TAUGHT_CLASSES[classes - 1]


@pytest.mark.parametrize("label", ObjectClass)
def test_a_track_may_change_its_class_only_between_vehicles(label: ObjectClass) -> None:
    others = {other for other in ObjectClass if same_group(label, other)}
    vehicles = {other for other, group in GROUPS.items() if group is ClassGroup.VEHICLES}
    assert others == (vehicles if label in vehicles else {label})


def test_every_kind_of_actor_has_a_class_of_its_group() -> None:
    walkers = [ObjectClass(label) for label in walker_labels(np.array(list(WalkerKind)))]
    obstacles = [ObjectClass(label) for label in obstacle_labels(np.array(list(ObstacleKind)))]
    assert {GROUPS[label] for label in walkers} == {ClassGroup.PEDESTRIANS}
    assert {GROUPS[label] for label in obstacles} == {ClassGroup.OBSTACLES}
    assert set(walkers) == set(CONTACT_KINDS)
    assert obstacles.count(ObjectClass.OBSTACLE) == 4  # cone, barrier, board and random solid are taught


@pytest.mark.parametrize("label", ObjectClass)
def test_every_collision_is_scored_and_named(label: ObjectClass) -> None:
    kind = CONTACT_KINDS.get(label, ContactKind.VEHICLE)
    if GROUPS[label] is ClassGroup.OBSTACLES:
        kind = ContactKind.OBJECT
    hit = Contact(1.0, 7, kind, Side.FRONT, 5.0, 10.0, 0.0, label)
    verdict = evaluate_contact(hit, inside_one_lane=True)
    assert verdict.at_fault and verdict.reason == f"drove into a standing {contact_name(hit)}"
    assert kind in PENALTIES and kind in COST_2_1
    if label in HELD_OUT_CLASSES:
        assert contact_name(hit) == class_name(label)


def test_semantic_classes_of_actors_differ_except_for_road_works() -> None:
    assert SEMANTIC[ObjectClass.OBSTACLE] is SemanticClass.STRUCTURE
    assert len(set(SEMANTIC.values())) == len(ObjectClass)
