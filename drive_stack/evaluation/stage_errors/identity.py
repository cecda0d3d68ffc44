"""HOTA, IDF1 and MOTA of an episode's tracks, computed by TrackEval.

HOTA: Luiten et al., IJCV 2021; IDF1: Ristani et al., ECCVW 2016; MOTA: Bernardin & Stiefelhagen,
2008. Tracks and objects are compared by their positions on the ground, see `tracks.similarities`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.evaluation.stage_errors.tracked_actors import within_view
from drive_stack.evaluation.stage_errors.tracks import assign, similarities, track_near_end
from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.support.extras import needs_extra
from drive_stack.types import FloatArray, Track

if TYPE_CHECKING:
    from trackeval.metrics import CLEAR, HOTA, Identity

MIN_SIMILARITY = 0.5  # from which IDF1 and MOTA count a track as matching an object
Values = dict[str, NDArray[np.float64]]  # TrackEval's results, by the name of the metric


@dataclass(frozen=True, slots=True)
class SequenceScores:
    """TrackEval's results of one episode; `combine` sums several."""

    frames: int
    hota: Values
    clear: Values
    identity: Values


@dataclass(frozen=True, slots=True)
class TrackScores:
    """How well the tracks follow the objects of one group."""

    hota: float  # 0 … 1
    detection: float  # DetA
    association: float  # AssA
    idf1: float
    mota: float
    recall: float
    switches: int  # of identity
    false_per_frame: float  # tracks without an object
    objects: int  # objects counted, over all frames
    frames: int


@dataclass(slots=True)
class TrackCollector:
    """Collects one group's objects and tracks, frame by frame, for TrackEval."""

    group: ClassGroup
    camera: CameraModel
    actors: list[list[int]] = field(default_factory=list)
    tracks: list[list[int]] = field(default_factory=list)
    similarity: list[FloatArray] = field(default_factory=list)

    def add(
        self, truth: Mapping[int, TrueObject], counted: frozenset[int], tracks: tuple[Track, ...]
    ) -> None:
        """Add one frame.

        ``counted`` holds the actors that the tracker must know. Tracks of other actors and tracks outside the
        view are ignored: they are neither correct nor false.
        """
        camera_position = np.array([self.camera.mount_x, 0.0])
        of_group = [true for true in truth.values() if GROUPS[true.label] is self.group]
        required = [true for true in of_group if true.actor in counted]
        optional = [true for true in of_group if true.actor not in counted]
        candidates = [track for track in tracks if GROUPS[track.label] is self.group]
        similarity = similarities(required, candidates, camera_position)
        matched = {column for _, column in assign(similarity, MIN_SIMILARITY)}
        free = [column for column in range(len(candidates)) if column not in matched]
        to_optional = similarities(optional, [candidates[column] for column in free], camera_position)
        ignored = {free[column] for _, column in assign(to_optional, 1e-9)}
        ignored |= {
            column for column in free if not within_view(track_near_end(candidates[column]), self.camera)
        }
        retained = [column for column in range(len(candidates)) if column not in ignored]
        self.actors.append([true.actor for true in required])
        self.tracks.append([candidates[column].id for column in retained])
        self.similarity.append(similarity[:, retained])

    def result(self) -> SequenceScores:
        """TrackEval's results of the frames so far."""
        actors, tracks = _renumbered(self.actors), _renumbered(self.tracks)
        data = {
            "num_timesteps": len(actors),
            "num_gt_ids": len({actor for row in self.actors for actor in row}),
            "num_tracker_ids": len({track for row in self.tracks for track in row}),
            "num_gt_dets": sum(map(len, actors)),
            "num_tracker_dets": sum(map(len, tracks)),
            "gt_ids": actors,
            "tracker_ids": tracks,
            "similarity_scores": self.similarity,
        }
        hota, clear, identity = _metrics()
        return SequenceScores(
            frames=len(actors),
            hota=hota.eval_sequence(data),
            clear=clear.eval_sequence(data),
            identity=identity.eval_sequence(data),
        )


def combine(episodes: Sequence[SequenceScores]) -> TrackScores:
    """Scores over several episodes; every object in every frame has the same weight."""
    hota, clear, identity = _metrics()
    by_index = dict(enumerate(episodes))
    h = hota.combine_sequences({key: episode.hota for key, episode in by_index.items()})
    c = clear.combine_sequences({key: episode.clear for key, episode in by_index.items()})
    i = identity.combine_sequences({key: episode.identity for key, episode in by_index.items()})
    frames = sum(episode.frames for episode in episodes)
    return TrackScores(
        hota=float(np.mean(h["HOTA"])),
        detection=float(np.mean(h["DetA"])),
        association=float(np.mean(h["AssA"])),
        idf1=float(i["IDF1"]),
        mota=float(c["MOTA"]),
        recall=float(c["CLR_Re"]),
        switches=int(c["IDSW"]),
        false_per_frame=float(c["CLR_FP"]) / max(frames, 1),
        objects=int(c["CLR_TP"] + c["CLR_FN"]),
        frames=frames,
    )


def _metrics() -> tuple[HOTA, CLEAR, Identity]:
    with needs_extra("eval", "scores of tracking"):
        from trackeval.metrics import CLEAR, HOTA, Identity  # noqa: PLC0415 - an optional dependency

    config = {"THRESHOLD": MIN_SIMILARITY, "PRINT_CONFIG": False}
    return HOTA(), CLEAR(config), Identity(config)


def _renumbered(rows: Sequence[Sequence[int]]) -> list[NDArray[np.int64]]:
    """Ids as 0, 1, 2, … in the order of their first appearance."""
    numbers: dict[int, int] = {}
    return [
        np.array([numbers.setdefault(identifier, len(numbers)) for identifier in row], dtype=np.int64)
        for row in rows
    ]
