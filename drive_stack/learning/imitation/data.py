"""Recordings made ready for training: views packed once, numbers as arrays, clips drawn by rarity."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.reader import Recording
from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.auxiliary_targets import hints_of
from drive_stack.learning.imitation.columns import columns_of
from drive_stack.learning.imitation.config import BalanceSettings
from drive_stack.policy.numbers import sideways_of, state_rows
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.support.atomic_files import check_replaceable, make_folder, whole_file
from drive_stack.vehicle import VehicleParameters

Scalar = TypeVar("Scalar", bound=np.generic)

EXPERT = "expert"  # as recordings have it
BRAKING, TURNING, SLOW, STARTING = -1.0, 0.5, 3.0, 0.3  # [m/s², m/s², m/s, m/s²]
WRONG = 0.7, 1.5  # sideways and along the road, from what the expert would have done [m/s²]
BENDING = 1.5  # [m/s²]
BACK = 2  # rows


class PackedViews:
    """Views (N, K) of several recordings, one after another, each in a file of its own on the disk."""

    def __init__(self, parts: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
        """``parts`` have a name each that changes with what is in them."""
        self.parts = parts
        self._parts = [views for _, views in parts]
        self._starts = np.cumsum([0, *(len(part) for part in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The views (R, K) of some rows."""
        found = np.empty((len(rows), self._parts[0].shape[1]), dtype=np.uint8)
        part_of = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(part_of):
            here = part_of == number
            found[here] = self._parts[number][rows[here] - self._starts[number]]
        return found


@dataclass(frozen=True, slots=True)
class PolicyData:
    """Rows of many episodes, one after another."""

    packed: PackedViews
    state: NDArray[np.float32]  # (N, STATE_SIZE)
    target: NDArray[np.float32]  # (N, 2) the expert's lateral and longitudinal acceleration [m/s²]
    hints: NDArray[np.float32]  # (N, H) see `policy_hints`, NaN where unknown
    columns: NDArray[np.float16]  # (N, kinds, columns) see `policy_columns`, NaN where unknown
    begin: NDArray[np.int64]  # (N,) first row of the row's episode
    weight: NDArray[np.float64]  # (N,) how often it should be shown

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.state)


def prepare(
    folders: Sequence[Path], views: Sequence[View], balance: BalanceSettings, cache: Path
) -> PolicyData:
    """Read recordings; packed views are kept in ``cache``. Raises `ConfigError` as `Recording` does."""
    recording = Recording(folders)
    if not recording.rows:
        raise ConfigError(f"{', '.join(map(str, folders))}: no episode is recorded; collect some first")
    others = recording.other_actors()
    car = VehicleParameters()
    speed = recording.column("speed_mps", np.float64)
    steering = recording.column("expert_steering_rad", np.float64)
    sideways = sideways_of(steering, speed, car)
    acceleration = recording.column("expert_acceleration_mps2", np.float32)
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    return PolicyData(
        packed=PackedViews([_packed(Recording([folder]), views, cache) for folder in folders]),
        state=state_rows(
            speed,
            recording.column("yaw_rate_radps", np.float32),
            recording.column("speed_limit_mps", np.float32),
            (recording.column("blind_spot_left", np.bool_), recording.column("blind_spot_right", np.bool_)),
            recording.column("command", np.int8),
        ),
        target=np.stack([sideways, acceleration], axis=1),
        hints=hints_of(recording, others, speed),
        columns=columns_of(others, recording.rows, CameraModel()),
        begin=np.repeat(starts, np.diff(np.append(starts, recording.rows))),
        weight=_weights(recording, speed, sideways, acceleration, balance),
    )


