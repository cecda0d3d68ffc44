"""Writes moments of a drive as a video."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.report.clips.clip_frame import SIZE, ClipMoment, ClipRenderer
from drive_stack.viewer.interpolation.frames import view_between
from drive_stack.viewer.rollout_frames import RolloutView
from drive_stack.viewer.video import FPS, FrameWriter, Recorder

_QUALITY = 28  # x264's constant rate factor


def write_film(
    path: Path, moments: Iterable[Moment], env: DrivingEnv, rollout: Rollout, *, held: float
) -> None:
    """Write a film of ``moments``, followed by the end of the drive for ``held`` s (0: without the end).

    It has `drive_stack.viewer.video.FPS` frames per second, those between two steps interpolated. Every
    moment lasts one step, so films of equally many moments and ``held`` have the same length.

    Raises:
        ConfigError: the file cannot be written.
    """
    view, dt = RolloutView(env, rollout), env.platform.dt
    with Recorder(path, SIZE, 1.0 / FPS, quality=_QUALITY) as recorder:
        writer, acted = FrameWriter(recorder, ClipRenderer(), _between, dt), None
        for moment in moments:
            begins, acted = acted is None, replace(view.driven(moment), outcome=None)
            (writer.begin if begins else writer.add)(ClipMoment(acted, acted))
        if acted is None:
            return
        if round(held / dt):
            end = replace(view.present(), outcome=rollout.status.value)
            writer.add(ClipMoment(acted, end))
            writer.hold(held - 1.0 / FPS)
        else:
            writer.hold(dt - 1.0 / FPS)


def _between(before: ClipMoment, after: ClipMoment, fraction: float) -> ClipMoment:
    """What a film shows at ``fraction`` 0 … 1 of a step; the driver's last thoughts stay as they are."""
    present = view_between(before.present, after.present, fraction)
    acted = before.acted if after.acted is before.acted else present
    return ClipMoment(acted, replace(present, outcome=None))
