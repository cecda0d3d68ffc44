"""The camera panel: the front camera's image with the agent's state drawn on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from pygame import Rect

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import box_corners, to_local
from drive_stack.objects.classes import class_name
from drive_stack.types import Detection, FloatArray, LaneEstimate, ObjectClass, Plan, Track
from drive_stack.vehicle import VehicleParameters
from drive_stack.viewer.attention import draw_attention
from drive_stack.viewer.canvas import Canvas, dashes
from drive_stack.viewer.headline import Headline, metres
from drive_stack.viewer.records import Layer, ViewFrame, cause_track
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour
from drive_stack.world_state import WorldState

_NEAR = 0.8  # points closer to the camera than this are not drawn [m]
_RIBBON_STEP = 1.0  # [m]
_ASSUMED_HEIGHT = 1.6  # of an emphasised track that the camera does not detect [m]


def draw_camera(
    canvas: Canvas, rect: Rect, frame: ViewFrame, layers: AbstractSet[Layer], style: Style
) -> None:
    """Show the image as large as fits into ``rect``, with the selected layers on it."""
    model = frame.camera_model
    zoom = min(rect.width / model.width, rect.height / model.height)
    place = Rect(0, 0, round(model.width * zoom), round(model.height * zoom))
    place.center = rect.center
    part = canvas.region(place)
    if frame.observation.image.any():
        part.picture(frame.observation.image)
    else:
        part.fill(style.theme.panel)
        style.type.draw(
            part, "camera off", part.bounds.center, style.large, style.theme.faint, anchor="center"
        )
    overlay = _Overlay(part, model, zoom, style)
    trace = frame.trace
    if trace is not None and trace.attention is not None and Layer.ATTENTION in layers:
        draw_attention(part, trace.attention(), style)
    if Layer.TRUE_BOXES in layers:
        overlay.truth(frame.state)
    if trace is not None:
        if Layer.PLANS in layers and trace.plan is not None:
            overlay.plan(trace.plan, frame.state.car.width, frame.observation.speed_limit)
        if Layer.LANES in layers and trace.lanes is not None:
            overlay.lanes(trace.lanes)
        detections = trace.detections if Layer.DETECTIONS in layers else ()
        tracks = trace.tracks if Layer.TRACKS in layers else ()
        if classes := classes_present(detections, tracks):
            overlay.legend(classes)
        overlay.objects(detections, tracks, frame)


def classes_present(detections: Sequence[Detection], tracks: Sequence[Track]) -> tuple[ObjectClass, ...]:
    """The classes of the drawn objects, each once, in the order of `ObjectClass`: the legend's entries."""
    labels = {detection.label for detection in detections} | {track.label for track in tracks}
    return tuple(sorted(labels))


def distance_ahead(track: Track, car: VehicleParameters) -> float:
    """Distance from the ego's front to the near end of a track along the ego's heading, ≥ 0 [m]."""
    cos, sin = abs(math.cos(track.heading)), abs(math.sin(track.heading))
    half_length = (track.length * cos + track.width * sin) / 2.0
    front = car.length - car.rear_overhang
    return max(float(track.position[0]) - half_length - front, 0.0)


