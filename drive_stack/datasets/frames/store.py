"""Labelled camera frames on disk: one Parquet shard for each episode, see `FrameRow`, and a manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from typing_extensions import TypedDict

from drive_stack.datasets.checks import read_jpegs
from drive_stack.datasets.frames.row import FRAMES, ArrayColumns, BoxColumns, FrameRow
from drive_stack.datasets.manifest import (
    NAME,
    Manifest,
    ShardEntry,
    check_all,
    check_entry,
    read_manifest,
    write_manifest,
)
from drive_stack.errors import ConfigError
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.support.jpeg import decode, encode
from drive_stack.types import Image, ObjectClass

JPEG_QUALITY = 95
MADE_WITH = json.dumps({"jpeg_quality": JPEG_QUALITY})

LaneArrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EpisodeInfo:
    """The episode that a frame was recorded in."""

    scenario: str
    seed: int
    weather: str
    light: str


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """One frame as it is read back; `image` decodes its JPEG stream."""

    jpeg: NDArray[np.uint8]
    truth: FrameTruth
    time: float  # since the start of the episode [s]
    episode: EpisodeInfo
    lanes: LaneArrays

    def image(self) -> Image:
        """The (H, W, 3) RGB image."""
        return decode(self.jpeg)


class FrameCounts(TypedDict):
    """Contents of a data set, for a model card."""

    frames: int
    boxes: int
    seeds: list[int]  # first and last
    scenarios: dict[str, int]  # name → frames
    weathers: dict[str, int]
    lights: dict[str, int]


def frame_row(
    image: Image, truth: FrameTruth, time: float, episode: EpisodeInfo, lanes: LaneArrays
) -> FrameRow:
    """The row of one frame, its image compressed."""
    boxes = zip(
        truth.boxes.tolist(),
        truth.labels.tolist(),
        truth.visible.tolist(),
        truth.distance.tolist(),
        strict=True,
    )
    return FrameRow(
        scenario=episode.scenario,
        seed=episode.seed,
        time_s=time,
        weather=episode.weather,
        light=episode.light,
        image=encode(image, JPEG_QUALITY, full_colour=True).tobytes(),
        boxes=tuple(
            BoxColumns(x1, y1, x2, y2, ObjectClass(label).name.lower(), visible, distance)
            for (x1, y1, x2, y2), label, visible, distance in boxes
        ),
        lanes=tuple(
            ArrayColumns(name, array.dtype.name, array.shape, array.tobytes())
            for name, array in lanes.items()
        ),
    )


def read_frames(folder: Path) -> list[StoredFrame]:
    """All frames of a data set, still compressed.

    Raises:
        ConfigError: If a shard is missing, cut off or altered, or holds other columns or values than
            frames have.
    """
    manifest = read_manifest(FRAMES, folder)
    check_all(FRAMES, folder, manifest)
    return [frame for entry in manifest.shards for frame in _read_shard(folder / entry.file)]


def read_shards(paths: Iterable[Path]) -> list[StoredFrame]:
    """The frames of some shards, of one or several data sets; raises as `read_frames`."""
    frames: list[StoredFrame] = []
    listed: dict[Path, dict[str, ShardEntry]] = {}
    for path in paths:
        folder = path.parent
        if folder not in listed:
            listed[folder] = {entry.file: entry for entry in read_manifest(FRAMES, folder).shards}
        if path.name not in listed[folder]:
            raise ConfigError(f"{path}: {folder / NAME} does not list it; {FRAMES.remedy}")
        check_entry(FRAMES, folder, listed[folder][path.name])
        frames.extend(_read_shard(path))
    return frames


def count_boxes(paths: Iterable[Path], *, min_height: float = 0.0) -> tuple[int, int]:
    """Number of frames in some shards, and of boxes that are at least ``min_height`` high [px].

    Raises:
        ConfigError: a shard is corrupt.
    """
    columns = [FRAMES.read_columns(path, ["boxes"]).column(0) for path in paths]
    boxes = [chunk.flatten() for column in columns for chunk in column.chunks]
    heights = [pc.subtract(own.field("y2_px"), own.field("y1_px")) for own in boxes]
    tall = sum(int(np.count_nonzero(own.to_numpy(zero_copy_only=False) >= min_height)) for own in heights)
    return sum(len(column) for column in columns), tall


def listed_shards(folder: Path) -> dict[str, ShardEntry]:
    """The entries of the folder's manifest by file; entries whose file was deleted are omitted."""
    if not (folder / NAME).exists():
        return {}
    shards = read_manifest(FRAMES, folder).shards
    return {entry.file: entry for entry in shards if (folder / entry.file).exists()}


def write_frame_manifest(folder: Path, entries: Iterable[ShardEntry]) -> None:
    """Check the shards and write the manifest.

    Raises:
        ConfigError: If a shard was cut off or altered since it was listed, or there is none.
    """
    shards = tuple(sorted(entries, key=lambda entry: entry.file))
    if not shards:
        raise ConfigError(f"{folder}: holds no frames; collect some with: {FRAMES.how_to_record}")
    for entry in shards:
        check_entry(FRAMES, folder, entry)
    write_manifest(folder, Manifest(version=FRAMES.version, made_with=MADE_WITH, shards=shards))


def describe(frames: Sequence[StoredFrame]) -> FrameCounts:
    """Numbers of frames by scenario, weather and light, and the range of seeds."""
    seeds = [frame.episode.seed for frame in frames]
    return FrameCounts(
        frames=len(frames),
        boxes=sum(len(frame.truth.labels) for frame in frames),
        seeds=[min(seeds), max(seeds)],
        scenarios=_counts(frame.episode.scenario for frame in frames),
        weathers=_counts(frame.episode.weather for frame in frames),
        lights=_counts(frame.episode.light for frame in frames),
    )


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _read_shard(path: Path) -> Iterator[StoredFrame]:
    names = [name for name in FRAMES.schema.names if name != "image"]
    rows = FRAMES.read_columns(path, names).to_pylist()
    for number, (row, jpeg) in enumerate(zip(rows, read_jpegs(FRAMES, path), strict=True)):
        try:
            lanes = {array["name"]: _array(ArrayColumns(**array)) for array in row["lanes"]}
        except ValueError as error:
            raise ConfigError(f"{path}: the lanes of row {number}: {error}") from None
        yield StoredFrame(
            jpeg=jpeg,
            truth=_truth([BoxColumns(**box) for box in row["boxes"]]),
            time=row["time_s"],
            episode=EpisodeInfo(row["scenario"], row["seed"], row["weather"], row["light"]),
            lanes=lanes,
        )


def _array(stored: ArrayColumns) -> NDArray[np.generic]:
    """The stored array. Raises `ValueError` if shape and data do not agree."""
    return np.frombuffer(stored.data, dtype=stored.dtype).reshape(stored.shape).copy()


def _truth(boxes: Sequence[BoxColumns]) -> FrameTruth:
    corners = [(box.x1_px, box.y1_px, box.x2_px, box.y2_px) for box in boxes]
    return FrameTruth(
        boxes=np.array(corners, dtype=np.float32).reshape(-1, 4),
        labels=np.array([ObjectClass[box.label.upper()] for box in boxes], dtype=np.int8),
        visible=np.array([box.visible_fraction for box in boxes], dtype=np.float32),
        distance=np.array([box.distance_m for box in boxes], dtype=np.float32),
    )
