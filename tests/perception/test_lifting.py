"""Lifting: exact boxes of known objects give their positions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.camera_model import CameraModel
from drive_stack.perception.ground_shape import VERTICAL_KNOTS, GroundView, estimate_ground
from drive_stack.perception.lifting import TYPICAL_SIZES, BoxErrors, GroundLifter
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.types import (
    Detection,
    FloatArray,
    GroundEstimate,
    LiftedObject,
    LineOfSight,
    ObjectClass,
    RangeCue,
    Track,
)

CAMERA = CameraModel()
LENGTHS = {
    ObjectClass.CAR: 4.6,
    ObjectClass.LARGE_VEHICLE: 10.0,
    ObjectClass.PEDESTRIAN: 0.4,
    ObjectClass.OBSTACLE: 0.4,
    ObjectClass.MOTORCYCLE: 2.2,
    ObjectClass.CYCLIST: 1.8,
    ObjectClass.WHEELCHAIR_USER: 1.1,
    ObjectClass.ANIMAL: 1.2,
    ObjectClass.CARGO: 0.8,
    ObjectClass.EMERGENCY_VEHICLE: 4.6,
    ObjectClass.OVERTURNED_CAR: 4.6,
}


def box_of(label: ObjectClass, x: float, y: float, scale: float = 1.0) -> Detection:
    """The exact box of a body of typical size, with its near face centred at (x, y) [m]."""
    typical = TYPICAL_SIZES[label]
    contact_offset = typical.contact_offset
    corners = np.array(
        [
            [x + forward, y + side * scale * typical.width / 2.0, height]
            for side in (-1.0, 1.0)
            for forward, height in [
                (0.0, 0.3 * (contact_offset > 0.0)),
                (0.0, scale * typical.height),
                (LENGTHS[label], scale * typical.height),
                (contact_offset, 0.0),
                (LENGTHS[label] - contact_offset, 0.0),
            ]
        ]
    )
    pixels = CAMERA.project(corners)
    pixels[:, 1] -= np.where(pixels[:, 1] == pixels[:, 1].min(), BoxErrors().enlargement_px, 0.0)
    low = np.clip(pixels[:, :2].min(axis=0), 0.0, [CAMERA.width, CAMERA.height])
    high = np.clip(pixels[:, :2].max(axis=0), 0.0, [CAMERA.width, CAMERA.height])
    return Detection((float(low[0]), float(low[1]), float(high[0]), float(high[1])), label, 0.9)


def seen_by(camera: CameraModel, x: float, height: float) -> Detection:
    """The box of a person of typical size ``x`` ahead, whose feet are at ``height``, in a camera's image."""
    typical = TYPICAL_SIZES[ObjectClass.PEDESTRIAN]
    half = typical.width / 2.0
    corners = np.array([[x, -half, height], [x, half, height + typical.height]])
    pixels = camera.project(corners)
    top = float(pixels[1, 1]) - BoxErrors().enlargement_px
    box = (float(pixels[1, 0]), top, float(pixels[0, 0]), float(pixels[0, 1]))
    return Detection(box, ObjectClass.PEDESTRIAN, 0.9)


def estimated(pitch: float, vertical: float) -> GroundEstimate:
    """An estimate of the ground that is exact, and sure to a twentieth of a degree."""
    knots = len(VERTICAL_KNOTS)
    covariance = np.zeros((1 + knots, 1 + knots))
    covariance[0, 0] = 0.001**2
    return estimate_ground(pitch, np.full(knots, vertical), covariance, GroundView.of(CAMERA))


def lift(*detections: Detection) -> tuple[LiftedObject, ...]:
    return GroundLifter(CAMERA).lift(detections)


def range_error(lifted: FloatArray, x: float, y: float) -> float:
    return abs(float(np.hypot(*lifted)) / float(np.hypot(x, y)) - 1.0)


@pytest.mark.parametrize("label", list(ObjectClass))
@pytest.mark.parametrize("x", [12.0, 20.0, 40.0, 80.0, 120.0])
@pytest.mark.parametrize("y", [-3.5, 0.0, 3.5])
def test_exact_boxes_give_range_within_three_percent(label: ObjectClass, x: float, y: float) -> None:
    (lifted,) = lift(box_of(label, x, y))
    assert range_error(lifted.position, x, y) < 0.03
    assert abs(float(lifted.position[1]) - y) < 0.25


