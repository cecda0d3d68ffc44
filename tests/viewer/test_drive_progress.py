"""The progress of drives without a window."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from view_samples import view_frame

from drive_stack.app.drive_progress import DriveState, TimeLeft, drive_state, show_drive_progress
from drive_stack.viewer.records import RaceFrame, ViewFrame


def at(fraction: float, speed: float = 25.0, outcome: str | None = None) -> ViewFrame:
    """A frame with the ego at a fraction of its route of 800 m."""
    frame = view_frame(outcome)
    ego = replace(frame.state.ego, station=100.0 + 800.0 * fraction, speed=speed)
    state = replace(frame.state, ego=ego, route_start=100.0, route_end=900.0)
    return replace(frame, state=state, scenario="cut_in[route_length=800]", seed=7)


def test_a_frame_says_how_far_and_how_fast_the_driver_is() -> None:
    state = drive_state(at(0.25))
    assert (state.title, state.route) == ("cut_in[route_length=800], seed 7", 0.25)
    assert state.text == "25 % of the route, 90 km/h"
    assert drive_state(replace(at(0.5), episode=3, episodes=4)).work == 2.5
    assert drive_state(at(0.5, outcome="collision")).work == 1.0  # nothing of it is left to drive


def test_a_race_is_as_far_as_the_hindmost_driver_who_still_drives() -> None:
    crashed = at(0.1, outcome="collision")
    race = RaceFrame((at(0.6), crashed, at(0.4, speed=10.0)), progress=(0.6, 0.1, 0.4), scores=(60, 5, 40))
    assert drive_state(race).text == "40 % of the route, 36 km/h"


def test_the_time_left_follows_from_what_was_driven_since_the_first_frame() -> None:
    now = [100.0]
    left = TimeLeft(lambda: now[0])

    def seconds(route: float, episode: int = 1) -> float | None:
        return left.seconds(DriveState("x", episode, 2, route, 20.0))

    assert seconds(0.0) is None
    now[0] = 100.5
    assert seconds(0.2) is None  # too early
    now[0] = 110.0
    assert seconds(0.5) == pytest.approx(30.0)  # half an episode in 10 s, one and a half to go
    now[0] = 130.0
    assert seconds(0.5, episode=2) == pytest.approx(10.0)


def test_without_a_terminal_a_line_is_printed_every_few_seconds() -> None:
    now, printed = [0.0], io.StringIO()
    console = Console(file=printed, width=200)
    with show_drive_progress(console, lambda: now[0]) as show:
        for step in range(101):
            now[0] = 0.12 * step
            show(at(step / 100))
    assert printed.getvalue().splitlines() == [
        "cut_in[route_length=800], seed 7: 42 % of the route, 90 km/h, about 7 s left",
        "cut_in[route_length=800], seed 7: 84 % of the route, 90 km/h, about 2 s left",
    ]


def test_the_bar_of_a_terminal_leaves_standard_output_to_the_results(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, width=120)
    with show_drive_progress(console) as show:
        show(at(0.5))
        print("a result")
    assert capsys.readouterr().out == "a result\n"
    assert "cut_in[route_length=800], seed 7" in printed.getvalue()
    assert "50 % of the route" in printed.getvalue()
