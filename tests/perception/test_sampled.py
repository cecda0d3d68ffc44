"""Perception of every n-th step: a network gets the inputs that it has learned from."""

from __future__ import annotations

import numpy as np
from exposed_road import DT, curve_ahead, observation_of, stages_of

from drive_stack.pipeline.perceiving import Percept, Perception, StageClock
from drive_stack.pipeline.sampled import SampledPerception
from drive_stack.policy.track_encoding import PAST, TrackEncoder

EVERY, STEPS = 2, 100
WORLD = curve_ahead()


def sampled() -> list[Percept]:
    perception = SampledPerception(Perception(stages_of(WORLD, EVERY * DT), EVERY * DT), EVERY, DT)
    perception.reset()
    return [perception.perceive(observation_of(WORLD, step, step)) for step in range(STEPS)]


def recorded() -> list[Percept]:
    """Of every second step, as recordings hold them."""
    perception = Perception(stages_of(WORLD, EVERY * DT), EVERY * DT)
    perception.reset()
    return [perception.perceive(observation_of(WORLD, step, step)) for step in range(0, STEPS, EVERY)]


def test_at_perceived_steps_the_network_gets_what_it_learned_from() -> None:
    driving, learning = TrackEncoder(DT, EVERY * DT), TrackEncoder(EVERY * DT, EVERY * DT)
    pairs = []
    for step, percept in enumerate(sampled()):
        pairs.append(driving.encode(percept.tracks, percept.lanes, observation_of(WORLD, step, step)))
    for index, percept in enumerate(recorded()):
        observation = observation_of(WORLD, EVERY * index, EVERY * index)
        inputs = learning.encode(percept.tracks, percept.lanes, observation)
        assert (inputs == pairs[EVERY * index]).all(), f"step {EVERY * index}"
    assert np.ptp([inputs[PAST][1] for inputs in pairs]) > 0.0  # the past yaw rate changes into the curve


def test_between_them_tracks_and_lanes_are_as_exact() -> None:
    percepts = sampled()
    for step in range(41, STEPS, 2):
        percept = percepts[step]
        assert [track.id for track in percept.tracks] == [track.id for track in percepts[step - 1].tracks]
        moved = percept.tracks[0].position - percepts[step - 1].tracks[0].position
        assert np.abs(moved - (WORLD.lead(step) - WORLD.lead(step - 1))).max() < 0.05
        assert abs(percept.lanes.offset) < 0.05


def test_only_every_second_image_is_processed_and_a_new_episode_begins_with_one() -> None:
    perception = SampledPerception(Perception(stages_of(WORLD, EVERY * DT), EVERY * DT), EVERY, DT)
    for _ in range(2):
        perception.reset()
        ran = []
        for step in range(5):
            clock = StageClock()
            perception.perceive(observation_of(WORLD, step, step), clock)
            ran.append("detector" in clock.milliseconds)
        assert ran == [True, False, True, False, True]
