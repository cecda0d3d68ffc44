"""The window that shows a drive and takes key presses."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Generic

import pygame

from drive_stack.viewer.frame import Renderer
from drive_stack.viewer.keys import Action, DrivingKeys, action_of, driving_keys
from drive_stack.viewer.playback.pacer import Pacer
from drive_stack.viewer.playback.tape import Tape
from drive_stack.viewer.records import DEFAULT_LAYERS, Frame, Layer, Session

_POLL_HZ = 60
_BURST_SECONDS = 0.1  # of driving between two looks at the keys [s]
_BEFORE_END = 3.0  # a jump to the end goes back by so much [s]
_BANNER_SECONDS = 2.5  # shown before the next episode starts [s]
_NO_DISPLAY = ("dummy", "offscreen")


def display_available() -> bool:
    """Whether a window can be opened on this machine. Opens none."""
    if os.environ.get("SDL_VIDEODRIVER", "") in _NO_DISPLAY:
        return False
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    was_open = pygame.display.get_init()
    try:
        pygame.display.init()
        return pygame.display.get_driver() not in _NO_DISPLAY
    except pygame.error:
        return False
    finally:
        if not was_open:
            pygame.display.quit()


class Keyboard:
    """Reads the driving keys of the focused window, for a human agent."""

    def __call__(self) -> DrivingKeys:
        """The keys that are pressed now; none without a window."""
        if not pygame.display.get_init() or pygame.display.get_surface() is None:
            return DrivingKeys()
        pressed = pygame.key.get_pressed()
        return driving_keys(lambda key: bool(pressed[key]))


class Window(Generic[Frame]):
    """Owns the display and the keys; the session owns the simulation, and the pacer the timing.

    ``renderer`` draws the session's frames. With ``driving``, the arrow keys drive the car.
    """

    def __init__(
        self, renderer: Renderer[Frame], size: tuple[int, int] = (1600, 900), *, driving: bool = False
    ) -> None:
        self._renderer, self._size, self._driving = renderer, size, driving
        self._layers: AbstractSet[Layer] = DEFAULT_LAYERS
        self._help = False
        self._stale = True  # the screen is out of date
        self._jumping = False  # drives on to the end of the episode
        self._fullscreen, self._windowed = False, size

    def run(self, session: Session[Frame]) -> None:
        """Show the session until the person quits."""
        pygame.display.init()
        try:
            pygame.display.set_caption("Drive Stack")
            desktop = pygame.display.get_desktop_sizes()[0]
            size = min(self._size[0], desktop[0]), min(self._size[1], desktop[1])
            pygame.display.set_mode(size, pygame.RESIZABLE)
            self._renderer.resize(*size)
            self._loop(session)
        finally:
            pygame.display.quit()

    def _loop(self, session: Session[Frame]) -> None:
        clock = pygame.time.Clock()
        tape = Tape(session.reset())
        pacer = Pacer(session.dt, time.perf_counter())
        banner: float | None = None  # time at which the current episode's outcome was first shown
        while True:
            for action in self._read_events():
                if action is Action.QUIT:
                    return
                tape = self._apply(action, session, pacer, tape)
                self._stale = True
            if self._jumping:
                self._drive_on(session, pacer, tape)
            elif not session.done or tape.behind:
                banner = None
                while (not session.done or tape.behind) and pacer.due(time.perf_counter()):
                    _forward(session, tape)
                    self._stale = True
            elif banner is None:
                banner = time.perf_counter()
            elif time.perf_counter() - banner > _BANNER_SECONDS and not pacer.paused:
                following = session.next_episode()
                banner = (
                    float("inf") if following is None else None
                )  # inf: no episode remains, wait for a key
                if following is not None:
                    tape, self._stale = Tape(following), True
                pacer.restart(time.perf_counter())
            if self._stale:
                self._show(tape, pacer, session.dt)
            clock.tick(_POLL_HZ)

    def _drive_on(self, session: Session[Frame], pacer: Pacer, tape: Tape[Frame]) -> None:
        """Step for a moment as fast as possible; at the end of the episode pause shortly before it."""
        until = time.perf_counter() + _BURST_SECONDS
        while not session.done and time.perf_counter() < until:
            tape.add(session.step())
        if session.done:
            self._jumping = False
            tape.back(round(_BEFORE_END / session.dt))
            pacer.pause(True, time.perf_counter())
        self._stale = True

    def _read_events(self) -> list[Action]:
        """Read the window's events and return the actions; layers and size are handled here."""
        actions: list[Action] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                actions.append(Action.QUIT)
            elif event.type == pygame.VIDEORESIZE:
                self._renderer.resize(event.w, event.h)
                self._stale = True
            elif event.type in (pygame.WINDOWEXPOSED, pygame.WINDOWRESTORED):
                self._stale = True
            elif event.type == pygame.KEYDOWN:
                action = action_of(event.key, event.unicode, driving=self._driving)
                if isinstance(action, Layer):
                    self._layers = self._layers ^ {action}
                    self._stale = True
                elif action is not None:
                    actions.append(action)
        return actions

    def _apply(self, action: Action, session: Session[Frame], pacer: Pacer, tape: Tape[Frame]) -> Tape[Frame]:
        """Apply an action; returns the tape of the episode to show. Each key ends a jump to the end."""
        now = time.perf_counter()
        self._jumping = action is Action.JUMP and not self._jumping
        if action is Action.HELP:
            self._help = not self._help
        elif action is Action.FULLSCREEN:
            self._toggle_fullscreen()
        elif action is Action.PAUSE:
            pacer.pause(not pacer.paused, now)
        elif action in (Action.SLOWER, Action.FASTER):
            pacer.change(1 if action is Action.FASTER else -1, now)
        elif action in (Action.STEP, Action.BACK):
            pacer.pause(True, now)
            if action is Action.BACK:
                tape.back()
            elif tape.behind or not session.done:
                _forward(session, tape)
        elif action in (Action.RESET, Action.NEXT_SCENARIO):
            tape = Tape(session.reset() if action is Action.RESET else session.next_scenario())
            pacer.restart(time.perf_counter())
        return tape

    def _toggle_fullscreen(self) -> None:
        """Fill the screen, or return to a window of the size before."""
        self._fullscreen = not self._fullscreen
        if self._fullscreen:
            self._windowed = pygame.display.get_window_size()
            screen = pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
        else:
            screen = pygame.display.set_mode(self._windowed, pygame.RESIZABLE)
        self._renderer.resize(*screen.get_size())

    def _show(self, tape: Tape[Frame], pacer: Pacer, dt: float) -> None:
        playback = replace(pacer.playback, behind=tape.behind * dt, jumping=self._jumping)
        self._renderer.draw(tape.shown, self._layers, playback, show_help=self._help)
        screen = pygame.display.get_surface()
        assert screen is not None
        surface = self._renderer.canvas.surface
        if surface.get_size() != screen.get_size():  # the window is smaller than `MIN_SIZE`
            surface = pygame.transform.smoothscale(surface, screen.get_size())
        screen.blit(surface, (0, 0))
        pygame.display.flip()
        self._stale = False


def _forward(session: Session[Frame], tape: Tape[Frame]) -> None:
    """Show the next frame: one that was shown before, else a new step."""
    if tape.behind:
        tape.forward()
    else:
        tape.add(session.step())
