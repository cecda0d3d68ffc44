"""Changes of the world: an actor leaves it, the road becomes level, or the camera's frames arrive on time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drive_stack.interventions.scene import SceneChange, SceneIntervention
from drive_stack.road.vertical_profile import LEVEL

from ..scenarios.camera import CameraLatency
from ..spawning.episode_setup import EpisodeSetup
from ..traffic import Traffic
from .image import without_actor


def changed_episode(episode: EpisodeSetup, intervention: SceneIntervention) -> EpisodeSetup:
    """Return the episode after a change, whose dynamic parts may be those of ``episode``.

    A change of the image alone returns the same episode.
    """
    if intervention.change is SceneChange.REMOVED and intervention.actor is not None:
        return _without(episode, intervention.actor)
    if intervention.change is SceneChange.FLAT:
        return _level(episode)
    if intervention.change is SceneChange.ON_TIME:
        return replace(episode, latency=CameraLatency())
    return episode


def _without(episode: EpisodeSetup, actor: int) -> EpisodeSetup:
    _remove_vehicle(episode.traffic, actor)
    scripts = (script.without(actor) for script in episode.scripts)
    obstacles, keep = episode.obstacles, episode.obstacles.states.id != actor
    return replace(
        episode,
        scripts=tuple(script for script in scripts if script is not None),
        pedestrians=episode.pedestrians.without(actor),
        obstacles=replace(
            obstacles, states=without_actor(obstacles.states, actor), boxes=obstacles.boxes[:, keep]
        ),
    )


def _remove_vehicle(traffic: Traffic, actor: int) -> None:
    """Remove a vehicle if the actor is one."""
    if np.any(traffic.states().id == actor):
        traffic.remove(traffic.row_of(actor))


def _level(episode: EpisodeSetup) -> EpisodeSetup:
    road = replace(episode.road, profile=LEVEL)
    episode.traffic.road = episode.pedestrians.road = road
    return replace(episode, road=road)
