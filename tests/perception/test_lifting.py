"""Exact boxes of known objects come back to where they stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.camera_model import CameraModel
from drive_stack.perception.lifting import TYPICAL_SIZES, BoxErrors, GroundLifter
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.types import Detection, FloatArray, LiftedObject, ObjectClass, Track

CAMERA = CameraModel()
LENGTHS = {
    ObjectClass.CAR: 4.6,
    ObjectClass.LARGE_VEHICLE: 10.0,
    ObjectClass.PEDESTRIAN: 0.4,
    ObjectClass.OBSTACLE: 0.4,
}


def box_of(label: ObjectClass, x: float, y: float, scale: float = 1.0) -> Detection:
    """The exact box of a body of typical size, on wheels or feet, with its near face centred at (x, y)."""
    typical = TYPICAL_SIZES[label]
    feet = typical.contact_offset
    corners = np.array(
        [
            [x + along, y + across * scale * typical.width / 2.0, up]
            for across in (-1.0, 1.0)
            for along, up in [
                (0.0, 0.3 * (feet > 0.0)),
                (0.0, scale * typical.height),
                (LENGTHS[label], scale * typical.height),
                (feet, 0.0),
                (LENGTHS[label] - feet, 0.0),
            ]
        ]
    )
    pixels = CAMERA.project(corners)
    pixels[:, 1] -= np.where(pixels[:, 1] == pixels[:, 1].min(), BoxErrors().enlargement_px, 0.0)
    low = np.clip(pixels[:, :2].min(axis=0), 0.0, [CAMERA.width, CAMERA.height])
    high = np.clip(pixels[:, :2].max(axis=0), 0.0, [CAMERA.width, CAMERA.height])
    return Detection((float(low[0]), float(low[1]), float(high[0]), float(high[1])), label, 0.9)


def lift(*detections: Detection) -> tuple[LiftedObject, ...]:
    return GroundLifter(CAMERA).lift(detections)


def range_error(found: FloatArray, x: float, y: float) -> float:
    return abs(float(np.hypot(*found)) / float(np.hypot(x, y)) - 1.0)


@pytest.mark.parametrize("label", list(ObjectClass))
@pytest.mark.parametrize("x", [12.0, 20.0, 40.0, 80.0, 120.0])
@pytest.mark.parametrize("y", [-3.5, 0.0, 3.5])
def test_exact_boxes_give_range_within_three_percent(label: ObjectClass, x: float, y: float) -> None:
    (found,) = lift(box_of(label, x, y))
    assert range_error(found.position, x, y) < 0.03
    assert abs(float(found.position[1]) - y) < 0.25


def test_contact_rules_near_and_size_helps_far() -> None:
    """A child is placed right near by, where the ground is sure."""
    (near,) = lift(box_of(ObjectClass.PEDESTRIAN, 10.0, 0.0, scale=0.6))
    assert range_error(near.position, 10.0, 0.0) < 0.05
    (far,) = lift(box_of(ObjectClass.CAR, 100.0, 0.0))
    relative = float(np.sqrt(far.covariance[0, 0])) / 100.0
    errors, below = BoxErrors(), far.detection.box[3] - CAMERA.horizon_px
    assert relative < 0.9 * np.hypot(errors.edge_px, errors.pitch_px) / below


def test_car_cut_by_the_lower_border_is_placed_by_its_width() -> None:
    (found,) = lift(box_of(ObjectClass.CAR, 5.0, 0.0))
    assert found.detection.box[3] >= CAMERA.height - 2.0
    assert abs(float(found.position[0]) - 5.0) < 0.6


def test_lorry_cut_by_the_side_keeps_its_seen_edge() -> None:
    (found,) = lift(box_of(ObjectClass.LARGE_VEHICLE, 9.0, -3.6))
    assert found.detection.box[2] >= CAMERA.width - 2.0
    assert abs(float(found.position[1]) + 3.6) < 0.6


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_car_we_pass_does_not_seem_to_come_into_our_way(side: float) -> None:
    """The detector's boxes end a little short of the side of the image that cuts them."""
    tracker, speed, dt = KalmanTracker(dt=0.1), 15.0, 0.1
    tracks: tuple[Track, ...] = ()
    for x in np.arange(40.0, 6.0, -(speed - 6.0) * dt):
        x1, y1, x2, y2 = box_of(ObjectClass.CAR, float(x), side * 3.5).box
        short = 0.06 * (x2 - x1)
        box = (x1 + short * (x1 <= 0.0), y1, x2 - short * (x2 >= CAMERA.width), y2)
        tracks = tracker.update(lift(Detection(box, ObjectClass.CAR, 0.9)), speed, 0.0)
    (track,) = tracks
    assert side * track.position[1] > 3.4 and -side * track.velocity[1] < 0.15


