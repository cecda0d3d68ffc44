"""Training data: the inputs that the tracker gives on recorded images, and the expert's controls."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.reader import Recording
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.learning.imitation.config import BalanceSettings
from drive_stack.learning.imitation.data import read_array
from drive_stack.learning.imitation.sampling import sampling_weights
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.policy.state_vector import lateral_acceleration_of
from drive_stack.policy.track_encoding import INPUT_SIZE, TrackEncoder
from drive_stack.support.atomic_files import atomic_file, make_folder
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Weather

STEP = 0.1  # between two simulation steps [s]
_NUMBERS = ("speed_mps", "yaw_rate_radps", "speed_limit_mps", "command", "image_age_s")
_FLAGS = ("blind_spot_left", "blind_spot_right")


@dataclass(frozen=True, slots=True)
class TrackData:
    """Rows of concatenated episodes."""

    inputs: NDArray[np.float32]  # (N, `INPUT_SIZE`)
    target: NDArray[np.float32]  # (N, 2) the expert's lateral and longitudinal acceleration [m/s²]
    weight: NDArray[np.float64]  # (N,) sampling weight

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.target)


def load_track_data(
    recordings: Sequence[Recording],
    source: PerceptionSource,
    balance: BalanceSettings,
    every: int,
    cache: Path,
) -> TrackData:
    """Read recordings with every ``every``-th simulation step; inputs are cached, see `perceived_inputs`.

    Raises `ConfigError` as `Recording` does, and if no episode is recorded.
    """
    shared = PerceptionSource(functools.cache(source.make), source.identity)  # networks are loaded once
    parts = [_load(recording, shared, balance, every, cache) for recording in recordings if recording.rows]
    if not parts:
        raise ConfigError("no episode is recorded; collect some first")
    return TrackData(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def _load(
    recording: Recording, source: PerceptionSource, balance: BalanceSettings, every: int, cache: Path
) -> TrackData:
    speed = recording.column("speed_mps", np.float64)
    steering = recording.column("expert_steering_rad", np.float64)
    sideways = lateral_acceleration_of(steering, speed, VehicleParameters())
    acceleration = recording.column("expert_acceleration_mps2", np.float32)
    others = recording.other_actors()
    return TrackData(
        inputs=perceived_inputs(recording, source, every, cache),
        target=np.stack([sideways, acceleration], axis=1),
        weight=sampling_weights(recording, others, speed, sideways, acceleration, balance),
    )


def perceived_inputs(
    recording: Recording, source: PerceptionSource, every: int, cache: Path
) -> NDArray[np.float32]:
    """The network's inputs (N, `INPUT_SIZE`): what perception makes of the recorded images.

    Perception runs over each episode from its start, at the rate of the recording. The inputs are cached in
    ``cache`` for each recording and perception.
    """
    key = hashlib.sha256(f"{recording.hash} {every} {source.identity}".encode()).hexdigest()[:16]
    path, shape = cache / f"tracks-{key}.npy", (recording.rows, INPUT_SIZE)
    cached = read_array(path, np.float32, shape)
    if cached is None:
        cached = _perceive(recording, source, every)
        make_folder(cache)
        with atomic_file(path) as part, part.open("wb") as file:
            np.save(file, cached)
    return np.asarray(cached)


def _perceive(recording: Recording, source: PerceptionSource, every: int) -> NDArray[np.float32]:
    dt = STEP * every
    perception, encoder = source.make(Platform(VehicleParameters(), CameraModel(), dt)), TrackEncoder(dt, dt)
    inputs = np.empty((recording.rows, INPUT_SIZE), dtype=np.float32)
    starts = np.concatenate([[0], recording.episode_ends])
    for row, observation in enumerate(_observations(recording)):
        if row in starts:
            perception.reset()
            encoder.reset()
        percept = perception.perceive(observation)
        inputs[row] = encoder.encode(percept.tracks, percept.lanes, observation)
    return inputs


def _observations(recording: Recording) -> Iterator[Observation]:
    """What the driver observed, row by row."""
    numbers = {name: recording.column(name, np.float64).tolist() for name in _NUMBERS}
    flags = {name: recording.column(name, np.bool_).tolist() for name in _FLAGS}
    rain = recording.column("weather", np.str_) == Weather.RAIN.value
    row = 0
    for episode in range(recording.episodes):
        for image in recording.images(episode):
            yield Observation(
                image=image,
                speed=numbers["speed_mps"][row],
                yaw_rate=numbers["yaw_rate_radps"][row],
                blind_spot_left=flags["blind_spot_left"][row],
                blind_spot_right=flags["blind_spot_right"][row],
                speed_limit=numbers["speed_limit_mps"][row],
                command=NavigationCommand(int(numbers["command"][row])),
                image_age=numbers["image_age_s"][row],
                rain=bool(rain[row]),
            )
            row += 1