def contact_cue(lifted: LiftedObject) -> RangeCue:
    """The distance by the contact with the ground alone."""
    assert isinstance(lifted.line_of_sight, LineOfSight)
    (cue,) = (cue for cue in lifted.line_of_sight.cues if cue.typical_size is None)
    return cue


@pytest.mark.parametrize("x", [15.0, 30.0, 50.0])
@pytest.mark.parametrize(
    ("pitch_deg", "radius"), [(0.5, np.inf), (-0.5, np.inf), (0.0, -4000.0), (0.3, 3000.0)]
)
def test_an_estimated_ground_places_what_stands_on_hills(x: float, pitch_deg: float, radius: float) -> None:
    camera = CameraModel(pitch_down_deg=CAMERA.pitch_down_deg + pitch_deg)
    detection = seen_by(camera, x, x**2 / (2.0 * radius))
    lifter, ground = GroundLifter(CAMERA), estimated(float(np.radians(pitch_deg)), 1.0 / radius)
    (level,), (placed,) = lifter.lift((detection,)), lifter.lift((detection,), ground)
    distance = x - CAMERA.mount_x
    assert contact_cue(placed).distance == pytest.approx(distance, rel=0.02)
    error = abs(contact_cue(level).distance / distance - 1.0)
    assert error > (0.04 if x < 20.0 else 0.08) or abs(radius) < np.inf


def test_what_stands_behind_a_crest_is_placed_by_its_size_alone() -> None:
    """A crest of 2,000 m radius hides the ground beyond 75 m; the upper part of a person shows above it."""
    detection = seen_by(CAMERA, 60.0, 0.0)
    (placed,) = GroundLifter(CAMERA).lift((detection,), estimated(0.0, -1 / 2000.0))
    assert isinstance(placed.line_of_sight, LineOfSight)
    assert [cue.typical_size for cue in placed.line_of_sight.cues] == [1.65]


def test_ground_contact_decides_near_and_size_helps_far() -> None:
    """A small child near the camera is placed correctly, since its contact with the ground is precise."""
    (near,) = lift(box_of(ObjectClass.PEDESTRIAN, 10.0, 0.0, scale=0.6))
    assert range_error(near.position, 10.0, 0.0) < 0.05
    (far,) = lift(box_of(ObjectClass.CAR, 100.0, 0.0))
    relative = float(np.sqrt(far.covariance[0, 0])) / 100.0
    errors, below = BoxErrors(), far.detection.box[3] - CAMERA.horizon_px
    assert relative < 0.9 * np.hypot(errors.edge_px, errors.pitch_px) / below


def test_car_cut_by_the_lower_border_is_placed_by_its_width() -> None:
    (lifted,) = lift(box_of(ObjectClass.CAR, 5.0, 0.0))
    assert lifted.detection.box[3] >= CAMERA.height - 2.0
    assert abs(float(lifted.position[0]) - 5.0) < 0.6


def test_a_lorry_cut_by_the_image_side_keeps_its_visible_edge() -> None:
    (lifted,) = lift(box_of(ObjectClass.LARGE_VEHICLE, 9.0, -3.6))
    assert lifted.detection.box[2] >= CAMERA.width - 2.0
    assert abs(float(lifted.position[1]) + 3.6) < 0.6


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_passed_car_does_not_appear_to_enter_the_ego_path(side: float) -> None:
    """Boxes that are cut by the image side end a little inside the image."""
    tracker, speed, dt = KalmanTracker(dt=0.1), 15.0, 0.1
    tracks: tuple[Track, ...] = ()
    for x in np.arange(40.0, 6.0, -(speed - 6.0) * dt):
        x1, y1, x2, y2 = box_of(ObjectClass.CAR, float(x), side * 3.5).box
        margin = 0.06 * (x2 - x1)
        box = (x1 + margin * (x1 <= 0.0), y1, x2 - margin * (x2 >= CAMERA.width), y2)
        tracks = tracker.update(lift(Detection(box, ObjectClass.CAR, 0.9)), speed, 0.0)
    (track,) = tracks
    assert side * track.position[1] > 3.4 and -side * track.velocity[1] < 0.15


