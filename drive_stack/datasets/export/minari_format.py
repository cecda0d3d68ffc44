"""Recorded drives as a Minari dataset for offline reinforcement learning.

The observations and actions are those of ``drive_stack/Highway-v0``, so that a policy that learns from the
dataset can drive in the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import gymnasium
import h5py  # noqa: F401 - Minari needs it to write, and imports it late
import minari
import numpy as np
from gymnasium.envs.registration import EnvSpec
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage
from numpy.typing import NDArray

from drive_stack.datasets.export.formats import Advance
from drive_stack.datasets.export.rewards import transitions_of
from drive_stack.datasets.export.source import RecordedDrives, RecordedEpisode
from drive_stack.gym import ENV_ID
from drive_stack.support.observation_codec import encode_observation
from drive_stack.types import Control, FloatArray, Image, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters, control_to_action

DATA = "data"  # folder of the data within the dataset's own, where Minari looks for it
DESCRIPTION = (
    "Recorded drives on simulated highways. Actions are those that were applied; the info 'expert_action' is "
    "what the expert would have done. Rewards are the progress at the speed limit, 0 to 1, and -10 for a "
    "failure."
)

Arrays: TypeAlias = dict[str, NDArray[np.generic]]
_NO_IMAGE: Image = np.zeros((0, 0, 3), np.uint8)


def write(drives: RecordedDrives, folder: Path, advance: Advance) -> None:
    """Write the dataset; see `FormatModule.write`."""
    recorded_with = environment_of(drives)
    storage = MinariStorage.new(
        folder / DATA,
        observation_space=recorded_with.observations,
        action_space=recorded_with.actions,
        env_spec=recorded_with.spec,
    )
    storage.update_episodes(_buffers(drives, advance))  # takes one episode after another
    storage.update_metadata(
        {
            "dataset_id": f"drive_stack/{_dataset_name(drives.folder)}-v0",
            "minari_version": minari.__version__,
            "description": DESCRIPTION,
            "requirements": ["drive-stack"],
        }
    )


@dataclass(frozen=True, slots=True)
class RecordedEnvironment:
    """How to make the environment of a recording, and its spaces."""

    spec: EnvSpec
    observations: gymnasium.Space[Arrays]
    actions: gymnasium.Space[NDArray[np.float32]]


def environment_of(drives: RecordedDrives) -> RecordedEnvironment:
    """The environment whose steps are as long as those of the recording.

    Its scenario is the first of the recording. The options of each episode name its own scenario.
    """
    env = gymnasium.make(ENV_ID, agent_hz=drives.rows_per_second, disable_env_checker=True)
    try:
        spec = cast(EnvSpec, deepcopy(env.spec))  # `make` sets it
        spec.kwargs["scenario"] = drives.scenarios[0]
        return RecordedEnvironment(spec, env.observation_space, env.action_space)
    finally:
        env.close()


def _buffers(drives: RecordedDrives, advance: Advance) -> Iterator[EpisodeBuffer]:
    for episode in drives:
        if episode.rows > 1:  # a single row is no transition
            yield _buffer(episode, advance)
        else:
            advance(episode.rows)


def _buffer(episode: RecordedEpisode, advance: Advance) -> EpisodeBuffer:
    """An episode as Minari stores it: N observations and N - 1 transitions between them."""
    transitions, steps = transitions_of(episode), episode.rows - 1
    ends = np.zeros(steps, dtype=bool)
    ends[-1] = True
    return EpisodeBuffer(
        seed=episode.seed,
        options={"scenario": episode.scenario},
        observations=_numeric_observations(episode) | {"image": _images(episode, advance)},
        actions=_actions(episode.columns.applied)[:-1],
        rewards=transitions.rewards,
        terminations=ends & transitions.terminated,
        truncations=ends & transitions.truncated,
        infos=_infos(episode),
    )


def _images(episode: RecordedEpisode, advance: Advance) -> Iterator[Image]:
    """The images one by one, as Minari compresses them."""
    for image in episode.images():
        yield image
        advance(1)


def _numeric_observations(episode: RecordedEpisode) -> dict[str, object]:
    """All parts of the observations except images, each of shape (N, …)."""
    columns = episode.columns
    encoded = [
        encode_observation(
            Observation(
                image=_NO_IMAGE,
                speed=float(columns.speed[row]),
                yaw_rate=float(columns.yaw_rate[row]),
                blind_spot_left=bool(columns.blind_spot[row, 0]),
                blind_spot_right=bool(columns.blind_spot[row, 1]),
                speed_limit=float(columns.speed_limit[row]),
                command=NavigationCommand(int(columns.command[row])),
                image_age=float(columns.image_age[row]),
                rain=episode.wet,
            )
        )
        for row in range(episode.rows)
    ]
    return {key: np.stack([row[key] for row in encoded]) for key in encoded[0] if key != "image"}  # type: ignore[literal-required]


def _actions(controls: FloatArray) -> NDArray[np.float32]:
    """Controls (N, 2) as actions of the environment, which clamps them in the same way."""
    car = VehicleParameters()
    actions = [control_to_action(Control(float(s), float(a)), car) for s, a in controls]
    return np.clip(np.stack(actions), -1.0, 1.0)


def _infos(episode: RecordedEpisode) -> Arrays:
    """The truth and the labels, (N, …)."""
    columns = episode.columns
    return {
        "expert_action": _actions(columns.expert),
        "perturbed": columns.perturbed,
        "station": columns.station,
        "lane_offset": columns.lane_offset,
        "heading_error": columns.heading_error,
        "curvature": columns.curvature,
        "lead_gap": columns.lead_gap,
        "lead_speed": columns.lead_speed,
    }


def _dataset_name(folder: Path) -> str:
    """The folder's name with the characters that Minari allows."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", folder.resolve().name).strip("-") or "recording"
