"""Frames of a race: nothing overlaps, each driver has its colour, and the text fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import view_samples
from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.layout import MIN_SIZE
from drive_stack.viewer.race.frame import COLOURS, RaceRenderer
from drive_stack.viewer.race.layout import arrange_race
from drive_stack.viewer.records import Caption, Playback, RaceFrame
from drive_stack.viewer.theme import Colour, Theme
from drive_stack.viewer.typeface import Typeface

SIZES = [(1600, 900), (1280, 720), (1920, 1080), (1024, 768), MIN_SIZE]
ASPECT = view_samples.CAMERA.width / view_samples.CAMERA.height


def race(drivers: int, *, verdict: str | None = None) -> RaceFrame:
    frame = view_samples.view_frame("completed" if verdict else None)
    ego = frame.state.ego
    frames = tuple(
        replace(
            frame,
            agent_name=f"driver {index}",
            state=replace(frame.state, ego=replace(ego, station=ego.station - 30.0 * index)),
        )
        for index in range(drivers)
    )
    return RaceFrame(
        drivers=frames,
        progress=tuple(0.8 - 0.1 * index for index in range(drivers)),
        scores=tuple(60.0 - 10.0 * index for index in range(drivers)),
        leader=0,
        verdict=verdict,
    )


@pytest.mark.parametrize("drivers", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_parts_neither_overlap_nor_leave_the_window(size: tuple[int, int], drivers: int) -> None:
    layout = arrange_race(*size, drivers, ASPECT)
    parts = [layout.header, *layout.cameras, *layout.bars, layout.strip, layout.footer]
    window = Rect(0, 0, *layout.size)
    assert all(window.contains(part) and part.width > 0 and part.height > 0 for part in parts)
    assert not any(first.colliderect(second) for first, second in combinations(parts, 2))
    assert len(layout.cameras) == len(layout.bars) == drivers
    assert len({camera.size for camera in layout.cameras}) == 1  # no driver is shown larger


@pytest.mark.parametrize("drivers", [2, 3, 4])
@pytest.mark.parametrize("size", [(1600, 900), MIN_SIZE])
def test_each_driver_has_its_colour_at_camera_bar_and_road(size: tuple[int, int], drivers: int) -> None:
    layout = arrange_race(*size, drivers, ASPECT)
    image = RaceRenderer(*size).draw(race(drivers))
    for index in range(drivers):
        for area in (layout.cameras[index], layout.bars[index], layout.strip):
            assert shows(image, area, COLOURS[index])


def shows(image: np.typing.NDArray[np.uint8], area: Rect, colour: Colour) -> bool:
    part = image[area.top : area.bottom, area.left : area.right].astype(int)
    return int((np.abs(part - np.array(colour)).max(axis=-1) <= 6).sum()) >= 20


def perceived_colour(colour: Colour, kind: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """Linear RGB as perceived with a type of colour blindness."""
    linear = (np.array(colour) / 255.0) ** 2.2
    return np.asarray(np.clip(kind @ linear, 0.0, 1.0) ** (1 / 2.2) * 255.0)


# Machado, Oliveira and Fernandes (2009), severity 1.0
PROTAN = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTAN = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
TRITAN = np.array(
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
)


@pytest.mark.parametrize(
    "kind", [np.eye(3), PROTAN, DEUTAN, TRITAN], ids=["all", "protan", "deutan", "tritan"]
)
def test_colours_are_distinct_for_all_kinds_of_colour_vision(kind: np.typing.NDArray[np.float64]) -> None:
    for first, second in combinations(COLOURS, 2):
        assert np.linalg.norm(perceived_colour(first, kind) - perceived_colour(second, kind)) > 70.0


def test_no_driver_has_the_colour_of_a_class_or_a_warning() -> None:
    theme = Theme()
    others = [*theme.classes.values(), theme.warning, theme.danger, theme.truth, theme.brake_lamp]
    for colour in COLOURS:
        assert all(np.linalg.norm(np.array(colour) - np.array(other)) > 55.0 for other in others)


@pytest.mark.parametrize("size", [(1600, 900), (1280, 720), (1920, 1080)])
def test_cameras_and_their_bars_fill_the_width(size: tuple[int, int]) -> None:
    two, four = (arrange_race(*size, drivers, ASPECT) for drivers in (2, 4))
    gap = two.cameras[0].left
    assert sum(camera.width for camera in two.cameras) + 3 * gap >= size[0] - 2
    for camera, bar in zip(four.cameras, four.bars, strict=True):
        assert (bar.left, bar.height) == (camera.right, camera.height)
        assert camera.width / camera.height == pytest.approx(ASPECT, abs=0.02)  # no black bars


@pytest.mark.parametrize("ahead", [0.0, 0.5, 0.51, 1.5])
def test_a_distance_behind_is_never_zero_metres(ahead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(with_leader_ahead(ahead), monkeypatch)
    assert ("−1 m" in texts) is (ahead == 0.51) and not any("−0 m" in text for text in texts)


def with_leader_ahead(distance: float) -> RaceFrame:
    frame = race(2)
    first, second = frame.drivers
    ego = replace(second.state.ego, station=first.state.ego.station - distance)
    return replace(frame, drivers=(first, replace(second, state=replace(second.state, ego=ego))))


def texts_of(
    frame: RaceFrame,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int] = (1600, 900),
    playback: Playback | None = None,
) -> list[str]:
    """Every text that a frame shows, as it is shown."""
    texts: list[str] = []
    draw = Typeface.draw

    def recorded(self: Typeface, canvas: Canvas, text: str, *args: Any, **options: Any) -> Rect:
        max_width = options.get("max_width")
        texts.append(text if max_width is None else self.shorten(text, args[1], max_width))
        return draw(self, canvas, text, *args, **options)

    monkeypatch.setattr(Typeface, "draw", recorded)
    RaceRenderer(*size).draw(frame, playback=playback)
    return texts


@pytest.mark.parametrize("drivers", [2, 4])
def test_each_driver_says_why_it_does_what_it_does(drivers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = race(drivers)
    silent = replace(frame.drivers[1], headline=None)
    frame = replace(frame, drivers=(frame.drivers[0], silent, *frame.drivers[2:]))
    texts = texts_of(frame, monkeypatch)
    assert sum(text.startswith("Follow: car #3") for text in texts) == drivers - 1
    assert texts.count("gives no reasons") == 1


# the longest sentence of `drive_stack.viewer.rollout_frames.outcome_lines`
OUTCOME = (
    "Was hit by a person in a wheelchair at 120 km/h, while driving 120 km/h",
    "Avoidable for a careful driver (UN R157): braking in time from the speed limit would have avoided it",
)


@pytest.mark.parametrize(
    ("size", "drivers"),
    [(size, drivers) for size in SIZES for drivers in (2, 3, 4) if drivers < 4 or size[0] >= 1280],
)
def test_the_outcome_of_each_drive_can_be_read_to_its_end(
    size: tuple[int, int], drivers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = race(drivers)
    ended = tuple(replace(own, outcome="collision", outcome_details=OUTCOME) for own in frame.drivers)
    texts = texts_of(replace(frame, drivers=ended), monkeypatch, size)
    assert " ".join(texts).count(". ".join(OUTCOME)) == drivers


def test_a_video_of_a_race_shows_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    over = race(2, verdict="A wins")
    film, window = (set(texts_of(over, monkeypatch, playback=own)) for own in (None, Playback()))
    assert {"space", "help", "1", "1×", "r again   n next scenario   q quit"} <= window - film
    assert film - window == {"Drawn: detections, tracks, lanes, predictions, plans, truth, attention"}


def test_the_verdict_is_written_over_the_road_and_leaves_the_cameras_alone() -> None:
    layout = arrange_race(1600, 900, 4, ASPECT)
    renderer = RaceRenderer()
    without = renderer.draw(replace(race(4, verdict="A wins"), verdict=None)).copy()
    changed = (renderer.draw(race(4, verdict="A wins")) != without).any(axis=-1)
    rows, columns = np.nonzero(changed)
    assert len(rows) > 1000
    left, top, right, bottom = (int(edge) for edge in (columns.min(), rows.min(), columns.max(), rows.max()))
    assert layout.strip.contains(Rect(left, top, right - left, bottom - top))


@pytest.mark.parametrize("drivers", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_captions_overlap_nothing_and_leave_space_for_the_road(size: tuple[int, int], drivers: int) -> None:
    layout = arrange_race(*size, drivers, ASPECT, captions=True)
    assert layout.captions is not None
    parts = [layout.header, *layout.cameras, *layout.bars, layout.captions, layout.strip, layout.footer]
    assert all(Rect(0, 0, *layout.size).contains(part) for part in parts)
    assert not any(first.colliderect(second) for first, second in combinations(parts, 2))
    assert layout.strip.height > 20 * drivers


def test_a_narrated_race_shows_the_latest_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    captions = (
        *(
            Caption(0.0, "Watch"),
            Caption(0.0, "old", 0),
            *(Caption(time, f"at {time}", 0) for time in range(1, 5)),
        ),
        *(Caption(2.0, "of the second", 1), Caption(3.0, "A car brakes")),
    )
    texts = texts_of(replace(race(2), captions=captions), monkeypatch)
    assert {"A car brakes", "at 1", "at 4", "of the second"} <= set(texts)
    assert not {"Watch", "old"} & set(texts)  # replaced by later ones


def test_at_the_end_the_verdict_of_a_narrated_race_replaces_its_captions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = replace(
        race(2, verdict="A wins"), captions=(Caption(0.0, "Watch"),), verdict_details=("Why: so.",)
    )
    texts = texts_of(frame, monkeypatch)
    assert {"A wins", "Why: so."} <= set(texts)
    assert "Watch" not in texts
