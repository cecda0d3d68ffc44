"""All vehicles in view as one node, with light, haze and lamps in the colours of their vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray
from drive_stack.world_state import VehicleStates

from ..geometry_buffer import GeometryBuffer
from .lamps import lamp_colours
from .parts import Detail
from .vehicle_mesh import VehicleMesh, vehicle_mesh


@dataclass(frozen=True, slots=True)
class SceneLight:
    """Light of the sky and the sun on the faces of upright things."""

    sky: tuple[float, float, float]  # RGB, 1 is full light
    sun: tuple[float, float, float]  # RGB of a face that points at the sun
    towards_sun: tuple[float, float, float]  # unit vector

    def packed(self) -> NDArray[np.float32]:
        """Return all values as rows (3, 3): sky, sun, direction."""
        return np.array([self.sky, self.sun, self.towards_sun], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the vehicles in view stand and how they appear there; one entry a vehicle, nearest first."""

    rows: NDArray[np.int64]  # of `VehicleStates`
    height: FloatArray  # of the ground [m]
    slope: FloatArray  # of the ground along the vehicle, rise over run
    light: FloatArray  # brightness 0 … 1
    alpha: FloatArray  # 0 … 1, of bodies
    glow: FloatArray  # alpha 0 … 1 of lit lamps
    details: tuple[Detail, ...]


class VehicleNodes:
    """Draws vehicles below ``parent``; with ``lamps_on`` they drive with headlamps."""

    def __init__(self, parent: NodePath, light: SceneLight, *, lamps_on: bool) -> None:
        self._buffer = GeometryBuffer(parent, "vehicles")
        self._light, self._lamps_on = light.packed(), lamps_on
        self._ends: list[tuple[int, int]] = []  # vertices and triangles up to the end of each vehicle

    def show(self, vehicles: VehicleStates, placement: Placement, time: float) -> None:
        """Draw the vehicles of a ``placement`` at a ``time`` in the episode [s], and no others."""
        meshes = _meshes(vehicles, placement)
        rows, triangles = self._buffer.reserve(
            sum(len(mesh.points) for mesh in meshes), sum(len(mesh.triangles) for mesh in meshes)
        )
        points, shaded = rows["vertex"], rows["colour"]
        lit, colours = lamp_colours(vehicles, time, lamps_on=self._lamps_on)
        poses = _poses(vehicles, placement)
        shades = np.stack([placement.light, placement.alpha, placement.glow], axis=1)
        self._ends, end = [], (0, 0)
        for index, (row, mesh) in enumerate(zip(placement.rows.tolist(), meshes, strict=True)):
            end = _write(
                mesh.points, mesh.normals, mesh.reflectance, mesh.lamp, mesh.triangles, mesh.only_lit,
                poses[index], shades[index], self._light, lit[row], colours[row],
                points, shaded, triangles, *end,
            )  # fmt: skip
            self._ends.append(end)
        self._buffer.show(*end)

    def paint(self, colours: NDArray[np.uint8]) -> None:
        """Draw each vehicle of the last placement in one flat RGBA colour (N, 4), until `show` is called."""
        if not self._ends:
            return
        rows, _ = self._buffer.reserve(*self._ends[-1])
        start = 0
        for (end, _), colour in zip(self._ends, colours, strict=True):
            rows["colour"][start:end] = colour
            start = end
        self._buffer.show(*self._ends[-1])


def _meshes(vehicles: VehicleStates, placement: Placement) -> list[VehicleMesh]:
    rows = placement.rows
    size = (vehicles.length[rows].tolist(), vehicles.width[rows].tolist(), vehicles.height[rows].tolist())
    bodies, colours = vehicles.body[rows].tolist(), vehicles.colour[rows].tolist()
    return [
        vehicle_mesh(body, (red, green, blue), length, width, height, detail)
        for body, (red, green, blue), length, width, height, detail in zip(
            bodies, colours, *size, placement.details, strict=True
        )
    ]


