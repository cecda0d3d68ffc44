"""The compiled filter of a target, against the textbook's equations written with matrices."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.tracking.kernels import (
    MIN_VARIANCE,
    OUTLIER_DISTANCE,
    SIZE_DRIFT,
    Measurement,
    closest_distances,
    predict_state,
    update_state,
)
from drive_stack.types import FloatArray

MEAN = np.array([30.0, -2.0, 20.0, 0.5, np.log(1.6)])
CAMERA, TYPICAL_SIZE = np.array([1.7, 0.0]), 1.5


def covariance_of_state(seed: int) -> FloatArray:
    spread = np.random.default_rng(seed).normal(size=(5, 5)) * [[2.0], [1.0], [3.0], [1.0], [0.1]]
    return np.asarray(spread @ spread.T)


def measured(x: float, y: float, *, along_sight: bool, truncated: bool = False) -> Measurement:
    """An object at (x, y) with a contact cue and a size cue, or with a covariance only."""
    distance = float(np.hypot(x - CAMERA[0], y - CAMERA[1]))
    return Measurement(
        position=np.array([x, y]),
        covariance=np.array([[4.0, 0.6], [0.6, 0.3]]),
        has_line_of_sight=along_sight,
        camera_position=CAMERA,
        cues=np.array([[distance, 0.01, np.nan], [1.1 * distance, 0.004, TYPICAL_SIZE]]),
        transverse_sigma=0.2,
        truncated_at_side=truncated,
        log_size=float(np.log(TYPICAL_SIZE)),
        log_size_variance=0.01,
    )


def linear(measurement: Measurement) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Differences, rows and covariance of the noise at `MEAN`."""
    if not measurement.has_line_of_sight:
        noise = measurement.covariance + MIN_VARIANCE * np.eye(2)
        return measurement.position - MEAN[:2], np.eye(2, 5), noise
    sight = (measurement.position - CAMERA) / np.linalg.norm(measurement.position - CAMERA)
    across = np.array([-sight[1], sight[0]])
    scale = np.exp(MEAN[4]) / TYPICAL_SIZE
    contact, by_size = measurement.cues[0, 0], scale * measurement.cues[1, 0]
    expected = np.array([sight, sight, across]) @ (MEAN[:2] - CAMERA)
    rows = np.zeros((3, 5))
    rows[:, :2] = [sight, sight, across]
    rows[1, 4] = -by_size
    noise = np.diag([0.01 * contact**2, 0.004 * by_size**2, 0.2**2]) + MIN_VARIANCE * np.eye(3)
    return np.array([contact, by_size, 0.0]) - expected, rows, noise


@pytest.mark.parametrize("along_sight", [True, False])
@pytest.mark.parametrize(("x", "is_outlier"), [(31.0, False), (80.0, True)])
def test_the_update_is_that_of_the_kalman_filter(along_sight: bool, x: float, is_outlier: bool) -> None:
    measurement, covariance = measured(x, -1.5, along_sight=along_sight), covariance_of_state(1)
    difference, rows, noise = linear(measurement)
    innovation = rows @ covariance @ rows.T + noise
    excess = difference @ np.linalg.solve(innovation, difference) / len(difference) / OUTLIER_DISTANCE
    assert (excess > 1.0) == is_outlier
    innovation = rows @ covariance @ rows.T + max(excess, 1.0) * noise
    gain = covariance @ rows.T @ np.linalg.inv(innovation)
    squared = difference @ np.linalg.solve(innovation, difference)
    density = -0.5 * (squared + np.linalg.slogdet(2.0 * np.pi * innovation)[1])

    mean, updated, log_likelihood = update_state(MEAN, covariance, measurement)

    np.testing.assert_allclose(mean, MEAN + gain @ difference, rtol=1e-9)
    np.testing.assert_allclose(updated, covariance - gain @ innovation @ gain.T, rtol=1e-7, atol=1e-9)
    assert log_likelihood == pytest.approx(density, rel=1e-9)


def test_a_truncated_object_does_not_pull_a_state_farther_out_inwards() -> None:
    covariance = np.diag([1.0, 1.0, 1.0, 1.0, 0.01])
    inwards, outwards = measured(30.0, -1.0, along_sight=True), measured(30.0, -3.0, along_sight=True)
    for measurement, moves in ((inwards, False), (outwards, True)):
        whole, *_ = update_state(MEAN, covariance, measurement)
        truncated, *_ = update_state(MEAN, covariance, measurement._replace(truncated_at_side=True))
        assert abs(whole[1] - MEAN[1]) > 0.5
        assert (abs(truncated[1] - MEAN[1]) > 0.5) == moves


@pytest.mark.parametrize("along_sight", [True, False])
def test_the_distance_of_a_target_is_that_of_its_closest_state(along_sight: bool) -> None:
    measurement = measured(31.0, -1.5, along_sight=along_sight)
    difference, rows, noise = linear(measurement)
    expected, covariances = [], np.array([covariance_of_state(seed) for seed in range(4)])
    for covariance in covariances:
        innovation = rows @ covariance @ rows.T + noise
        squared = difference @ np.linalg.solve(innovation, difference)
        expected.append(np.array([squared, np.linalg.slogdet(innovation)[1]]) / len(difference))
    distances = closest_distances(measurement, np.tile(MEAN, (4, 1)), covariances, np.array([1, 4]))
    closest = min(expected[1:], key=lambda pair: float(pair[0]))
    np.testing.assert_allclose(distances, [expected[0], closest], rtol=1e-9)


def test_the_prediction_moves_turns_and_adds_the_noise_of_an_acceleration() -> None:
    dt, turn, shift, covariance = 0.1, 0.03, np.array([2.0, 0.1]), covariance_of_state(2)
    moved, turned = np.eye(5), np.eye(5)
    moved[0, 2] = moved[1, 3] = dt
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned[:2, :2] = turned[2:4, 2:4] = rotation
    gain = np.array([[0.5 * dt**2, 0.0], [0.0, 0.5 * dt**2], [dt, 0.0], [0.0, dt], [0.0, 0.0]])
    noise = gain @ np.diag([3.0**2, 1.5**2]) @ gain.T
    noise[4, 4] = SIZE_DRIFT**2
    mean, predicted = predict_state(MEAN, covariance, shift, turn, dt, 3.0, 1.5)
    np.testing.assert_allclose(mean[:2], rotation @ (MEAN[:2] + dt * MEAN[2:4] - shift), rtol=1e-12)
    np.testing.assert_allclose(mean[2:], [*(rotation @ MEAN[2:4]), MEAN[4]], rtol=1e-12)
    expected = turned @ (moved @ covariance @ moved.T + noise) @ turned.T
    np.testing.assert_allclose(predicted, expected, rtol=1e-9, atol=1e-12)
    assert np.array_equal(predicted, predicted.T)
