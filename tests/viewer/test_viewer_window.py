"""Key presses control the window; SDL's dummy driver replaces a display."""

from __future__ import annotations

from collections.abc import Callable

import pygame
import pytest
import view_samples

from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.window import Keyboard, Window, display_available


class Script:
    """A session that presses keys at given steps, and records the requests that it receives."""

    dt = 0.1  # long compared with the time of a frame, so that several steps never follow one frame

    def __init__(self, presses: dict[int, Callable[[], None]], length: int = 1000) -> None:
        self.presses, self.length = presses, length
        self.steps = 0
        self.requests: list[str] = []

    @property
    def done(self) -> bool:
        return self.steps >= self.length

    def reset(self) -> ViewFrame:
        self.requests.append("reset")
        return view_samples.view_frame()

    def step(self) -> ViewFrame:
        self.steps += 1
        self.presses.get(self.steps, lambda: None)()
        return view_samples.view_frame("completed" if self.done else None)

    def next_episode(self) -> ViewFrame | None:
        return None

    def next_scenario(self) -> ViewFrame:
        self.requests.append("next scenario")
        return view_samples.view_frame()


def press(*keys: int) -> None:
    for key in keys:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode="", mod=0))


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def test_keys_reach_the_session() -> None:
    session = Script(
        {2: lambda: press(pygame.K_n), 4: lambda: press(pygame.K_r), 6: lambda: press(pygame.K_q)}
    )
    Window(FrameRenderer(), (900, 560)).run(session)
    assert session.requests == ["reset", "next scenario", "reset"]
    assert session.steps == pytest.approx(6, abs=2)


def test_pausing_stops_all_but_single_steps() -> None:
    keys = (pygame.K_SPACE, pygame.K_PERIOD, pygame.K_h, pygame.K_PERIOD, pygame.K_ESCAPE)
    session = Script({3: lambda: press(*keys)})
    Window(FrameRenderer(), (900, 560)).run(session)
    assert 5 <= session.steps <= 6


def test_a_resized_window_and_an_ended_episode_go_on_until_closed() -> None:
    def resize() -> None:
        pygame.event.post(pygame.event.Event(pygame.VIDEORESIZE, w=640, h=400, size=(640, 400)))
        pygame.time.set_timer(pygame.QUIT, 400, loops=1)

    session = Script({1: resize}, length=3)
    Window(FrameRenderer(), (1000, 600)).run(session)
    assert session.steps == 3


def test_a_dummy_driver_is_no_display_and_no_window_presses_nothing() -> None:
    assert not display_available()
    pressed = Keyboard()()
    assert not (pressed.left or pressed.right or pressed.accelerate or pressed.brake)


def test_without_display_variables_there_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDL_VIDEODRIVER")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert not display_available()