def test_lower_edge_hidden_by_a_nearer_car_is_not_believed() -> None:
    whole = box_of(ObjectClass.CAR, 40.0, 0.0)
    x1, y1, x2, y2 = whole.box
    peeking = Detection((x1, y1, x2, y2 - 0.4 * (y2 - y1)), ObjectClass.CAR, 0.6)
    alone, (_, behind) = lift(peeking)[0], lift(box_of(ObjectClass.CAR, 15.0, 0.3), peeking)
    assert range_error(behind.position, 40.0, 0.0) < range_error(alone.position, 40.0, 0.0)
    assert range_error(behind.position, 40.0, 0.0) < 0.1


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_barrier_beside_our_way_does_not_reach_into_it(side: float) -> None:
    """2.0 m long, 0.5 m wide, 0.9 m high, 1.6 m beside our middle: its flank shows, and is not its face."""
    corners = np.array(
        [[x, side * (1.6 + y), z] for x in (8.0, 10.0) for y in (-0.25, 0.25) for z in (0.0, 0.9)]
    )
    pixels = CAMERA.project(corners)[:, :2]
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    (found,) = lift(Detection(box, ObjectClass.OBSTACLE, 0.9))
    assert found.position[1] == pytest.approx(side * 1.6, abs=0.15)
    assert found.width < 0.8


def test_what_shows_of_an_obstacle_behind_another_is_not_placed() -> None:
    """A barrier of a row, mostly hidden by the next: how wide it is does not tell how far off it is."""
    behind = Detection((380.0, 115.0, 420.0, 140.0), ObjectClass.OBSTACLE, 0.9)
    before = Detection((385.0, 112.0, 450.0, 170.0), ObjectClass.OBSTACLE, 0.9)
    assert [one.detection for one in lift(behind, before)] == [before]


def test_a_cone_before_a_board_does_not_hide_where_it_stands() -> None:
    """The board is wider than typical obstacles: by its width alone it would stand in our way at 8 m."""
    board = Detection((391.0, 83.0, 437.0, 137.0), ObjectClass.OBSTACLE, 0.9)
    cone = Detection((400.0, 118.0, 420.0, 150.0), ObjectClass.OBSTACLE, 0.9)
    (found, _) = lift(board, cone)
    assert found.position[0] > 20.0
    assert found.position[1] < -3.0


@given(
    label=st.sampled_from(list(ObjectClass)),
    box=st.tuples(st.floats(0, 600), st.floats(0, 250), st.floats(0.5, 640), st.floats(0.5, 256)),
)
def test_any_box_gives_finite_places_with_positive_covariance(
    label: ObjectClass, box: tuple[float, float, float, float]
) -> None:
    x1, y1, width, height = box
    detection = Detection((x1, y1, min(x1 + width, 640.0), min(y1 + height, 256.0)), label, 0.5)
    for found in lift(detection):
        assert np.isfinite(found.position).all()
        assert np.linalg.eigvalsh(found.covariance).min() > 0.0


@given(x=st.floats(8.0, 110.0), y=st.floats(0.0, 6.0), label=st.sampled_from(list(ObjectClass)))
def test_mirrored_scene_is_lifted_mirrored(x: float, y: float, label: ObjectClass) -> None:
    left, right = box_of(label, x, y), box_of(label, x, -y)
    for one, other in zip(lift(left), lift(right), strict=True):
        np.testing.assert_allclose(one.position, other.position * [1.0, -1.0], atol=1e-6)
        np.testing.assert_allclose(one.covariance, other.covariance * [[1, -1], [-1, 1]], atol=1e-6)


def test_uncertainty_along_the_ray_grows_with_distance() -> None:
    spreads = [float(lift(box_of(ObjectClass.CAR, x, 0.0))[0].covariance[0, 0]) for x in (10, 30, 90)]
    assert spreads[0] < spreads[1] < spreads[2]


def test_stated_uncertainty_is_honest_about_noise_in_boxes_and_sizes() -> None:
    """Mean squared error over its own variance, along the ray, is about one."""
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(600):
        label = ObjectClass(int(rng.integers(3)))
        x = float(rng.uniform(15.0, 70.0))
        typical = TYPICAL_SIZES[label]
        exact = np.array(box_of(label, x, 0.0, scale=1.0 + typical.height_sigma * rng.normal()).box)
        noisy = exact + rng.normal(0.0, BoxErrors().edge_px, 4) + [0, 1, 0, 1] * rng.normal(0.0, 0.7, 4)
        found = lift(Detection((*map(float, noisy),), label, 0.9))[0]  # type: ignore[arg-type]
        squares.append((float(found.position[0]) - x) ** 2 / float(found.covariance[0, 0]))
    assert 0.6 < float(np.mean(squares)) < 1.6
