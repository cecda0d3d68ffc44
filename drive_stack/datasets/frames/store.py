"""Labelled camera frames on disk: one compressed shard an episode, and a manifest.

A shard is an ``.npz`` without pickles:

======================  ==================  =========================================================
``jpeg``                (B,) uint8          the frames' JPEG streams, one after another
``jpeg_end``            (F,) int64          where each stream ends in ``jpeg``
``time``                (F,) float64        since the episode began [s]
``box``                 (M, 4) float32      x1, y1, x2, y2 of the visible pixels [px]
``box_frame``           (M,) int32          which frame each box belongs to
``box_label``           (M,) int8           ObjectClass
``box_visible``         (M,) float32        share of the object that is visible, 0 … 1
``box_distance``        (M,) float32        from the camera [m]
``lane_NAME``           (F, …)              the lane truth of each frame, see `lanes_truth`
``meta``                (n,) uint8          JSON: scenario, seed, weather, light
======================  ==================  =========================================================

``manifest.json`` lists the shards with their frames, boxes and SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.runtime.weights import sha256_of
from drive_stack.support.atomic_files import check_regular, is_part, whole_file, write_whole
from drive_stack.support.jpeg import decode, encode
from drive_stack.types import Image

JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class EpisodeInfo:
    """Where a shard's frames come from."""

    scenario: str
    seed: int
    weather: str
    light: str


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """One frame as read back; `image` decodes it."""

    jpeg: NDArray[np.uint8]
    truth: FrameTruth
    time: float
    episode: EpisodeInfo
    lanes: dict[str, NDArray[np.generic]]

    def image(self) -> Image:
        """The (H, W, 3) RGB picture."""
        return decode(self.jpeg)


class ShardWriter:
    """Gathers one episode's frames and writes them in one stroke, so that a shard is whole or absent."""

    def __init__(self) -> None:
        self._streams: list[NDArray[np.uint8]] = []
        self._truths: list[FrameTruth] = []
        self._times: list[float] = []
        self._lanes: list[dict[str, NDArray[np.generic]]] = []

    def add(
        self, image: Image, truth: FrameTruth, time: float, lanes: dict[str, NDArray[np.generic]]
    ) -> None:
        """Keep one frame."""
        self._streams.append(encode(image, JPEG_QUALITY, full_colour=True))
        self._truths.append(truth)
        self._times.append(time)
        self._lanes.append(lanes)

    def write(self, path: Path, episode: EpisodeInfo) -> None:
        """Write the shard; there must be at least one frame."""
        counts = [len(truth.labels) for truth in self._truths]
        arrays: dict[str, NDArray[np.generic]] = {
            "jpeg": np.concatenate(self._streams),
            "jpeg_end": np.cumsum([len(stream) for stream in self._streams]),
            "time": np.array(self._times),
            "box": np.concatenate([truth.boxes for truth in self._truths]),
            "box_frame": np.repeat(np.arange(len(counts), dtype=np.int32), counts),
            "box_label": np.concatenate([truth.labels for truth in self._truths]),
            "box_visible": np.concatenate([truth.visible for truth in self._truths]),
            "box_distance": np.concatenate([truth.distance for truth in self._truths]),
            "meta": np.frombuffer(json.dumps(asdict(episode)).encode(), dtype=np.uint8),
        }
        for name in self._lanes[0]:
            arrays[f"lane_{name}"] = np.stack([lanes[name] for lanes in self._lanes])
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the keys for its flags


def read_shard(path: Path) -> Iterator[StoredFrame]:
    """The frames of one shard; `ConfigError` for one that is cut off or no shard."""
    try:
        check_regular(path, path.stat().st_mode)
        with np.load(path, allow_pickle=False) as shard:
            arrays = {name: shard[name] for name in shard.files}
        episode = EpisodeInfo(**json.loads(arrays["meta"].tobytes()))
        ends = arrays["jpeg_end"]
    except (OSError, ValueError, TypeError, LookupError, EOFError, AttributeError, BadZipFile) as error:
        if isinstance(error, ConfigError):
            raise
        reason = type(error).__name__
        raise ConfigError(f"{path}: cut off or not a shard ({reason}); delete it and collect again") from None
    for index, end in enumerate(ends):
        mine = arrays["box_frame"] == index
        yield StoredFrame(
            jpeg=arrays["jpeg"][ends[index - 1] if index else 0 : end],
            truth=FrameTruth(
                boxes=arrays["box"][mine],
                labels=arrays["box_label"][mine],
                visible=arrays["box_visible"][mine],
                distance=arrays["box_distance"][mine],
            ),
            time=float(arrays["time"][index]),
            episode=episode,
            lanes={name[5:]: arrays[name][index] for name in arrays if name.startswith("lane_")},
        )


def shard_paths(folder: Path) -> list[Path]:
    """The shards of a data set in a fixed order; `ConfigError` where there are none."""
    paths = sorted(path for path in folder.glob("*.npz") if not is_part(path))
    if not paths:
        raise ConfigError(f"{folder}: holds no frames; collect some with: python run_sim.py train detector")
    return paths


def read_frames(folder: Path) -> list[StoredFrame]:
    """All frames of a data set, still compressed."""
    return [frame for path in shard_paths(folder) for frame in read_shard(path)]


def write_manifest(folder: Path) -> Path:
    """List the shards with their origin, frames, boxes and hashes in ``manifest.json``."""
    entries = []
    for path in shard_paths(folder):
        frames = list(read_shard(path))
        boxes = sum(len(frame.truth.labels) for frame in frames)
        origin = asdict(frames[0].episode)
        entries.append(
            {"file": path.name, **origin, "frames": len(frames), "boxes": boxes, "sha256": sha256_of(path)}
        )
    manifest = folder / "manifest.json"
    write_whole(manifest, json.dumps({"shards": entries}, indent=1) + "\n")
    return manifest


def describe(frames: Sequence[StoredFrame]) -> dict[str, object]:
    """Counts of frames by scenario, weather and light, and the span of seeds, for a card."""

    def count(values: list[str]) -> dict[str, int]:
        return {value: values.count(value) for value in sorted(set(values))}

    seeds = [frame.episode.seed for frame in frames]
    return {
        "frames": len(frames),
        "boxes": sum(len(frame.truth.labels) for frame in frames),
        "seeds": [min(seeds), max(seeds)],
        "scenarios": count([frame.episode.scenario for frame in frames]),
        "weathers": count([frame.episode.weather for frame in frames]),
        "lights": count([frame.episode.light for frame in frames]),
    }
