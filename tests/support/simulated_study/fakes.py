"""A study without a simulator and without training: recordings, networks and drives that follow from seeds.

Each of the three fails when it has been asked for a number of times, as if the process were killed then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from small_shards import IMAGE, columns, write_listed, write_shard
from synthetic_rows import row

from drive_stack.datasets.drives.collection import Collection, CollectionSpec
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.frames.row import FRAMES, BoxColumns, FrameRow
from drive_stack.datasets.frames.store import count_boxes
from drive_stack.datasets.manifest import read_manifest
from drive_stack.evaluation.batch.rows import Row
from drive_stack.study_runner.driving import DrivingOrder
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)

COURSES = ("cut_in", "merge")
BOX = BoxColumns(1.0, 2.0, 3.0, 4.0, "car", 0.5, 30.0)


class KilledError(Exception):
    """Stands for the end of the process."""


@dataclass
class Fuse:
    """Blows at the n-th use; never for None."""

    uses: int | None = None
    count: int = 0

    def use(self) -> None:
        self.count += 1
        if self.count == self.uses:
            raise KilledError


@dataclass
class FakeRecorder:
    """Records episodes of 10 to 29 rows, with a frame for every five of them."""

    fuse: Fuse = field(default_factory=Fuse)
    specs: list[CollectionSpec] = field(default_factory=list)

    def __call__(self, spec: CollectionSpec) -> Collection:
        self.specs.append(spec)
        assert spec.frames is not None
        for folder in (spec.out, spec.frames.folder):
            folder.mkdir(parents=True, exist_ok=True)
        for seed in range(spec.first_seed, spec.first_seed + spec.seeds):
            for scenario in spec.scenarios or ("cruise",):
                self._episode(spec, scenario, seed)
        manifest = read_manifest(DRIVES, spec.out)
        spec.frames.list_frames(manifest.shards)
        return Collection(manifest, (), (), 0)

    def _episode(self, spec: CollectionSpec, scenario: str, seed: int) -> None:
        assert spec.frames is not None
        rows = int(np.random.default_rng([seed, *scenario.encode()]).integers(10, 30))
        name = f"{scenario}-{seed:06d}.parquet"
        if (spec.out / name).exists() or (spec.only is not None and name not in spec.only):
            return
        self.fuse.use()
        frames = [
            FrameRow(scenario, seed, float(number), "clear", "day", IMAGE, (BOX,) * 2, ())
            for number in range(-(-rows // 5))
        ]
        FRAMES.write(spec.frames.folder / f"{scenario}-{seed:06d}.parquet", frames)
        listed = read_manifest(DRIVES, spec.out).shards if (spec.out / "manifest.json").exists() else ()
        others = [entry for entry in listed if entry.file != name]
        write_listed(spec.out, *others, write_shard(spec.out / name, columns(scenario, seed, rows)))


@dataclass
class FakeNetwork:
    """Trains in three epochs with a checkpoint after each; its weights are a hash of all that went in."""

    name: str
    fuse: Fuse = field(default_factory=Fuse)
    epochs: list[tuple[str, int]] = field(default_factory=list)  # folder and number of each epoch
    errors: Callable[[int], float] = field(default=lambda _: 0.5)  # by attempt
    attempts: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        return ("policy.trunk.onnx",) if self.name == "policy" else (f"{self.name}.onnx",)

    @property
    def settings(self) -> str:
        return self.name

    def steps_per_pass(self, rows: int, frames: int) -> int:
        return max((rows if self.name == "policy" else frames) // 10, 1)

    def fit(
        self, data: NetworkData, seed: int, folder: Path, inputs: Mapping[str, Path], report: Report
    ) -> OfflineErrors:
        checkpoint = folder / "checkpoint.json"
        done = int(json.loads(checkpoint.read_text())) if checkpoint.exists() else 0
        for epoch in range(done, 3):
            self.fuse.use()
            self.epochs.append((folder.name, epoch))
            checkpoint.write_text(str(epoch + 1))
            report(f"epoch {epoch + 1}")
        content = [self.name, str(seed), *(path.name for path in data.learned.drives), "|"]
        content += [path.name for path in data.held_out.drives]
        (folder / self.files[0]).write_text("\n".join(content))
        self.attempts += 1
        return OfflineErrors(lateral_error=self.errors(self.attempts))

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        frames, boxes = count_boxes(episodes.frames)
        if self.name == "policy":
            return Labels(controls=sum(DRIVES.open(path).metadata.num_rows for path in episodes.drives))
        return Labels(boxes=boxes) if self.name == "detector" else Labels(lane_frames=frames)


@dataclass
class FakeDriver:
    """Drives two courses; success follows from the label and the course."""

    fuse: Fuse = field(default_factory=Fuse)
    orders: list[DrivingOrder] = field(default_factory=list)

    def __call__(self, order: DrivingOrder) -> Sequence[Row]:
        self.fuse.use()
        self.orders.append(order)
        order.folder.mkdir(parents=True, exist_ok=True)
        (order.folder / "rows.jsonl").touch()
        first = order.courses.first_seed
        seeds = range(first, first + order.courses.seeds)
        return [
            row(order.label, name, seed, self._outcome(order, name, seed))
            for seed in seeds
            for name in COURSES
        ]

    def _outcome(self, order: DrivingOrder, name: str, seed: int) -> str:
        digest = hashlib.sha256(f"{order.label} {name} {seed}".encode()).digest()
        return "ok" if digest[0] < 200 else "hit"


def serially(
    function: Callable[[object], object], items: Sequence[object], *_: object, **__: object
) -> Iterator[object]:
    """In place of worker processes."""
    return map(function, items)
