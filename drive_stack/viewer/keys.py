"""Key bindings of the window, and the driving keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

import pygame

from drive_stack.viewer.records import Layer


class Action(Enum):
    """What a key press requests from the window."""

    PAUSE = auto()
    STEP = auto()
    BACK = auto()
    JUMP = auto()
    SLOWER = auto()
    FASTER = auto()
    NEXT_SCENARIO = auto()
    RESET = auto()
    FULLSCREEN = auto()
    HELP = auto()
    QUIT = auto()


@dataclass(frozen=True, slots=True)
class Binding:
    """An action, its keys, and the text that the help shows."""

    action: Action
    keys: tuple[int, ...]
    shown: str
    meaning: str


BINDINGS: tuple[Binding, ...] = (
    Binding(Action.PAUSE, (pygame.K_SPACE,), "space", "pause and go on"),
    Binding(Action.STEP, (pygame.K_PERIOD, pygame.K_RIGHT), ". or →", "one step, then pause"),
    Binding(Action.BACK, (pygame.K_COMMA, pygame.K_LEFT), ", or ←", "one step back, then pause"),
    Binding(Action.JUMP, (pygame.K_j,), "j", "drive on to the end, pause 3 s before it"),
    Binding(Action.SLOWER, (pygame.K_MINUS, pygame.K_KP_MINUS), "−", "slower"),
    Binding(Action.FASTER, (pygame.K_PLUS, pygame.K_EQUALS, pygame.K_KP_PLUS), "+", "faster"),
    Binding(Action.RESET, (pygame.K_r,), "r", "the same episode from its start"),
    Binding(Action.NEXT_SCENARIO, (pygame.K_n,), "n", "next scenario"),
    Binding(Action.FULLSCREEN, (pygame.K_f, pygame.K_F11), "f or F11", "full screen and back"),
    Binding(Action.HELP, (pygame.K_h, pygame.K_F1), "h or ?", "show and hide this help"),
    Binding(Action.QUIT, (pygame.K_q, pygame.K_ESCAPE), "q or esc", "quit"),
)

DRIVING = (("↑ or w", "accelerate"), ("↓ or s", "brake"), ("← → or a d", "steer"))

HINTS = (
    ("h", "help"),
    ("q", "quit"),
    ("n", "next"),
    ("r", "reset"),
    ("− +", "pace"),
    (", .", "step"),
    ("j", "end"),
    ("f", "full"),
    ("space", "pause"),
)


def action_of(key: int, typed: str, *, driving: bool) -> Action | Layer | None:
    """The action or layer of a key press; ``typed`` is its character, since keyboard layouts differ.

    While a person is ``driving``, the arrow keys steer the car and give None, and no key leaves the present.
    """
    if typed == "?":
        return Action.HELP
    if driving and (key in _DRIVING_KEYS or key in _NOT_WHILE_DRIVING):
        return None
    for layer in Layer:
        if typed == layer.key:
            return layer
    for binding in BINDINGS:
        if key in binding.keys or (typed in ("+", "-", ".", ",") and typed == _TYPED.get(binding.action)):
            return binding.action
    return None


@dataclass(frozen=True, slots=True)
class DrivingKeys:
    """The driving keys that a person is pressing."""

    left: bool = False
    right: bool = False
    accelerate: bool = False
    brake: bool = False


_TYPED: Mapping[Action, str] = {Action.STEP: ".", Action.BACK: ",", Action.SLOWER: "-", Action.FASTER: "+"}
_LEFT, _RIGHT = (pygame.K_LEFT, pygame.K_a), (pygame.K_RIGHT, pygame.K_d)
_UP, _DOWN = (pygame.K_UP, pygame.K_w), (pygame.K_DOWN, pygame.K_s)
_NOT_WHILE_DRIVING = (pygame.K_COMMA, pygame.K_j)
_DRIVING_KEYS = frozenset((*_LEFT, *_RIGHT, *_UP, *_DOWN))


def driving_keys(is_down: Callable[[int], bool]) -> DrivingKeys:
    """The pressed driving keys; ``is_down`` tests one key."""
    return DrivingKeys(
        left=any(map(is_down, _LEFT)),
        right=any(map(is_down, _RIGHT)),
        accelerate=any(map(is_down, _UP)),
        brake=any(map(is_down, _DOWN)),
    )
