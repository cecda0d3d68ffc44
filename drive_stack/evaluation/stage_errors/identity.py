"""HOTA, IDF1 and MOTA of an episode's tracks, computed by TrackEval.

HOTA: Luiten et al., IJCV 2021; IDF1: Ristani et al., ECCVW 2016; MOTA: Bernardin & Stiefelhagen,
2008. Places are compared over the ground, see `tracks.similarities`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from trackeval.metrics import CLEAR, HOTA, Identity

from drive_stack.camera_model import CameraModel
from drive_stack.evaluation.stage_errors.tracked_actors import within_view
from drive_stack.evaluation.stage_errors.tracks import assign, near_of, similarities
from drive_stack.evaluation.stage_errors.true_objects import GROUPS, Group, TrueObject
from drive_stack.types import FloatArray, Track

AGREES = 0.5  # similarity from which IDF1 and MOTA take a track for an object
Values = dict[str, NDArray[np.float64]]  # TrackEval's, by the name of the figure


@dataclass(frozen=True, slots=True)
class Sequence3D:
    """TrackEval's results of one episode, which can be combined."""

    frames: int
    hota: Values
    clear: Values
    identity: Values


@dataclass(frozen=True, slots=True)
class TrackScores:
    """How well objects were followed."""

    hota: float  # 0 … 1
    detection: float  # DetA
    association: float  # AssA
    idf1: float
    mota: float
    recall: float
    switches: int  # of identity
    false_per_frame: float  # tracks of nothing
    objects: int  # objects counted, over all frames
    frames: int


@dataclass(slots=True)
class Follower:
    """Collects one group's objects and tracks, frame by frame."""

    group: Group
    camera: CameraModel
    actors: list[list[int]] = field(default_factory=list)
    tracks: list[list[int]] = field(default_factory=list)
    similarity: list[FloatArray] = field(default_factory=list)

    def add(
        self, truth: Mapping[int, TrueObject], counted: frozenset[int], tracks: tuple[Track, ...]
    ) -> None:
        """One frame. Tracks of what is not counted, and those that are out of view, are left out."""
        eye = np.array([self.camera.mount_x, 0.0])
        mine = [true for true in truth.values() if GROUPS[true.label] is self.group]
        asked = [true for true in mine if true.actor in counted]
        others = [true for true in mine if true.actor not in counted]
        said = [track for track in tracks if GROUPS[track.label] is self.group]
        similarity = similarities(asked, said, eye)
        used = {column for _, column in assign(similarity, AGREES)}
        free = [column for column in range(len(said)) if column not in used]
        to_others = similarities(others, [said[column] for column in free], eye)
        ignored = {free[column] for _, column in assign(to_others, 1e-9)}
        ignored |= {column for column in free if not within_view(near_of(said[column]), self.camera)}
        kept = [column for column in range(len(said)) if column not in ignored]
        self.actors.append([true.actor for true in asked])
        self.tracks.append([said[column].id for column in kept])
        self.similarity.append(similarity[:, kept])

    def result(self) -> Sequence3D:
        """TrackEval's figures of the episode."""
        actors, tracks = _numbered(self.actors), _numbered(self.tracks)
        data = {
            "num_timesteps": len(actors),
            "num_gt_ids": len({one for row in self.actors for one in row}),
            "num_tracker_ids": len({one for row in self.tracks for one in row}),
            "num_gt_dets": sum(map(len, actors)),
            "num_tracker_dets": sum(map(len, tracks)),
            "gt_ids": actors,
            "tracker_ids": tracks,
            "similarity_scores": self.similarity,
        }
        hota, clear, identity = _metrics()
        return Sequence3D(
            frames=len(actors),
            hota=hota.eval_sequence(data),
            clear=clear.eval_sequence(data),
            identity=identity.eval_sequence(data),
        )


def combine(episodes: Sequence[Sequence3D]) -> TrackScores:
    """Scores over several episodes, each object counted alike."""
    hota, clear, identity = _metrics()
    by = dict(enumerate(episodes))
    h = hota.combine_sequences({key: one.hota for key, one in by.items()})
    c = clear.combine_sequences({key: one.clear for key, one in by.items()})
    i = identity.combine_sequences({key: one.identity for key, one in by.items()})
    frames = sum(one.frames for one in episodes)
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
    config = {"THRESHOLD": AGREES, "PRINT_CONFIG": False}
    return HOTA(), CLEAR(config), Identity(config)


def _numbered(rows: Sequence[Sequence[int]]) -> list[NDArray[np.int64]]:
    """Ids as 0, 1, 2, … in order of their first appearance."""
    numbers: dict[int, int] = {}
    return [np.array([numbers.setdefault(one, len(numbers)) for one in row], dtype=np.int64) for row in rows]
