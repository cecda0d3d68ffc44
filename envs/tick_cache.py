"""What is computed from the parts of an episode at most once a tick, because several readers need it."""

from __future__ import annotations

import copy
from typing import Self

from drive_stack.world_state import VehicleStates

from .contacts import Shapes
from .pedestrians import PedestrianMotion
from .spawning.episode_setup import EpisodeSetup
from .views import collision_shapes, other_shapes


class TickCache:
    """Vehicles, collision shapes and motion of pedestrians of an episode, computed when they are read.

    `expire` must be called after each tick.
    """

    def __init__(self, episode: EpisodeSetup) -> None:
        self._episode = episode
        self._vehicles: VehicleStates | None = None  # of this tick
        self._shapes: Shapes | None = None  # of this tick
        self._other_shapes: Shapes | None = None  # everything but vehicles, while nobody walks
        self._motion: PedestrianMotion | None = None  # while nobody walks

    @property
    def vehicles(self) -> VehicleStates:
        """The present states of all vehicles."""
        if self._vehicles is None:
            self._vehicles = self._episode.traffic.states()
        return self._vehicles

    @property
    def shapes(self) -> Shapes:
        """Everything that the ego can hit now."""
        if self._shapes is None:
            episode = self._episode
            if self._other_shapes is None:
                self._other_shapes = other_shapes(episode.pedestrians, episode.obstacles.states)
            self._shapes = collision_shapes(episode.traffic, self._other_shapes)
        return self._shapes

    @property
    def pedestrian_motion(self) -> PedestrianMotion | None:
        """The motion of all pedestrians, for traffic; None if there are none."""
        pedestrians = self._episode.pedestrians
        if not pedestrians.specs:
            return None
        if self._motion is None:
            self._motion = pedestrians.motion()
        return self._motion

    def expire(self, *, pedestrians_moved: bool) -> None:
        """Forget what the tick has changed."""
        self._vehicles = self._shapes = None
        if pedestrians_moved:
            self._other_shapes = self._motion = None

    def copy(self, episode: EpisodeSetup) -> Self:
        """Return an independent cache for a copy of the episode in the same state."""
        other = copy.copy(self)
        other._episode = episode
        return other
