"""Key presses control the window; SDL's dummy driver replaces a display."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace

import pygame
import pytest
import view_samples

from drive_stack.types import Image
from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.playback.tape import Tape
from drive_stack.viewer.records import DEFAULT_LAYERS, Layer, Playback, ViewFrame
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


class Timed(Script):
    """A script whose frames have the number of the step as their time."""

    def step(self) -> ViewFrame:
        frame = super().step()
        return replace(frame, state=replace(frame.state, time=float(self.steps)))


class Watcher(FrameRenderer):
    """Records what is shown of the past, and presses the next of its keys each time."""

    def __init__(self, *keys: int) -> None:
        super().__init__()
        self.keys = list(keys)
        self.seen: list[tuple[float, float]] = []  # time of the frame, and how far back it is

    def draw(
        self,
        frame: ViewFrame,
        layers: AbstractSet[Layer] = DEFAULT_LAYERS,
        playback: Playback | None = None,
        *,
        show_help: bool = False,
    ) -> Image:
        if playback is not None and playback.behind:
            self.seen.append((frame.state.time, round(playback.behind, 3)))
            press(self.keys.pop(0))
        return super().draw(frame, layers, playback, show_help=show_help)


def test_back_and_forward_show_earlier_frames_without_a_step() -> None:
    session = Timed({5: lambda: press(pygame.K_COMMA)})
    watcher = Watcher(pygame.K_LEFT, pygame.K_RIGHT, pygame.K_q)
    Window(watcher, (900, 560)).run(session)
    last = float(session.steps)
    assert watcher.seen == [(last - 1, 0.1), (last - 2, 0.2), (last - 1, 0.1)]


def test_a_jump_drives_to_the_end_and_stops_three_seconds_before_it() -> None:
    session = Timed({2: lambda: press(pygame.K_j)}, length=80)
    watcher = Watcher(pygame.K_q)
    Window(watcher, (900, 560)).run(session)
    assert session.done and watcher.seen == [(50.0, 3.0)]


def test_a_tape_forgets_the_oldest_frames() -> None:
    tape = Tape(0, capacity=3)
    for frame in range(1, 6):
        tape.add(frame)
    tape.back(10)
    assert (tape.shown, tape.behind) == (3, 2)
    tape.forward()
    assert tape.shown == 4
    tape.add(6)
    assert (tape.shown, tape.behind) == (6, 0)
    tape.forward()
    assert tape.shown == 6


def test_fullscreen_and_back() -> None:
    sizes: list[tuple[int, int]] = []

    def toggle() -> None:
        sizes.append(pygame.display.get_window_size())
        press(pygame.K_f)

    session = Script({1: toggle, 3: toggle, 5: toggle, 6: lambda: press(pygame.K_q)})
    Window(FrameRenderer(), (900, 560)).run(session)
    assert sizes[0] == sizes[2] == (900, 560) and sizes[1] == sizes_of_desktop()


def sizes_of_desktop() -> tuple[int, int]:
    pygame.display.init()
    return pygame.display.get_desktop_sizes()[0]


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