def test_a_lower_edge_hidden_by_a_nearer_car_is_not_used() -> None:
    whole = box_of(ObjectClass.CAR, 40.0, 0.0)
    x1, y1, x2, y2 = whole.box
    occluded = Detection((x1, y1, x2, y2 - 0.4 * (y2 - y1)), ObjectClass.CAR, 0.6)
    alone, (_, behind) = lift(occluded)[0], lift(box_of(ObjectClass.CAR, 15.0, 0.3), occluded)
    assert range_error(behind.position, 40.0, 0.0) < range_error(alone.position, 40.0, 0.0)
    assert range_error(behind.position, 40.0, 0.0) < 0.1


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_barrier_next_to_the_path_does_not_reach_into_it(side: float) -> None:
    """2.0 m long, 0.5 m wide, 0.9 m high, 1.6 m from the centre line: its visible flank is not its face."""
    corners = np.array(
        [[x, side * (1.6 + y), z] for x in (8.0, 10.0) for y in (-0.25, 0.25) for z in (0.0, 0.9)]
    )
    pixels = CAMERA.project(corners)[:, :2]
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    (lifted,) = lift(Detection(box, ObjectClass.OBSTACLE, 0.9))
    assert lifted.position[1] == pytest.approx(side * 1.6, abs=0.15)
    assert lifted.width < 0.8


def test_the_visible_part_of_an_obstacle_behind_another_is_not_placed() -> None:
    """A barrier of a row is mostly hidden by the next, so its visible width does not give its distance."""
    behind = Detection((380.0, 115.0, 420.0, 140.0), ObjectClass.OBSTACLE, 0.9)
    in_front = Detection((385.0, 112.0, 450.0, 170.0), ObjectClass.OBSTACLE, 0.9)
    assert [lifted.detection for lifted in lift(behind, in_front)] == [in_front]


def test_a_cone_in_front_of_a_board_does_not_hide_its_contact_with_the_ground() -> None:
    """The board is wider than typical obstacles: its width alone would place it 8 m ahead, in the path."""
    board = Detection((391.0, 83.0, 437.0, 137.0), ObjectClass.OBSTACLE, 0.9)
    cone = Detection((400.0, 118.0, 420.0, 150.0), ObjectClass.OBSTACLE, 0.9)
    (lifted, _) = lift(board, cone)
    assert lifted.position[0] > 20.0
    assert lifted.position[1] < -3.0


@given(
    label=st.sampled_from(list(ObjectClass)),
    box=st.tuples(st.floats(0, 600), st.floats(0, 250), st.floats(0.5, 640), st.floats(0.5, 256)),
)
def test_any_box_gives_finite_places_with_positive_covariance(
    label: ObjectClass, box: tuple[float, float, float, float]
) -> None:
    x1, y1, width, height = box
    detection = Detection((x1, y1, min(x1 + width, 640.0), min(y1 + height, 256.0)), label, 0.5)
    for lifted in lift(detection):
        assert np.isfinite(lifted.position).all()
        assert np.linalg.eigvalsh(lifted.covariance).min() > 0.0


@given(x=st.floats(8.0, 110.0), y=st.floats(0.0, 6.0), label=st.sampled_from(list(ObjectClass)))
def test_mirrored_scene_is_lifted_mirrored(x: float, y: float, label: ObjectClass) -> None:
    left, right = box_of(label, x, y), box_of(label, x, -y)
    for first, second in zip(lift(left), lift(right), strict=True):
        np.testing.assert_allclose(first.position, second.position * [1.0, -1.0], atol=1e-6)
        np.testing.assert_allclose(first.covariance, second.covariance * [[1, -1], [-1, 1]], atol=1e-6)


def test_uncertainty_along_the_ray_grows_with_distance() -> None:
    variances = [float(lift(box_of(ObjectClass.CAR, x, 0.0))[0].covariance[0, 0]) for x in (10, 30, 90)]
    assert variances[0] < variances[1] < variances[2]


def test_the_covariance_agrees_with_noise_in_boxes_and_sizes() -> None:
    """The mean of the squared error over its variance, along the ray, is about one."""
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(600):
        label = ObjectClass(int(rng.integers(3)))
        x = float(rng.uniform(15.0, 70.0))
        typical = TYPICAL_SIZES[label]
        exact = np.array(box_of(label, x, 0.0, scale=1.0 + typical.height_sigma * rng.normal()).box)
        noisy = exact + rng.normal(0.0, BoxErrors().edge_px, 4) + [0, 1, 0, 1] * rng.normal(0.0, 0.7, 4)
        lifted = lift(Detection((*map(float, noisy),), label, 0.9))[0]  # type: ignore[arg-type]
        squares.append((float(lifted.position[0]) - x) ** 2 / float(lifted.covariance[0, 0]))
    assert 0.6 < float(np.mean(squares)) < 1.6
