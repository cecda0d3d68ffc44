"""The viewer's drawing, layout, keys and pacing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pygame
import pytest
import view_samples
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.types import ObjectClass
from drive_stack.viewer.birdseye.ground_view import GroundView
from drive_stack.viewer.birdseye.legend import legend_height, legend_rows
from drive_stack.viewer.birdseye.panel import distance_text, draw_birdseye
from drive_stack.viewer.camera_panel import classes_present
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.keys import BINDINGS, Action, action_of, driving_keys
from drive_stack.viewer.layout import MIN_SIZE, arrange
from drive_stack.viewer.playback.pacer import PLAYBACK_SPEEDS, Pacer
from drive_stack.viewer.records import DEFAULT_LAYERS, History, Layer
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.traces import nice_ticks
from drive_stack.viewer.typeface import Typeface
from envs.scenarios.scenario import load_scenario
from envs.world import World

SIZES = st.tuples(st.integers(100, 4000), st.integers(100, 2400))
THEME = Theme()


@given(size=SIZES, aspect=st.floats(1.0, 4.0), timeline=st.booleans())
def test_panels_neither_overlap_nor_leave_the_window(
    size: tuple[int, int], aspect: float, timeline: bool
) -> None:
    layout = arrange(*size, camera_aspect=aspect, timeline=timeline)
    assert len(layout.panels) == 8 + timeline
    window = pygame.Rect((0, 0), layout.size)
    assert layout.size >= MIN_SIZE
    for index, panel in enumerate(layout.panels):
        assert window.contains(panel)
        assert panel.width > 20
        assert panel.height > 20
        assert panel.collidelist(layout.panels[index + 1 :]) == -1


@pytest.fixture(scope="module")
def renderer() -> FrameRenderer:
    return FrameRenderer(1280, 720)


def near(pixels: np.ndarray, colour: tuple[int, int, int], tolerance: int = 30) -> np.ndarray:
    return np.all(np.abs(pixels.astype(int) - colour) <= tolerance, axis=-1)


def test_a_detection_is_drawn_at_its_place_in_the_image(renderer: FrameRenderer) -> None:
    frame = view_samples.view_frame()
    assert frame.trace is not None
    detection = frame.trace.detections[-1]  # the pedestrian
    camera = arrange(1280, 720, 2.5).camera
    zoom = min(camera.width / 640, camera.height / 256)
    x0, y0 = camera.centerx - 320 * zoom, camera.centery - 128 * zoom
    left, centre = (
        round(x0 + detection.box[0] * zoom),
        round(y0 + zoom * (detection.box[1] + detection.box[3]) / 2),
    )
    edge = (slice(centre - 3, centre + 3), slice(left - 2, left + 4))
    colour = THEME.classes[detection.label]
    assert near(renderer.draw(frame, {Layer.DETECTIONS})[edge], colour).any()
    assert not near(renderer.draw(frame, set())[edge], colour).any()


@pytest.mark.parametrize("label", [ObjectClass.ANIMAL, ObjectClass.OBSTACLE, ObjectClass.MOTORCYCLE])
def test_the_legend_has_the_classes_that_are_present_and_no_others(
    renderer: FrameRenderer, label: ObjectClass
) -> None:
    frame = view_samples.view_frame()
    assert frame.trace is not None
    low = dataclasses.replace(frame.trace.detections[0], label=label, box=(300.0, 200.0, 340.0, 230.0))
    trace = dataclasses.replace(frame.trace, detections=(low, low), tracks=())
    camera = arrange(1280, 720, 2.5).camera
    zoom = min(camera.width / 640, camera.height / 256)
    x0, y0 = round(camera.centerx - 320 * zoom), round(camera.centery - 128 * zoom)
    legend = (slice(y0, y0 + 45), slice(x0, x0 + 300))
    drawn = renderer.draw(dataclasses.replace(frame, trace=trace), {Layer.DETECTIONS})[legend].copy()
    empty = renderer.draw(dataclasses.replace(frame, trace=trace), set())[legend]
    for other in ObjectClass:
        shown = near(drawn, THEME.classes[other], 6) & ~near(empty, THEME.classes[other], 6)
        assert (np.count_nonzero(shown) > 20) == (other is label), other
    assert classes_present((low, low), frame.trace.tracks) == tuple(
        sorted({label} | {track.label for track in frame.trace.tracks})
    )


@pytest.mark.parametrize("layer", list(Layer))
def test_each_layer_changes_the_image(renderer: FrameRenderer, layer: Layer) -> None:
    frame = view_samples.view_frame()
    without = renderer.draw(frame, DEFAULT_LAYERS - {layer}).copy()
    assert (renderer.draw(frame, DEFAULT_LAYERS | {layer}) != without).any()


def test_opposite_traffic_is_drawn_where_it_drives_and_nowhere_else() -> None:
    frame = view_samples.view_frame()
    area, style = pygame.Rect(0, 0, 400, 600), Style(THEME, Typeface(), 1.0)
    state = frame.state
    row = np.array([0])
    one = dataclasses.replace(
        state.vehicles,
        **{f.name: getattr(state.vehicles, f.name)[row] for f in dataclasses.fields(state.vehicles)},
    )
    xy, yaw = state.road.to_world(np.array([state.ego.station + 40.0]), np.array([18.0]))
    opposite = dataclasses.replace(one, x=xy[:, 0], y=xy[:, 1], yaw=yaw + np.pi)
    images = []
    for background in (None, opposite):
        canvas = Canvas(area.width, area.height)
        changed = dataclasses.replace(frame, state=dataclasses.replace(state, background_vehicles=background))
        draw_birdseye(canvas, area, changed, DEFAULT_LAYERS | {Layer.TRUTH}, style)
        images.append(canvas.pixels.copy())
    changes = np.argwhere((images[0] != images[1]).any(axis=-1))
    legend = legend_height(legend_rows(area.width, frame.offered, style), style)
    view = GroundView.fit(pygame.Rect(0, 0, area.width, area.height - legend), state.ego)
    expected = view.from_world(xy)[0]
    np.testing.assert_allclose(changes.mean(axis=0)[::-1], expected, atol=1.0)
    assert np.ptp(changes[:, 0]) == pytest.approx(float(one.length[0]) * view.scale, abs=3.0)


def test_the_same_frame_gives_the_same_image(renderer: FrameRenderer) -> None:
    first = renderer.draw(view_samples.view_frame()).copy()
    renderer.draw(view_samples.view_frame("collision"), show_help=True)
    assert (renderer.draw(view_samples.view_frame()) == first).all()


def test_an_agent_without_a_trace_can_be_drawn() -> None:
    frame = view_samples.view_frame()
    silent = dataclasses.replace(frame, trace=None, history=(), score={})
    assert FrameRenderer(*MIN_SIZE).draw(silent).std() > 10.0


def test_shapes_share_pixels_with_regions_and_stay_inside() -> None:
    canvas = Canvas(40, 30)
    part = canvas.region(pygame.Rect(10, 10, 10, 10))
    part.polygon(np.array([[-50.0, -50.0], [50.0, -50.0], [50.0, 50.0], [-50.0, 50.0]]), (9, 9, 9))
    assert (canvas.pixels[10:20, 10:20] == 9).all()
    assert canvas.pixels.sum() == 3 * 9 * 100


def test_lines_break_where_points_are_not_finite() -> None:
    canvas = Canvas(40, 10)
    canvas.line(np.array([[2.0, 5.0], [10.0, 5.0], [np.nan, 5.0], [30.0, 5.0], [38.0, 5.0]]), (255, 0, 0), 3)
    assert canvas.pixels[4:6, 6].any()
    assert canvas.pixels[4:6, 34].any()
    assert not canvas.pixels[:, 16:24].any()


@given(
    text=st.text(st.characters(codec="ascii", exclude_categories=("C",)), max_size=60),
    width=st.integers(20, 300),
    lines=st.integers(1, 4),
)
def test_wrapped_text_fits(text: str, width: int, lines: int) -> None:
    face = Typeface()
    wrapped = face.wrap(text, 14, width, lines=lines)
    assert len(wrapped) <= lines
    assert all(face.width(line, 14) <= width for line in wrapped)


@given(low=st.floats(-200, 0), span=st.floats(0.1, 400), max_intervals=st.integers(2, 8))
def test_ticks_are_few_and_inside(low: float, span: float, max_intervals: int) -> None:
    ticks = nice_ticks(low, low + span, max_intervals)
    assert len(ticks) <= max_intervals + 1
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


def test_history_holds_ten_seconds() -> None:
    history, state = History(seconds=10.0), view_samples.world()
    for step in range(150):
        history.add(dataclasses.replace(state, time=0.1 * step), view_samples.trace(state) if step else None)
    assert history.points[0].time == pytest.approx(4.9)
    assert history.points[-1].time == pytest.approx(14.9)


def test_every_action_has_a_key_of_its_own() -> None:
    assert {binding.action for binding in BINDINGS} == set(Action)
    for binding in BINDINGS:
        for key in binding.keys:
            assert action_of(key, "", driving=False) is binding.action


@pytest.mark.parametrize(
    ("typed", "meaning"),
    [("?", Action.HELP), ("+", Action.FASTER), ("-", Action.SLOWER), (".", Action.STEP), ("3", Layer.LANES)],
)
def test_signs_work_on_any_keyboard(typed: str, meaning: Action | Layer) -> None:
    assert action_of(pygame.K_F12, typed, driving=False) is meaning


def test_arrow_keys_steer_while_driving() -> None:
    assert action_of(pygame.K_RIGHT, "", driving=False) is Action.STEP
    assert action_of(pygame.K_RIGHT, "", driving=True) is None
    pressed = driving_keys(lambda key: key in (pygame.K_d, pygame.K_UP))
    assert pressed.right
    assert pressed.accelerate
    assert not pressed.left
    assert not pressed.brake


def steps_in(pacer: Pacer, seconds: float, start: float) -> int:
    return sum(pacer.due(start + 0.01 * tick) for tick in range(round(seconds / 0.01)))


def test_the_pacer_keeps_real_time_and_follows_its_settings() -> None:
    pacer = Pacer(0.1, now=0.0)
    assert steps_in(pacer, 5.0, 0.0) == pytest.approx(50, abs=1)
    pacer.change(1, now=5.0)
    assert steps_in(pacer, 5.0, 5.0) == pytest.approx(100, abs=1)
    pacer.pause(True, now=10.0)
    assert steps_in(pacer, 5.0, 10.0) == 0
    for _ in range(20):
        pacer.change(-1, now=15.0)
    assert pacer.factor == PLAYBACK_SPEEDS[0]


def test_a_slow_machine_has_no_overdue_steps_and_shows_the_speed_it_reaches() -> None:
    pacer = Pacer(0.1, now=0.0)
    now, steps = 0.0, 0
    while now < 20.0:  # each step takes 0.2 s, twice real time
        if pacer.due(now):
            steps += 1
            now += 0.2
        else:
            now += 0.01
    assert steps == pytest.approx(100, abs=8)
    assert pacer.playback.reached == pytest.approx(0.5, abs=0.06)
    pacer.restart(now)
    assert not pacer.due(now)


def test_marks_of_distance_tell_the_grade_on_hills() -> None:
    grades = "road.grades=[{begins: 400, percent: 4, sag_radius: 4000}]"
    for overrides, texts in (
        (("ego.station=390", "road.grades=[]"), ["25 m", "100 m"]),
        (("ego.station=390", grades), ["25 m, level", "100 m, +2 %"]),
    ):
        state = World(load_scenario("cruise", overrides), 1).state()
        assert [distance_text(distance, state) for distance in (25.0, 100.0)] == texts
