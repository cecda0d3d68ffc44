"""Training data of the policy: packed views, inputs and targets as arrays, and weighted sampling of clips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.reader import Recording
from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.auxiliary_targets import auxiliary_targets
from drive_stack.learning.imitation.column_targets import column_proximities
from drive_stack.learning.imitation.config import BalanceSettings
from drive_stack.learning.imitation.sampling import sampling_weights
from drive_stack.policy.state_vector import lateral_acceleration_of, state_rows
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.support.atomic_files import atomic_file, check_replaceable, make_folder
from drive_stack.vehicle import VehicleParameters

Scalar = TypeVar("Scalar", bound=np.generic)


class PackedViews:
    """Views (N, K) of several concatenated recordings, each memory-mapped from its own file."""

    def __init__(self, parts: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
        """``parts`` are names, which change with the content, and views."""
        self.parts = parts
        self._parts = [np.asarray(views) for _, views in parts]  # compiled code does not take np.memmap
        self._starts = np.cumsum([0, *(len(part) for part in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the views (R, K) of ``rows`` (R,)."""
        views = np.empty((len(rows), self._parts[0].shape[1]), dtype=np.uint8)
        for part, part_rows, places in self.parts_of(rows):
            views[places] = part[part_rows]
        return views

    def parts_of(
        self, rows: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]]:
        """For each recording with some of ``rows`` (R,): its views, its rows, their places in ``rows``."""
        part_of = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(part_of):
            places = np.flatnonzero(part_of == number)
            yield self._parts[number], rows[places] - self._starts[number], places


@dataclass(frozen=True, slots=True)
class PolicyData:
    """Rows of concatenated episodes."""

    packed: PackedViews
    state: NDArray[np.float32]  # (N, STATE_SIZE)
    target: NDArray[np.float32]  # (N, 2) the expert's lateral and longitudinal acceleration [m/s²]
    auxiliary: NDArray[np.float32]  # (N, H) see `auxiliary_targets`, NaN where unknown
    columns: NDArray[np.float16]  # (N, kinds, columns) see `column_targets`, NaN where unknown
    episode_start: NDArray[np.int64]  # (N,) first row of the row's episode
    weight: NDArray[np.float64]  # (N,) sampling weight

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.state)


def load_policy_data(
    folders: Sequence[Path], views: Sequence[View], balance: BalanceSettings, cache: Path
) -> PolicyData:
    """Read recordings; packed views are cached in ``cache``. Raises `ConfigError` as `Recording` does."""
    recording = Recording(folders)
    if not recording.rows:
        raise ConfigError(f"{', '.join(map(str, folders))}: no episode is recorded; collect some first")
    parts = [_packed(Recording([folder]), views, cache) for folder in folders]
    return _policy_data(recording, PackedViews(parts), balance)


def load_policy_episodes(
    shards: Sequence[Path], views: Sequence[View], balance: BalanceSettings, cache: Path
) -> PolicyData:
    """Read some episodes of recordings. Raises `ConfigError` as `Recording` does.

    The packed views of each episode have a file of their own in ``cache``, which subsets of the same
    recordings share. File names must differ, also between folders.
    """
    recording = open_episodes(shards)
    parts = [_packed(Recording([path.parent], {path.name}), views, cache) for path in recording.paths]
    return _policy_data(recording, PackedViews(parts), balance)


def open_episodes(shards: Sequence[Path]) -> Recording:
    """Open some episodes of recordings; their order follows from the folders, and in each from its manifest.

    Raises `ConfigError` as `Recording` does, and for a shard that is not recorded.
    """
    folders = list(dict.fromkeys(shard.parent for shard in shards))
    recording = Recording(folders, {shard.name for shard in shards})
    missing = sorted(set(shards) - set(recording.paths))
    if missing or not recording.rows:
        raise ConfigError(f"{missing[0] if missing else 'no shard'}: no such episode is recorded")
    return recording