def _weights(
    recording: Recording,
    speed: NDArray[np.float64],
    sideways: NDArray[np.float32],
    acceleration: NDArray[np.float32],
    balance: BalanceSettings,
) -> NDArray[np.float64]:
    asked = recording.column("curvature_1pm", np.float32) * speed**2
    beside = sideways - asked
    turning = np.abs(beside) > TURNING
    student = recording.column("driver", np.str_) != EXPERT
    changing = _moved(beside, recording, TURNING) | _moved(acceleration, recording, -BRAKING)
    did = sideways_of(recording.column("applied_steering_rad", np.float64), speed, VehicleParameters())
    apart = np.abs(recording.column("applied_acceleration_mps2", np.float32) - acceleration)
    wrong = student & ((np.abs(did - sideways) > WRONG[0]) | (apart > WRONG[1]))
    weight = np.ones(len(speed))
    for rare, times in (
        (acceleration < BRAKING, balance.braking),
        (turning, balance.turning),
        (np.abs(asked) > BENDING, balance.bending),
        ((speed < SLOW) & (acceleration > STARTING), balance.starting),
        (recording.column("perturbed", np.bool_), balance.pushed),
        (changing & ~student, balance.changing),
        (student, balance.visited),
        (wrong, balance.wrong),
    ):
        weight[rare] = np.maximum(weight[rare], times)
    return weight


def _moved(values: NDArray[np.floating], recording: Recording, least: float) -> NDArray[np.bool_]:
    """Where values changed by ``least`` over the rows before: there nobody can go on as before (Wen et al.,
    2021, "Keyframe-focused visual imitation learning")."""
    moved = np.zeros(len(values), dtype=bool)
    starts = np.concatenate([[0], recording.episode_ends[:-1]])
    for start, end in zip(starts.tolist(), recording.episode_ends.tolist(), strict=True):
        moved[start + BACK : end] = np.abs(values[start + BACK : end] - values[start : end - BACK]) > least
    return moved


def _packed(recording: Recording, views: Sequence[View], cache: Path) -> tuple[str, NDArray[np.uint8]]:
    """All pictures' views, (N, K), and their name; decoded once and kept."""
    key = hashlib.sha256((recording.hash + "".join(view.model_dump_json() for view in views)).encode())
    name = key.hexdigest()[:16]
    path, shape = cache / f"views-{name}.npy", (recording.rows, packed_size(views))
    kept = read_array(path, np.uint8, shape)
    if kept is None:
        make_folder(cache)
        with whole_file(path) as part:
            _fill(part, recording, views, shape)
        kept = np.load(path, mmap_mode="r")
    return name, kept


def read_array(path: Path, kind: type[Scalar], shape: tuple[int | None, ...]) -> NDArray[Scalar] | None:
    """A kept array, not loaded before it is used; None where there is none, or it is not as it should be.

    ``shape`` has None where any size will do.
    Raises `ConfigError` where something else has the place of the file.
    """
    check_replaceable(path)
    try:
        kept: NDArray[Scalar] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if kept.dtype != kind or kept.ndim != len(shape):
        return None
    return kept if all(size in (None, found) for size, found in zip(shape, kept.shape, strict=True)) else None


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
    """Stretches of rows that are predicted together, so that a picture is looked at once for all of them."""

    first: NDArray[np.int64]  # (C,) the first row of each
    weight: NDArray[np.float64]  # (C,)
    length: int

    @classmethod
    def of(cls, data: PolicyData, length: int) -> Clips:
        """Stretches of ``length`` rows that lie in one episode, each half over the one before."""
        if data.rows < length:
            raise ConfigError(f"{data.rows} rows do not fill one clip of {length}")
        first = np.arange(0, data.rows - length + 1, max(length // 2, 1))
        first = first[data.begin[first] == data.begin[first + length - 1]]
        sums = np.concatenate([[0.0], np.cumsum(data.weight)])
        return cls(first, (sums[first + length] - sums[first]) / length, length)

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """First rows of ``count`` clips, by weight."""
        return rng.choice(self.first, count, p=self.weight / self.weight.sum())


def seen_rows(
    first: NDArray[np.int64], length: int, ages: Sequence[int], begin: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows (P,) whose pictures clips need, and for each predicted row where its history is among them,
    (clips · length, ages). Before an episode's first picture everything looked like it."""
    rows = (first[:, None] + np.arange(length)).reshape(-1)
    wanted = np.maximum(rows[:, None] - np.asarray(ages), begin[rows][:, None])
    needed, place = np.unique(wanted, return_inverse=True)
    return needed, place.reshape(wanted.shape)
