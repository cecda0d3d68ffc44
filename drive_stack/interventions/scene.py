"""Changes of the world, or of its image alone, from an instant of an episode on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SceneChange(StrEnum):
    """What is changed."""

    REMOVED = "removed"  # an actor leaves the world
    FLAT = "flat"  # the road is level
    ON_TIME = "on time"  # no frame of the camera is late or lost
    HIDDEN = "hidden"  # an actor is not drawn
    PLAIN_LOOK = "plain look"  # an actor is drawn as the most ordinary of its class
    AS_CAR = "as car"  # an actor that is no vehicle is drawn as a car
    CLEAR_DAY = "clear day"  # drawn by day in clear weather, through a perfect lens
    FRESH_PAINT = "fresh paint"  # lane lines are drawn fresh, without worn stretches and old lines


OF_ONE_ACTOR = (SceneChange.REMOVED, SceneChange.HIDDEN, SceneChange.PLAIN_LOOK, SceneChange.AS_CAR)
OF_THE_IMAGE = (  # the world stays as it is
    SceneChange.HIDDEN,
    SceneChange.PLAIN_LOOK,
    SceneChange.AS_CAR,
    SceneChange.CLEAR_DAY,
    SceneChange.FRESH_PAINT,
)


@dataclass(frozen=True, slots=True)
class SceneIntervention:
    """A change of the scene from ``start`` on."""

    change: SceneChange
    start: float = 0.0  # the first observation that shows it is the one of this time [s]
    actor: int | None = None  # id of the actor that is changed; None for a change of the whole scene

    def __post_init__(self) -> None:
        if (self.actor is None) is (self.change in OF_ONE_ACTOR):
            raise ValueError(f"{self.change.value}: needs an actor if it changes one, and only then")
