"""Writes moments of a drive as a video."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.report.clips.clip_frame import SIZE, ClipRenderer
from drive_stack.viewer.rollout_frames import RolloutView
from drive_stack.viewer.video import Recorder

_QUALITY = 28  # x264's constant rate factor


def write_film(
    path: Path, moments: Iterable[Moment], env: DrivingEnv, rollout: Rollout, *, held: float
) -> None:
    """Write a film of ``moments``, followed by the end of the drive for ``held`` s (0: without the end).

    Raises:
        ConfigError: the file cannot be written.
    """
    renderer, view = ClipRenderer(), RolloutView(env, rollout)
    with Recorder(path, SIZE, env.platform.dt, quality=_QUALITY) as recorder:
        acted = None
        for moment in moments:
            acted = replace(view.driven(moment), outcome=None)
            recorder.write(renderer.draw(acted))
        images = round(held / env.platform.dt)
        if acted is None or not images:
            return
        end = renderer.draw_end(acted, replace(view.present(), outcome=rollout.status.value))
        for _ in range(images):
            recorder.write(end)