def _poses(vehicles: VehicleStates, placement: Placement) -> FloatArray:
    """Return x, y, z [m], cosine and sine of yaw, and of the nose's rise (N, 7)."""
    rows, rise = placement.rows, np.arctan(placement.slope)
    yaw = vehicles.yaw[rows]
    return np.stack(
        [
            vehicles.x[rows], vehicles.y[rows], placement.height,
            np.cos(yaw), np.sin(yaw), np.cos(rise), np.sin(rise),
        ],
        axis=1,
    )  # fmt: skip


@kernel()
def _write(  # type: ignore[no-untyped-def]
    local, normals, reflectance, lamp, faces, only_lit, pose, shade, light, lit, lamp_colours,
    points, shaded, triangles, vertex, triangle,
):  # fmt: skip
    """Write one vehicle after the first ``vertex`` and ``triangle``; return the new ends."""
    end = vertex + len(local)
    _place(local, pose, points[vertex:end])
    _shade(normals, reflectance, pose, shade, light, shaded[vertex:end])
    _light_lamps(lamp, lit, lamp_colours, shade[2], shaded[vertex:end])
    for row in range(len(faces)):
        if only_lit[row] and not lit[lamp[faces[row, 0]] - 1]:
            continue
        for corner in range(3):
            triangles[triangle, corner] = vertex + faces[row, corner]
        triangle += 1
    return end, triangle


@kernel()
def _place(local, pose, points):  # type: ignore[no-untyped-def]
    """Fill ``points`` (V, 3) with the vertices in the world."""
    x, y, z, cos, sin, level, rise = pose
    for row in range(len(local)):
        ahead = local[row, 0] * level - local[row, 2] * rise
        points[row, 0] = x + ahead * cos - local[row, 1] * sin
        points[row, 1] = y + ahead * sin + local[row, 1] * cos
        points[row, 2] = z + local[row, 0] * rise + local[row, 2] * level


@kernel()
def _shade(normals, reflectance, pose, shade, light, shaded):  # type: ignore[no-untyped-def]
    """Fill ``shaded`` (V, 4) with reflectance times the light of the sky and the sun, and alpha.

    The sun lights a face by the cosine of its angle to it.
    """
    _, _, _, cos, sin, level, rise = pose
    sky, sun = light[0] * shade[0], light[1] * shade[0]
    # the sun's direction in the frame of the vehicle
    forward = light[2, 0] * cos + light[2, 1] * sin
    towards = (
        np.float32(forward * level + light[2, 2] * rise),
        np.float32(light[2, 1] * cos - light[2, 0] * sin),
        np.float32(light[2, 2] * level - forward * rise),
    )
    alpha, half, full = np.uint8(255.0 * shade[1] + 0.5), np.float32(0.5), np.float32(255.0)
    sky_red, sky_green, sky_blue = np.float32(sky[0]), np.float32(sky[1]), np.float32(sky[2])
    sun_red, sun_green, sun_blue = np.float32(sun[0]), np.float32(sun[1]), np.float32(sun[2])
    for row in range(len(normals)):
        facing = normals[row, 0] * towards[0] + normals[row, 1] * towards[1] + normals[row, 2] * towards[2]
        facing = max(facing, np.float32(0.0))
        red = reflectance[row, 0] * (sky_red + sun_red * facing)
        green = reflectance[row, 1] * (sky_green + sun_green * facing)
        blue = reflectance[row, 2] * (sky_blue + sun_blue * facing)
        shaded[row, 0] = np.uint8(min(red, full) + half)
        shaded[row, 1] = np.uint8(min(green, full) + half)
        shaded[row, 2] = np.uint8(min(blue, full) + half)
        shaded[row, 3] = alpha


@kernel()
def _light_lamps(lamp, lit, lamp_colours, glow, shaded):  # type: ignore[no-untyped-def]
    """Give the glass of lit lamps in ``shaded`` (V, 4) its own colour; the lamps' vertices come first."""
    for row in range(len(lamp)):
        kind = lamp[row] - 1
        if kind < 0:
            return
        if lit[kind]:
            for channel in range(3):
                shaded[row, channel] = np.uint8(255.0 * lamp_colours[kind, channel] + 0.5)
            shaded[row, 3] = np.uint8(255.0 * glow + 0.5)
