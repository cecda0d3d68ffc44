"""What can be changed in a drive, from an instant on, and how reports call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from drive_stack.interventions.scene import SceneChange


@dataclass(frozen=True, slots=True)
class Actor:
    """A road user or an object, as reports call it."""

    id: int
    name: str  # "child", "car"
    is_hit: bool = False  # by the ego, at the end of the drive
    is_vehicle: bool = False
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class ExpertDrives:
    """The expert takes over the control, and starts with no memory."""

    @property
    def name(self) -> str:
        """Name in tables."""
        return "expert takes over"

    @property
    def condition(self) -> str:
        """The change as it stands in "would have been averted had …"."""
        return "the expert taken over"


@dataclass(frozen=True, slots=True)
class StagesReplaced:
    """Stages of a pipeline are replaced by their oracles, and its planner by the expert's."""

    stages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name in tables."""
        return joined(self.stages)

    @property
    def condition(self) -> str:
        """The change as it stands in "would have been averted had …"."""
        return f"{joined([f'the {stage}' for stage in self.stages])} been without fault"


@dataclass(frozen=True, slots=True)
class NoHistory:
    """The present image stands for all earlier images of a policy."""

    @property
    def name(self) -> str:
        """Name in tables."""
        return "no earlier images"

    @property
    def condition(self) -> str:
        """The change as it stands in "would have been averted had …"."""
        return "the policy not seen its earlier images"


@dataclass(frozen=True, slots=True)
class BrakesEarlier:
    """The driver brakes as it did, but earlier."""

    lead: float  # [s]

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"brakes {self.lead:.1f} s earlier"

    @property
    def condition(self) -> str:
        """The change as it stands in "would have been averted had …"."""
        return f"it braked {self.lead:.1f} s earlier"


@dataclass(frozen=True, slots=True)
class SceneChanged:
    """The world or its image is changed."""

    change: SceneChange
    actor: Actor | None = None

    @property
    def name(self) -> str:
        """Name in tables."""
        return _SCENE_NAMES[self.change].format(actor="" if self.actor is None else self.actor.name)

    @property
    def condition(self) -> str:
        """The change as it stands in "would have been averted had …"."""
        return _SCENE_CONDITIONS[self.change].format(actor="" if self.actor is None else self.actor.name)


Change: TypeAlias = ExpertDrives | StagesReplaced | NoHistory | BrakesEarlier | SceneChanged

_SCENE_NAMES = {
    SceneChange.REMOVED: "without the {actor}",
    SceneChange.FLAT: "level road",
    SceneChange.ON_TIME: "images on time",
    SceneChange.HIDDEN: "{actor} not in the image",
    SceneChange.PLAIN_LOOK: "{actor} in a plain look",
    SceneChange.AS_CAR: "{actor} drawn as a car",
    SceneChange.CLEAR_DAY: "image of a clear day",
    SceneChange.FRESH_PAINT: "fresh lane lines",
}
_SCENE_CONDITIONS = {
    SceneChange.REMOVED: "the {actor} not been there",
    SceneChange.FLAT: "the road been level",
    SceneChange.ON_TIME: "the images arrived on time",
    SceneChange.HIDDEN: "the {actor} not been in the image",
    SceneChange.PLAIN_LOOK: "the {actor} had a plain look",
    SceneChange.AS_CAR: "the {actor} looked like a car",
    SceneChange.CLEAR_DAY: "the image been that of a clear day",
    SceneChange.FRESH_PAINT: "the lane lines been fresh",
}


def joined(names: tuple[str, ...] | list[str]) -> str:
    """Names as a list in prose: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def is_of_hit_actor(change: Change, kind: SceneChange) -> bool:
    """Whether a change is ``kind`` of the actor that was hit."""
    return (
        isinstance(change, SceneChanged)
        and change.change is kind
        and change.actor is not None
        and change.actor.is_hit
    )