def _policy_data(recording: Recording, packed: PackedViews, balance: BalanceSettings) -> PolicyData:
    others = recording.other_actors()
    car = VehicleParameters()
    speed = recording.column("speed_mps", np.float64)
    steering = recording.column("expert_steering_rad", np.float64)
    sideways = lateral_acceleration_of(steering, speed, car)
    acceleration = recording.column("expert_acceleration_mps2", np.float32)
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    return PolicyData(
        packed=packed,
        state=state_rows(
            speed,
            recording.column("yaw_rate_radps", np.float32),
            recording.column("speed_limit_mps", np.float32),
            (recording.column("blind_spot_left", np.bool_), recording.column("blind_spot_right", np.bool_)),
            recording.column("command", np.int8),
        ),
        target=np.stack([sideways, acceleration], axis=1),
        auxiliary=auxiliary_targets(recording, others, speed),
        columns=column_proximities(others, recording.rows, CameraModel()),
        episode_start=np.repeat(starts, np.diff(np.append(starts, recording.rows))),
        weight=sampling_weights(recording, others, speed, sideways, acceleration, balance),
    )


def _packed(recording: Recording, views: Sequence[View], cache: Path) -> tuple[str, NDArray[np.uint8]]:
    """Name and packed views (N, K) of all images of a recording; decoded once and cached."""
    key = hashlib.sha256((recording.hash + "".join(view.model_dump_json() for view in views)).encode())
    name = key.hexdigest()[:16]
    path, shape = cache / f"views-{name}.npy", (recording.rows, packed_size(views))
    cached = read_array(path, np.uint8, shape)
    if cached is None:
        make_folder(cache)
        with atomic_file(path) as part:
            _fill(part, recording, views, shape)
        cached = np.load(path, mmap_mode="r")
    return name, cached


def read_array(path: Path, kind: type[Scalar], shape: tuple[int | None, ...]) -> NDArray[Scalar] | None:
    """Memory-map a cached array; None if it is missing, unreadable or of another type or shape.

    ``shape`` has None for an axis of any size. Raises `ConfigError` if ``path`` is not a regular file.
    """
    check_replaceable(path)
    try:
        cached: NDArray[Scalar] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if cached.dtype != kind or cached.ndim != len(shape):
        return None
    return (
        cached
        if all(size in (None, found) for size, found in zip(shape, cached.shape, strict=True))
        else None
    )


def _fill(path: Path, recording: Recording, views: Sequence[View], shape: tuple[int, int]) -> None:
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    starts = np.concatenate([[0], recording.episode_ends[:-1]])

    def fill(episode: int) -> None:
        for offset, image in enumerate(recording.images(episode)):
            rows[starts[episode] + offset] = pack(image, views)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, range(recording.episodes)))
    rows.flush()


@dataclass(frozen=True, slots=True)
class Clips:
    """Segments of consecutive rows that are predicted together, so that each image is encoded only once."""

    first: NDArray[np.int64]  # (C,) first row of each
    weight: NDArray[np.float64]  # (C,)
    length: int

    @classmethod
    def of(cls, data: PolicyData, length: int) -> Clips:
        """Segments of ``length`` rows within one episode; consecutive ones overlap by half."""
        if data.rows < length:
            raise ConfigError(f"{data.rows} rows do not fill one clip of {length}")
        first = np.arange(0, data.rows - length + 1, max(length // 2, 1))
        first = first[data.episode_start[first] == data.episode_start[first + length - 1]]
        sums = np.concatenate([[0.0], np.cumsum(data.weight)])
        return cls(first, (sums[first + length] - sums[first]) / length, length)

    def steps(self, batch: int) -> int:
        """Number of steps of ``batch`` clips in which each row is shown once on average; at least 1."""
        return max(len(self.first) // 2 // batch, 1)  # clips overlap by half

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw the first rows of ``count`` clips with probability proportional to their weight."""
        return rng.choice(self.first, count, p=self.weight / self.weight.sum())


def history_rows(
    first: NDArray[np.int64], length: int, ages: Sequence[int], episode_start: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose images the clips need, and the history of each predicted row as indices into them.

    Returns rows (P,) and indices (clips · length, ages). Before its start, an episode is represented by its
    first image.
    """
    rows = (first[:, None] + np.arange(length)).reshape(-1)
    history = np.maximum(rows[:, None] - np.asarray(ages), episode_start[rows][:, None])
    needed, index = np.unique(history, return_inverse=True)
    return needed, index.reshape(history.shape)