class _Overlay:
    """Draws objects of the ego frame on one camera image."""

    def __init__(self, canvas: Canvas, model: CameraModel, zoom: float, style: Style) -> None:
        self._canvas, self._model, self._zoom, self._style = canvas, model, zoom, style
        self._taken: list[Rect] = []  # occupied by labels, and by boxes that confidence labels must not cover

    def _project(self, points: FloatArray, height: float = 0.0) -> FloatArray:
        """Canvas points of ego-frame ``(N, 2)`` at a height, or ``(N, 3)`` [m]; NaN behind the camera."""
        if points.shape[1] == 2:
            points = np.column_stack([points, np.full(len(points), height)])
        projected = self._model.project(points)
        projected[projected[:, 2] < _NEAR, :2] = np.nan
        return np.asarray(projected[:, :2] * self._zoom, dtype=np.float64)

    def lanes(self, lanes: LaneEstimate) -> None:
        """Draw the estimated lane lines with opacity by confidence; the centre is dashed."""
        theme, path = self._style.theme, lanes.path
        normal = np.stack([-np.sin(path.heading), np.cos(path.heading)], axis=1)
        half = lanes.width / 2.0
        laterals = [(half, 2), (-half, 2)]
        if lanes.left.exists:
            laterals.append((half + lanes.left.width, 1))
        if lanes.right.exists:
            laterals.append((-half - lanes.right.width, 1))
        with self._canvas.glazed(0.35 + 0.55 * lanes.confidence):
            for lateral, weight in laterals:
                line = self._project(path.xy + lateral * normal)
                self._canvas.line(line, theme.lane_line, self._style.px(weight))
            centre = dashes(self._project(path.xy), self._style.px(7), self._style.px(9))
            self._canvas.lines(centre, theme.lane_line, 1)

    def plan(self, plan: Plan, car_width: float, speed_limit: float) -> None:
        """Draw the chosen plan as a ribbon as wide as the car, coloured by speed."""
        step = np.hypot(*np.diff(plan.positions, axis=0).T)
        distances = np.concatenate([[0.0], np.cumsum(step)])
        if distances[-1] < _RIBBON_STEP:
            return
        at = np.arange(0.0, distances[-1], _RIBBON_STEP)
        xy = np.stack([np.interp(at, distances, plan.positions[:, axis]) for axis in (0, 1)], axis=1)
        heading, speed = np.interp(at, distances, plan.headings), np.interp(at, distances, plan.speeds)
        side = car_width / 2.0 * np.stack([-np.sin(heading), np.cos(heading)], axis=1)
        left, right = self._project(xy + side), self._project(xy - side)
        with self._canvas.glazed(0.42):
            for i in range(len(at) - 1):
                colour = self._style.theme.speed_colour(float(speed[i]) / max(speed_limit, 1.0))
                corners = np.array([left[i], left[i + 1], right[i + 1], right[i]])
                self._canvas.polygon(corners, colour)

    def truth(self, state: WorldState) -> None:
        """Draw the true vehicles and pedestrians as cuboids."""
        ego = np.array([state.ego.x, state.ego.y])
        cars, pedestrians = state.vehicles, state.pedestrians
        with self._canvas.glazed(0.55):
            for x, y, yaw, length, width, height in zip(
                cars.x, cars.y, cars.yaw, cars.length, cars.width, cars.height, strict=True
            ):
                corners = box_corners(np.array([x, y]), float(yaw), float(length), float(width))
                self._cuboid(to_local(corners, ego, state.ego.yaw), float(height))
            for row, height in enumerate(pedestrians.height.tolist()):
                is_disc = pedestrians.radius[row] > 0.0
                yaw = state.ego.yaw if is_disc else float(pedestrians.yaw[row])
                size = float(pedestrians.length[row]), float(pedestrians.width[row])
                corners = box_corners(np.array([pedestrians.x[row], pedestrians.y[row]]), yaw, *size)
                self._cuboid(to_local(corners, ego, state.ego.yaw), height)

    def _cuboid(self, corners: FloatArray, height: float) -> None:
        base, top = self._project(corners), self._project(corners, height)
        if not (np.isfinite(base).all() and np.isfinite(top).all()):
            return
        edges = [np.array([base[i], top[i]]) for i in range(4)]
        self._canvas.lines([base, top], self._style.theme.text, 1, closed=True)
        self._canvas.lines(edges, self._style.theme.text, 1)

    def objects(self, detections: tuple[Detection, ...], tracks: tuple[Track, ...], frame: ViewFrame) -> None:
        """Draw boxes of detections, and a label for each track that was just updated, the nearest first.

        The track for which the ego brakes comes first, emphasised.
        """
        cause = cause_track(frame) if tracks else None
        if cause is not None and frame.headline is not None:
            self._cause(cause, frame.headline)
        style, colours = self._style, self._style.theme.classes
        for detection in detections:
            rect = self._scaled(detection.box)
            self._canvas.frame(rect, colours[detection.label], radius=style.px(3), thickness=style.px(2.2))
        visible = [
            track for track in tracks if track.box is not None and track.missed == 0 and track is not cause
        ]
        for track in sorted(visible, key=lambda track: float(np.hypot(*track.position))):
            assert track.box is not None
            box, colour = self._scaled(track.box), colours[track.label]
            if not detections:
                self._canvas.frame(box, colour)
            text = f"#{track.id}  {metres(distance_ahead(track, frame.state.car))}"
            chip = self._chip(text, bold=True)
            lift = style.px(2)
            self._label(
                text,
                [
                    _placed(chip, "midbottom", (box.centerx, box.top - lift)),
                    _placed(chip, "bottomright", (box.right, box.top - lift)),
                    _placed(chip, "bottomleft", (box.left, box.top - lift)),
                    _placed(chip, "midbottom", (box.centerx, box.top - chip.height - 2 * lift)),
                ],
                colour,
                bold=True,
            )
        self._taken += [self._scaled(detection.box) for detection in detections]
        for detection in sorted(detections, key=lambda detection: -detection.box[3]):
            text, box = f"{100 * detection.confidence:.0f} %", self._scaled(detection.box)
            below = _placed(self._chip(text, bold=False), "midtop", (box.centerx, box.bottom + style.px(2)))
            self._label(text, [below], colours[detection.label], bold=False)

    def _cause(self, track: Track, headline: Headline) -> None:
        """Emphasise the object for which the ego brakes, joined to the sentence below it."""
        style, canvas, size = self._style, self._canvas, self._style.body
        colour, dark = style.theme.urgency_colour(headline.urgency), style.theme.background
        width = style.type.width(headline.full_text, size, bold=True) + style.px(20)
        chip = Rect(style.px(8), 0, min(width, canvas.width - style.px(16)), size + style.px(14))
        chip.bottom = canvas.height - style.px(8)
        box = self._box_of(track)
        if box is not None:
            box = box.inflate(style.px(6), style.px(6))
            chip.centerx = box.centerx
            chip.clamp_ip(canvas.bounds.inflate(-style.px(16), -style.px(16)))
            ends = np.array([[box.centerx, box.bottom], [box.centerx, chip.top]], dtype=np.float64)
            for tone, weight in ((dark, 5.0), (colour, 2.5)):
                canvas.line(ends, tone, style.px(weight))
                canvas.frame(box, tone, radius=style.px(3), thickness=style.px(weight + 1.5))
        canvas.box(chip, colour, radius=style.px(5))
        style.type.draw(
            canvas, headline.full_text, chip.center, size, dark,
            bold=True, anchor="center", max_width=chip.width - style.px(8),
        )  # fmt: skip
        self._taken.append(chip)

    def _box_of(self, track: Track) -> Rect | None:
        """The box of a track on the canvas: the detected one, else that of its projection."""
        if track.box is not None and track.missed == 0:
            return self._scaled(track.box)
        corners = box_corners(track.position, track.heading, track.length, track.width)
        points = np.concatenate([self._project(corners), self._project(corners, _ASSUMED_HEIGHT)])
        if not np.isfinite(points).all():
            return None
        (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
        box = Rect(round(x1), round(y1), max(round(x2 - x1), 2), max(round(y2 - y1), 2))
        return box if box.colliderect(self._canvas.bounds) else None

    def _chip(self, text: str, *, bold: bool) -> Rect:
        size = self._style.small
        width = self._style.type.width(text, size, bold=bold) + self._style.px(8)
        return Rect(0, 0, width, size + self._style.px(5))

    def _label(self, text: str, places: list[Rect], colour: Colour, *, bold: bool) -> None:
        """Write on a dark chip at the first free place; write nothing if no place is free."""
        style = self._style
        for place in places:
            chip = place.clamp(self._canvas.bounds)
            if chip.collidelist(self._taken) >= 0:
                continue
            self._taken.append(chip.inflate(2, 2))
            part = self._canvas.region(chip)
            with part.glazed(0.75):
                part.fill(style.theme.background)
            style.type.draw(self._canvas, text, chip.center, style.small, colour, bold=bold, anchor="center")
            return

    def legend(self, classes: Sequence[ObjectClass]) -> None:
        """Draw the legend of the box colours of ``classes`` at the upper left."""
        style, names = self._style, [class_name(label) for label in classes]
        chip = Rect(style.px(8), style.px(8), 0, style.small + style.px(10))
        dot, gap = style.px(5), style.px(9)
        widths = [style.type.width(name, style.small) + 2 * dot + 2 * gap for name in names]
        chip.width = min(sum(widths) + gap, self._canvas.width - 2 * chip.left)
        self._taken.append(chip)
        part = self._canvas.region(chip)
        with part.glazed(0.7):
            part.fill(style.theme.background)
        x = gap
        for label, name, width in zip(classes, names, widths, strict=True):
            part.disc(x + dot, chip.height / 2.0, dot, style.theme.classes[label])
            at = (x + 2 * dot + gap * 0.6, chip.height / 2.0)
            style.type.draw(part, name, at, style.small, style.theme.text, anchor="midleft")
            x += width

    def _scaled(self, box: tuple[float, float, float, float]) -> Rect:
        x1, y1, x2, y2 = (round(value * self._zoom) for value in box)
        return Rect(x1, y1, max(x2 - x1, 2), max(y2 - y1, 2))


def _placed(rect: Rect, anchor: str, at: tuple[int, int]) -> Rect:
    """A copy of the rectangle whose ``anchor`` (an attribute of pygame.Rect) is at a point."""
    placed = rect.copy()
    setattr(placed, anchor, at)
    return placed
