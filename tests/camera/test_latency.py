"""Late and lost frames: which image a driver receives, how old it is, and what stays of the present."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.types import Control, Image
from envs.highway import HighwayEnv
from envs.interface.frame_queue import FrameQueue
from envs.scenarios.camera import CameraLatency
from envs.scenarios.scenario import load_scenario
from envs.world import World

COAST = np.zeros(2, dtype=np.float32)


def received(latency: CameraLatency, steps: int, dt: float = 0.1) -> list[tuple[int, float]]:
    """Number of the frame that arrives at each step, and its age; frame n is exposed at n · dt."""
    queue, arrived = FrameQueue(latency), []
    for step in range(steps):
        frame = queue.receive(step * dt, lambda step=step: np.full((1, 1, 3), step, np.uint16))
        arrived.append((int(frame.image[0, 0, 0]), frame.age))
    return arrived


@pytest.mark.parametrize(
    ("delay", "numbers"),
    [
        (0.0, [0, 1, 2, 3, 4, 5]),
        (0.1, [0, 0, 1, 2, 3, 4]),
        (0.25, [0, 0, 0, 0, 1, 2]),  # a frame arrives at the first step that is at least 0.25 s later
    ],
)
def test_a_driver_receives_the_newest_frame_that_is_old_enough(delay: float, numbers: list[int]) -> None:
    arrived = received(CameraLatency(delay), 6)
    assert [number for number, _ in arrived] == numbers
    assert [age for _, age in arrived] == pytest.approx([0.1 * (step - n) for step, n in enumerate(numbers)])


def test_a_lost_frame_repeats_the_last_one_and_is_not_rendered() -> None:
    queue, exposed = FrameQueue(CameraLatency(0.0, 0.3, seed=4)), []

    def expose(step: int) -> Image:
        exposed.append(step)
        return np.full((1, 1, 3), step % 256, np.uint8)

    for step in range(3000):
        frame = queue.receive(0.1 * step, lambda step=step: expose(step))
        assert frame.age == pytest.approx(0.1 * (step - exposed[-1]))
        assert frame.image[0, 0, 0] == exposed[-1] % 256
    assert exposed[0] == 0
    assert len(exposed) == pytest.approx(0.7 * 3000, abs=4.0 * np.sqrt(3000 * 0.3 * 0.7))


def test_frames_are_both_late_and_lost_by_the_seed() -> None:
    arrived, again, other = (received(CameraLatency(0.2, 0.5, seed), 200) for seed in (1, 1, 2))
    assert arrived == again != other
    assert min(age for _, age in arrived[2:]) == pytest.approx(0.2)
    assert len({number for number, _ in arrived}) == pytest.approx(99, abs=28)


def test_a_late_driver_receives_the_images_of_a_prompt_one_while_the_truth_is_of_the_present() -> None:
    prompt, late = (
        DrivingEnv(EnvSpec(name)) for name in ("curves", "curves[shift=latency/2; camera.dropped_fraction=0]")
    )
    steer = Control(0.02, 0.5)
    try:
        images = [prompt.reset(100_000).image] + [prompt.step(steer).observation.image for _ in range(5)]
        observations = [late.reset(100_000)] + [late.step(steer).observation for _ in range(5)]
        assert late.truth.world_state().ego == prompt.truth.world_state().ego
    finally:
        prompt.close(), late.close()
    for observation, number in zip(observations, (0, 0, 0, 1, 2, 3), strict=True):
        assert np.array_equal(observation.image, images[number])
    assert [seen.image_age for seen in observations] == pytest.approx(
        [0.0, 0.1, 0.2, 0.2, 0.2, 0.2], abs=1e-6
    )


def test_a_pickled_environment_keeps_the_frames_that_are_on_their_way() -> None:
    env = HighwayEnv(load_scenario("curves[camera.delay=0.2; camera.dropped_fraction=0.3]"))
    env.reset(seed=3)
    for _ in range(3):
        env.step(COAST)
    ages: list[float] = []
    twin: HighwayEnv = pickle.loads(pickle.dumps(env))
    for _ in range(4):
        first, second = env.step(COAST)[0], twin.step(COAST)[0]
        assert first["image_age"] == second["image_age"]
        # a camera of its own draws a few far pixels differently; the picture of another step differs by more
        difference = np.abs(first["image"].astype(np.int64) - second["image"])
        assert difference.mean() < 0.1
        ages.append(float(first["image_age"][0]))
    assert len(set(ages)) > 1
    env.close(), twin.close()


def test_worlds_without_the_keys_have_no_latency_and_each_seed_loses_other_frames() -> None:
    assert (World(load_scenario("cruise"), 1).camera_latency.delay,) == (0.0,)
    assert World(load_scenario("cruise"), 1).camera_latency.dropped_fraction == 0.0
    seeds = {World(load_scenario("cruise[shift=latency/1]"), seed).camera_latency.seed for seed in range(4)}
    assert len(seeds) == 4


@pytest.mark.parametrize(
    ("setting", "allowed"), [("camera.delay=-0.1", "0 … 2"), ("camera.dropped_fraction=0.95", "0 … 0.9")]
)
def test_impossible_values_are_refused_in_one_line(setting: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=f"must lie within {allowed}") as caught:
        load_scenario("cruise", (setting,))
    assert "\n" not in str(caught.value)
