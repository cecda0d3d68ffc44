"""Car-like bodies: cross-sections lofted along the length, with a glazed cabin on top."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drive_stack.types import FloatArray

from . import parts
from .car_shapes import CarShape, Line, Pane
from .mesh import Mesh, both_sides, join
from .parts import Build, LampGlass, LampKind, VehicleParts
from .shapes import box, grid

_ARCH_GAP = 0.05  # between tyre and wheel arch [m]
_MIN_KNOT_SPACING = 0.03  # of distant bodies, as a fraction of the length
# indices of half a section's points that form the outline of distant bodies
_BODY_OUTLINE, _CABIN_OUTLINE = (0, 1, 2, 5), (0, 2, 5)


def _interpolate(line: Line, x: ArrayLike) -> FloatArray:
    xs, values = zip(*line, strict=True)
    return np.asarray(np.interp(np.asarray(x, dtype=np.float64), xs, values), dtype=np.float64)


def _mirror_sections(y: FloatArray, z: FloatArray, x: ArrayLike) -> FloatArray:
    """Return sections (R, C, 3) whose left half mirrors the right; y, z (R, half) rise to the centre line."""
    ys = np.concatenate([-y, y[:, -2::-1]], axis=1)
    zs = np.concatenate([z, z[:, -2::-1]], axis=1)
    xs = np.asarray(x, dtype=float)
    xs = xs if xs.ndim == 2 else np.repeat(xs[:, None], y.shape[1], axis=1)
    return np.stack([np.concatenate([xs, xs[:, -2::-1]], axis=1), ys, zs], axis=-1)


def _ends(mesh: Mesh) -> Mesh:
    """Return the faces that point forward or backward."""
    return mesh.facing(lambda normals: np.abs(normals[:, 0]) > 0.5)


def _thin_knots(knots: FloatArray) -> FloatArray:
    """Return sorted knots without those closer than `_MIN_KNOT_SPACING` to another; both ends stay."""
    spaced = [float(knots[0])]
    for knot in knots[1:-1].tolist():
        if knot - spaced[-1] > _MIN_KNOT_SPACING and knots[-1] - knot > _MIN_KNOT_SPACING:
            spaced.append(knot)
    return np.array([*spaced, float(knots[-1])])


class CarLoft:
    """One car: a `CarShape` with the dimensions of a `Build`."""

    def __init__(self, shape: CarShape, build: Build) -> None:
        self.shape = shape
        self.build = build
        self.half_width = build.width / 2.0
        self._distant = build.detail is parts.Detail.DISTANT

    def x(self, fraction: ArrayLike) -> FloatArray:
        """Return x ahead of the centre [m] from the fraction of the length behind the front."""
        return self.build.length * (0.5 - np.asarray(fraction, dtype=float))

    def _stations(self) -> FloatArray:
        knots = {x for line in (self.shape.top, self.shape.plan, self.shape.sill) for x, _ in line}
        if not self.build.fine:
            knots = {x for x, _ in self.shape.top}
        if self._distant:
            return _thin_knots(np.array(sorted(knots)))
        arch = (self.shape.wheel_radius + _ARCH_GAP) / self.build.length
        steps = (
            (-1.0, -0.999, -0.72, 0.0, 0.72, 0.999, 1.0)
            if self.build.fine
            else (-1.0, -0.999, 0.0, 0.999, 1.0)
        )
        arches = {axle + arch * step for axle in self.shape.axles for step in steps}
        plain = {k for k in knots if all(abs(k - axle) > arch * 1.12 for axle in self.shape.axles)}
        return np.array(sorted(plain | arches))

    def _sill(self, fraction: FloatArray) -> FloatArray:
        edge = _interpolate(self.shape.sill, fraction) * self.build.height
        if self._distant:
            return edge
        radius = self.shape.wheel_radius + _ARCH_GAP
        for axle in self.shape.axles:
            off = (fraction - axle) * self.build.length
            inside = np.abs(off) < radius * 0.9995
            arch = self.shape.wheel_radius + np.sqrt(np.maximum(radius**2 - off**2, 0.0))
            edge = np.where(inside, np.maximum(edge, arch), edge)
        return edge

    def lower_body(self) -> Mesh:
        """Return the body below the windows, with bonnet and boot."""
        height, paint = self.build.height, self.build.paint
        fraction = self._stations()
        sill, top = self._sill(fraction), _interpolate(self.shape.top, fraction) * height
        half = _interpolate(self.shape.plan, fraction) * self.half_width
        crease = np.clip(0.36 * height, sill + 0.015, np.maximum(top - 0.05, sill + 0.016))
        shoulder = np.maximum(top - 0.055 * height, crease + 0.01)
        y = np.stack([half * 0.965, half, half * 0.975, half * 0.88, half * 0.5, half * 0.0], axis=1)
        z = np.stack([sill, crease, shoulder, top, top + 0.012 * height, top + 0.018 * height], axis=1)
        z = np.maximum.accumulate(z, axis=1)
        if self._distant:
            y, z = y[:, _BODY_OUTLINE], z[:, _BODY_OUTLINE]
        points = _mirror_sections(y, z, self.x(fraction))
        lower = np.zeros((points.shape[0] - 1, points.shape[1] - 1), dtype=bool)
        lower[:, [0, -1]] = True
        clad = parts.TRIM if self.shape.cladding else paint
        caps = (self._cap(points[0][::-1], paint), self._cap(points[-1], paint))
        return join((grid(points, clad, lower), grid(points, paint, ~lower), *caps))

    @staticmethod
    def _cap(section: FloatArray, colour: ArrayLike) -> Mesh:
        """Close an end with horizontal strips between the two halves of its section."""
        centre = len(section) // 2
        return grid(np.stack([section[: centre + 1], section[::-1][: centre + 1]]), colour)

    def cabin(self) -> tuple[Mesh, ...]:
        """Return pillars, roof and glass."""
        build, stations = self.build, self.shape.cabin
        fraction = np.array([s.x for s in stations])
        rise = np.array([s.rise for s in stations])[:, None]
        belt = (_interpolate(self.shape.top, fraction) * build.height)[:, None]
        half = (_interpolate(self.shape.plan, fraction) * self.half_width)[:, None]
        roof = belt + rise * (build.height - belt)
        width_fractions = np.array([0.885, 0.0, 0.0, 0.0, 0.0, 0.0]) + np.array(
            [0.0, 0.875, 0.80, 0.70, 0.36, 0.0]
        )
        narrow = 1.0 - rise * (1.0 - self.shape.roof_width) * np.array([0.0, 0.86, 1.0, 1.0, 1.0, 1.0])
        y = half * width_fractions * narrow
        drop = np.array([1.0, 0.115, 0.03, 0.012, 0.002, 0.0]) * (build.height - belt)
        z = np.where(np.arange(6) == 0, belt - 0.012 * build.height, np.maximum(roof - drop * rise, belt))
        screen = np.array([s.behind in (Pane.SCREEN,) or s.rise == 0.0 for s in stations])[:, None]
        direction = np.where(fraction < 0.5, 1.0, -1.0)[:, None]
        bulge = np.array([0.0, 0.0, 0.0, 0.01, 0.05, 0.07]) * screen * direction
        x = self.x(fraction)[:, None] + bulge
        if self._distant:
            x, y, z = x[:, _CABIN_OUTLINE], y[:, _CABIN_OUTLINE], z[:, _CABIN_OUTLINE]
        points = _mirror_sections(y, z, x)
        colours = {"paint": build.paint, "trim": parts.RUBBER}
        sheets = []
        for material in ("paint", "trim", "glass"):
            cells = self._cells(material)
            sheet = grid(points, colours.get(material, parts.GLASS_LOW), cells)
            if material == "glass" and sheet.triangles:
                low = float(belt.min())
                sheet = sheet.graded((low, parts.GLASS_LOW), (build.height, parts.GLASS_HIGH))
            sheets.append(sheet)
        return tuple(sheets)

    def _cells(self, material: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Return which of the cabin's cells (stations − 1, 10; or 4 if distant) have the material."""
        rows = []
        for station in self.shape.cabin[:-1]:
            side, top = station.behind.value if station.behind is not None else ("paint", "paint")
            frame = "trim" if side == "trim" and top in ("trim", "glass") else "paint"
            half = [side, top] if self._distant else [side, frame, frame, top, top]
            rows.append([name == material for name in half + half[::-1]])
        return np.array(rows)

    def chassis(self) -> Mesh:
        """Return a dark floor that blocks the view through the wheel arches."""
        inner = self.half_width - 0.24
        length, height = self.build.length, self.build.height
        tops = [z for x, z in self.shape.top if 0.1 < x < 0.9]
        return box(
            (-0.46 * length, -inner, 0.13 * height),
            (0.46 * length, inner, min(min(tops) * height - 0.05, 0.52 * height)),
            parts.RUBBER,
        )

    def end_x(self, z_fraction: float, *, front: bool) -> float:
        """Return the fraction of the length at which the front or rear surface has a height fraction."""
        line = (
            [p for p in self.shape.top if p[0] < 0.4]
            if front
            else [p for p in self.shape.top[::-1] if p[0] > 0.9]
        )
        heights = [z for _, z in line]
        order = int(np.argmax(heights)) + 1
        return float(np.interp(z_fraction, heights[:order], [x for x, _ in line[:order]]))

    def corner_lamp(self, z: tuple[float, float], inner: float, depth: float, *, front: bool) -> Mesh:
        """Return a left lamp glass on the body's corner; heights ``z`` are fractions."""
        low, high = (self.end_x(fraction, front=front) for fraction in z)
        offset = depth if front else -depth
        half = (
            _interpolate(self.shape.plan, [low + (0.012 if front else -0.012), low + offset])
            * self.half_width
        )
        slant = abs(high - low) * self.build.length
        out = 0.02 if front else -0.02
        return parts.wrap_lamp(
            (float(self.x(low)) + out, float(half[0]) * 0.93),
            (float(self.x(low + offset)), float(half[1]) + 0.004),
            inner * self.half_width,
            (z[0] * self.build.height, z[1] * self.build.height),
            slant,
        )

    def lamps(self) -> tuple[LampGlass, ...]:
        """Return head, tail and turn lamps."""
        shape = self.shape
        low, high = shape.head_lamp
        tail_low, tail_high = shape.tail_lamp
        waist = tail_low + 0.3 * (tail_high - tail_low)
        head = self.corner_lamp((low, high), 0.50, 0.075, front=True)
        turn = self.corner_lamp((low - 0.055, low - 0.012), 0.58, 0.04, front=True)
        tail = self.corner_lamp((waist, tail_high), shape.tail_lamp_inner, 0.035, front=False)
        rear_turn = self.corner_lamp((tail_low, waist), shape.tail_lamp_inner, 0.034, front=False)
        return (
            *parts.lamp_pair("head", LampKind.HEAD, head),
            *parts.lamp_pair("tail", LampKind.TAIL, tail),
            *parts.lamp_pair("front_turn", LampKind.LEFT, turn),
            *parts.lamp_pair("rear_turn", LampKind.LEFT, rear_turn),
        )

    def fittings(self) -> tuple[Mesh, ...]:
        """Return grille, dark bumper inserts, plates, rails and spoiler."""
        length, height, half = self.build.length, self.build.height, self.half_width
        front, rear = length / 2.0, -length / 2.0
        low = self.shape.top[0][1]
        plates = (
            parts.number_plate(front, 0.75 * low * height),
            parts.number_plate(
                float(self.x(self.end_x(self.shape.tail_lamp[0], front=False))),
                self.shape.tail_lamp[0] * height,
            ),
        )
        if self._distant:
            return tuple(map(_ends, plates))
        if not self.build.fine:
            return plates
        sill = self.shape.sill[0][1] * height
        grille_x = float(self.x(self.end_x(low + 0.05, front=True)))
        items = [
            *plates,
            box(
                (front - 0.06, -0.55 * half, sill + 0.02),
                (front + 0.012, 0.55 * half, 0.68 * low * height),
                parts.RUBBER,
            ),
            box(
                (grille_x - 0.3, -0.42 * half, (low + 0.005) * height),
                (grille_x + 0.03, 0.42 * half, (low + 0.06) * height),
                parts.RUBBER,
            ),
            box(
                (rear - 0.012, -0.62 * half, self.shape.sill[-1][1] * height),
                (rear + 0.06, 0.62 * half, (self.shape.sill[-1][1] + 0.06) * height),
                parts.RUBBER,
            ),
        ]
        return (*items, *self._roof_fittings())

    def _roof_fittings(self) -> list[Mesh]:
        height, cabin = self.build.height, self.shape.cabin
        half = self.half_width * 0.80 * self.shape.roof_width
        items: list[Mesh] = []
        if self.shape.guard_rails:
            front, rear = (float(self.x(s)) for s in (cabin[2].x - 0.03, cabin[-3].x))
            items.append(
                both_sides(box((rear, half - 0.02, height - 0.06), (front, half + 0.025, height), parts.TRIM))
            )
        if self.shape.spoiler:
            x, z = float(self.x(cabin[-2].x)), height * (0.66 + 0.34 * cabin[-2].rise)
            items.append(
                box((x - 0.14, -half * 0.96, z - 0.035), (x + 0.10, half * 0.96, z + 0.012), self.build.paint)
            )
        if self.shape.bed is not None:
            front, rear = (float(self.x(s)) for s in self.shape.bed)
            z = (self.shape.top[-3][1] + 0.021) * height
            items.append(
                box(
                    (rear, -0.80 * self.half_width, z - 0.1), (front, 0.80 * self.half_width, z), parts.RUBBER
                )
            )
        return items

    def parts(self) -> VehicleParts:
        """Return all parts of the car."""
        shape, build = self.shape, self.build
        belt = float(_interpolate(shape.top, shape.cabin[0].x + 0.06)) * build.height
        # distant bodies have no wheel arches, so the wheels protrude from the skin
        out = 1.003 if self._distant else 0.965
        floor = _ends(self.chassis()) if self._distant else self.chassis()
        body = parts.paint_body((self.lower_body(), *self.cabin(), floor, *self.fittings()), build.height)
        return VehicleParts(
            body=body,
            overhang=parts.mirrors(
                float(self.x(shape.cabin[0].x + 0.07)), self.half_width * 0.94, belt, build.paint
            ),
            axles=tuple(
                parts.axle(
                    float(self.x(fraction)), shape.wheel_radius, self.half_width * out, 0.21, build.detail
                )
                for fraction in shape.axles
            ),
            lamps=self.lamps(),
        )
