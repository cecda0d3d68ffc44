"""Errors of the stages: values computed by hand, and oracle stages, which have none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.registry import build_agent
from drive_stack.app.episode_processes import measure
from drive_stack.camera_model import CameraModel
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.episodes import EpisodeTask
from drive_stack.evaluation.stage_errors.all_tables import stage_tables
from drive_stack.evaluation.stage_errors.identity import TrackCollector, TrackScores, combine
from drive_stack.evaluation.stage_errors.lifting import lifting_samples
from drive_stack.evaluation.stage_errors.matching import (
    match_labels,
    normalised_squared_error,
    radial_transverse,
)
from drive_stack.evaluation.stage_errors.observer import StageObserver
from drive_stack.evaluation.stage_errors.report import as_json, cell_text, markdown
from drive_stack.evaluation.stage_errors.tracked_actors import (
    MAX_RANGE,
    MEMORY_TIME,
    VisibilityHistory,
    within_view,
)
from drive_stack.evaluation.stage_errors.tracks import match_tracks, similarities, track_sample
from drive_stack.evaluation.stage_errors.true_objects import TrueObject, background_objects
from drive_stack.objects.classes import ClassGroup
from drive_stack.types import Detection, LabelBox, LiftedObject, ObjectClass, Track

CAMERA = CameraModel()
CAMERA_POSITION = np.array([CAMERA.mount_x, 0.0])


def true_car(actor: int, x: float, y: float, *, speed: float = 20.0, length: float = 5.0) -> TrueObject:
    """A car ahead whose nearer end is ``x`` [m] from the camera."""
    centre = np.array([x + CAMERA.mount_x + length / 2.0, y])
    return TrueObject(actor, ObjectClass.CAR, centre, np.array([speed, 0.0]), 0.0, length)


def track_of(true: TrueObject, number: int, **changes: object) -> Track:
    """A track that agrees with an object in all fields except the ``changes``."""
    track = Track(
        number, true.label, true.centre, true.velocity, np.eye(4), true.heading, true.length, 2.0, 5, 0, 1.0
    )
    return replace(track, **changes)


def scores(frames: list[tuple[list[TrueObject], list[Track]]]) -> TrackScores:
    """Scores of frames in which every vehicle is evaluated."""
    collector = TrackCollector(ClassGroup.VEHICLES, CAMERA)
    for objects, tracks in frames:
        truth = {true.actor: true for true in objects}
        collector.add(truth, frozenset(truth), tuple(tracks))
    return combine([collector.result()])


def test_perfect_tracks_score_one() -> None:
    cars = [true_car(1, 30.0, 0.0), true_car(2, 60.0, 4.0)]
    results = scores([(cars, [track_of(cars[0], 7), track_of(cars[1], 8)])] * 10)
    assert results.hota == pytest.approx(1.0)
    assert results.idf1 == pytest.approx(1.0)
    assert results.mota == pytest.approx(1.0)
    assert (results.switches, results.false_per_frame, results.objects) == (0, 0.0, 20)


def test_an_identity_that_changes_half_way_halves_idf1() -> None:
    car = true_car(1, 30.0, 0.0)
    results = scores([([car], [track_of(car, 7)])] * 10 + [([car], [track_of(car, 8)])] * 10)
    # one of the two ids can be the car's: 10 true of 20 objects and 20 tracks, IDF1 = 2·10 / (20 + 20)
    assert results.idf1 == pytest.approx(0.5)
    assert results.switches == 1
    assert results.mota == pytest.approx(1.0 - 1.0 / 20.0)
    assert results.association == pytest.approx(0.5)
    assert results.detection == pytest.approx(1.0)


def test_swapped_identities_of_two_cars() -> None:
    cars = [true_car(1, 30.0, 0.0), true_car(2, 30.0, 4.0)]
    right = (cars, [track_of(cars[0], 7), track_of(cars[1], 8)])
    wrong = (cars, [track_of(cars[0], 8), track_of(cars[1], 7)])
    results = scores([right] * 15 + [wrong] * 5)
    assert results.idf1 == pytest.approx(0.75)
    assert results.switches == 2


def test_false_tracks_and_misses_are_counted() -> None:
    car, absent = true_car(1, 30.0, 0.0), true_car(9, 50.0, -4.0)
    results = scores([([car], [track_of(car, 7), track_of(absent, 8)])] * 4 + [([car], [])] * 4)
    assert results.false_per_frame == pytest.approx(0.5)
    assert results.recall == pytest.approx(0.5)


def test_tracks_of_actors_that_do_not_count_are_not_false() -> None:
    car, hidden, behind = true_car(1, 30.0, 0.0), true_car(2, 60.0, 4.0), true_car(3, -30.0, 0.0)
    collector = TrackCollector(ClassGroup.VEHICLES, CAMERA)
    truth = {1: car, 2: hidden}
    collector.add(truth, frozenset({1}), (track_of(car, 7), track_of(hidden, 8), track_of(behind, 9)))
    results = combine([collector.result()])
    assert (results.objects, results.false_per_frame, results.hota) == (1, 0.0, pytest.approx(1.0))


def test_similarity_is_a_half_at_the_tolerances_across_and_along_the_line_of_sight() -> None:
    """The tolerances are 2 m across it, and 2 m plus a tenth of the distance along it."""
    car = true_car(1, 50.0, 0.0)
    offsets = [np.array([7.0, 0.0]), np.array([0.0, 2.0]), np.array([14.0, 0.0]), np.zeros(2)]
    tracks = [track_of(car, k, position=car.centre + offset) for k, offset in enumerate(offsets)]
    assert similarities([car], tracks, CAMERA_POSITION)[0] == pytest.approx([0.5, 0.5, 0.0, 1.0])


def test_a_truck_whose_length_is_not_known_is_compared_at_its_nearer_end() -> None:
    truck = replace(true_car(1, 40.0, 0.0, length=16.0), label=ObjectClass.LARGE_VEHICLE)
    short = track_of(truck, 7, length=10.0, position=truck.centre - np.array([3.0, 0.0]))
    sample = track_sample(short, truck, CAMERA_POSITION, 0.1)
    assert sample.range_error == pytest.approx(0.0, abs=1e-12)
    assert sample.distance == pytest.approx(40.0)
    assert sample.normalised_square == pytest.approx(0.0, abs=1e-12)


def test_errors_of_a_track_are_those_computed_by_hand() -> None:
    car = true_car(1, 50.0, 0.0, speed=0.0)
    wrong = track_of(car, 7, position=car.centre + np.array([5.0, 1.0]), velocity=np.array([12.0, 0.0]))
    sample = track_sample(wrong, car, CAMERA_POSITION, 0.1)
    assert sample.range_error == pytest.approx(0.1)
    assert sample.transverse_error == pytest.approx(1.0)
    assert (sample.speed, sample.speed_error, sample.velocity_error) == pytest.approx((0.0, 12.0, 12.0))
    assert sample.age == pytest.approx(0.5)
    assert sample.normalised_square == pytest.approx((25.0 + 1.0 + 144.0) / 4.0)


def test_a_track_is_matched_by_its_box_however_wrong_its_position_is() -> None:
    car = true_car(1, 60.0, 0.0)
    label = LabelBox(1, ObjectClass.CAR, (300.0, 100.0, 330.0, 120.0), 1.0, 60.0)
    far = track_of(car, 7, position=car.centre + np.array([40.0, 0.0]), box=label.box)
    assert match_tracks((far,), (label,), {1: car}, CAMERA_POSITION) == {0: car}
    assert match_tracks((replace(far, box=None),), (label,), {1: car}, CAMERA_POSITION) == {}


def lifted(true: TrueObject, factor: float, label: LabelBox) -> LiftedObject:
    """Placed at ``factor`` times its distance, with stated standard deviations of 5 % and 0.1 m."""
    line_of_sight = true.near_point - CAMERA_POSITION
    sigma = 0.05 * float(np.hypot(*line_of_sight))
    detection = Detection(label.box, true.label, 0.9)
    return LiftedObject(
        CAMERA_POSITION + factor * line_of_sight, np.diag([sigma**2, 0.01]), true.label, 0.9, 1.8, detection
    )


@pytest.mark.parametrize("label", list(ObjectClass))
def test_a_constant_relative_range_error_is_measured_as_such(label: ObjectClass) -> None:
    for distance in (10.0, 50.0, 90.0):
        true = replace(true_car(4, distance, 0.0, length=12.0), label=label)
        box = LabelBox(4, label, (300.0, 100.0, 330.0, 120.0), 1.0, distance)
        (sample,) = lifting_samples((lifted(true, 1.05, box),), (box,), {4: true}, CAMERA_POSITION)
        assert sample.range_error == pytest.approx(0.05)
        assert sample.range_sigma == pytest.approx(0.05)
        assert sample.normalised_square == pytest.approx(0.5)  # one σ along the line of sight, zero across it
        assert sample.transverse_error == pytest.approx(0.0, abs=1e-9)


def test_boxes_take_one_label_each() -> None:
    labels = [
        LabelBox(1, ObjectClass.CAR, (0.0, 0.0, 10.0, 10.0), 1.0, 10.0),
        LabelBox(2, ObjectClass.CAR, (4.0, 0.0, 14.0, 10.0), 1.0, 10.0),
    ]
    boxes = [(3.0, 0.0, 13.0, 10.0), (2.0, 0.0, 12.0, 10.0), None, (50.0, 50.0, 60.0, 60.0)]
    matched = match_labels(boxes, labels)
    assert [None if label is None else label.actor_id for label in matched] == [2, 1, None, None]
    assert match_labels([], labels) == []


def test_components_of_an_error_turn_with_the_line_of_sight() -> None:
    assert radial_transverse(np.array([0.0, 2.0]), np.array([0.0, 5.0])) == pytest.approx((2.0, 0.0))
    assert radial_transverse(np.array([1.0, 0.0]), np.array([0.0, -5.0])) == pytest.approx((0.0, 1.0))
    assert normalised_squared_error(np.array([2.0, 0.0]), np.diag([4.0, 1.0])) == pytest.approx(0.5)


def test_a_hidden_actor_counts_for_two_seconds_more() -> None:
    visibility, car = VisibilityHistory(CAMERA), true_car(1, 50.0, 0.0)
    visible = LabelBox(1, ObjectClass.CAR, (0.0, 0.0, 9.0, 9.0), 0.6, 50.0)
    hidden = replace(visible, visible=0.4)
    assert visibility.update({1: car}, (hidden,), 0.0) == frozenset()
    assert visibility.update({1: car}, (visible,), 1.0) == {1}
    assert visibility.update({1: car}, (hidden,), 1.0 + MEMORY_TIME) == {1}
    assert visibility.update({1: car}, (), 1.1 + MEMORY_TIME) == frozenset()


def test_the_view_ends_at_the_image_and_at_the_maximum_range() -> None:
    assert within_view(np.array([50.0, 0.0]), CAMERA)
    assert not within_view(np.array([MAX_RANGE + 10.0, 0.0]), CAMERA)
    assert not within_view(np.array([-5.0, 0.0]), CAMERA)
    assert not within_view(np.array([10.0, 10.0]), CAMERA)  # 30° to either side


def test_oracle_stages_have_no_errors_and_tracks_beyond_the_barrier_do_not_count() -> None:
    oracle = ("detector", "lanes", "lifter")
    overrides = (*(f"perception.{name}=oracle" for name in oracle), "tracking.tracker=oracle")
    env = DrivingEnv(EnvSpec("dense_traffic"))
    try:
        agent = build_agent("modular", env.platform, oracles=env.oracles, overrides=overrides)
        observation, observer = env.reset(100_001), StageObserver(env.platform)
        agent.reset(100_001)
        oncoming = 0
        for _ in range(15):
            labels, state = env.truth.labels(), env.truth.world_state()
            control = agent.act(observation)
            assert agent.trace is not None
            beyond = [track_of(true, true.actor) for true in background_objects(state).values()]
            oncoming += sum(within_view(track.position, env.platform.camera) for track in beyond)
            trace = replace(agent.trace, tracks=(*agent.trace.tracks, *beyond))
            observer.observe(labels, state, trace)
            observation = env.step(control).observation
    finally:
        env.close()
    results = combine([observer.identity()[ClassGroup.VEHICLES]])
    assert results.objects > 20 and oncoming > 20
    assert results.hota > 0.99
    assert results.idf1 > 0.99
    assert max(abs(s.range_error) for s in observer.lifting) < 1e-6
    assert max(s.velocity_error for s in observer.tracks) < 1e-6
    assert max(abs(s.offset_error) for s in observer.lanes) < 0.02
    assert all(s.correct_lane and all(s.enterable_correct) for s in observer.lanes)
    assert observer.predictions
    assert observer.control


@pytest.mark.slow
def test_one_episode_is_driven_and_its_tables_are_written() -> None:
    episode = measure(build_agent, EpisodeTask("walker_along", 100_000, "modular"))
    tables = stage_tables([episode])
    assert "HOTA" in markdown(tables, [episode], "command")
    assert '"episodes"' in as_json(tables, [episode])
    page = (Path(__file__).parents[2] / "docs" / "drivers" / "perception.md").read_text(encoding="utf-8")
    for table in tables[2:]:  # the page quotes no table of detection
        assert f"| {' | '.join(table.columns)} |" in page, table.title
        assert f"\n### {table.title}\n" in page
    assert [cell_text(v) for v in (float("nan"), None, 3, 0.123, 12.34, 123.4)] == [
        "–",
        "–",
        "3",
        "0.12",
        "12.3",
        "123",
    ]
