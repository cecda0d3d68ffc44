"""Spray that the wheels of moving vehicles throw up in rain: plumes that hide what is behind them.

A plume consists of puffs in a row behind the vehicle. The transmittance along a line of sight is
exp(−Σ τ·g), where τ is the optical depth of a puff's centre and g falls as a Gaussian across it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import Conditions, WorldState

from ..atmosphere import Atmosphere
from ..light_laws import UPRIGHT_GAIN, transmittance, upright_light
from ..sensing import CODE_ZERO

_PUFFS = 4  # of a plume
_REFERENCE_SPEED, _REFERENCE_HEIGHT = 25.0, 1.5  # of a car with the optical depth `_DEPTH` [m/s], [m]
_DEPTH = 0.9  # optical depth of a car's plume in the heaviest rain
_MIN_SPEED = 3.0  # below which wheels throw up nothing [m/s]
_LENGTH, _LENGTH_PER_SPEED = 4.0, 0.3  # of a plume [m], [s]
_WIDTH, _HEIGHT = 0.45, 0.28  # standard deviations of the first puff, in widths and heights of the vehicle
_THICKNESS = 3.0  # of a puff along the line of sight, over which the ground fades in it [m]
_GROWTH = 0.2  # of each further puff, relative to the first
_COLOUR = np.array([204.0, 208.0, 212.0])  # in daylight
_NEAREST, _RANGE, _REACH = 1.5, 120.0, 2.6  # of puffs ahead of the camera [m]; standard deviations


class Spray:
    """The spray of one episode."""

    def __init__(self, conditions: Conditions, haze: FloatArray) -> None:
        self._amount = conditions.spray * conditions.rain_rate
        self._haze = haze
        alpha = np.arange(256.0)
        fraction = np.clip((alpha - CODE_ZERO) / (255.0 - CODE_ZERO), 1e-6, 1.0)
        self._distance_of_alpha = conditions.visibility * np.log(fraction) / np.log(0.05)

    def apply(
        self, image: Image, large: NDArray[np.uint8], camera: CameraModel, atmosphere: Atmosphere,
        state: WorldState,
    ) -> None:  # fmt: skip
        """Draw the plumes into ``image`` (H, W, 3) RGB, the farthest first.

        Args:
            image: The picture without them.
            large: The supersampled buffer (2·H, 2·W, 4) that it was made from, first row at the bottom. Its
                alpha says how far away upright things are.
            camera: The camera in the level frame at the ego.
            atmosphere: Light and haze.
            state: The world's state.
        """
        centre, spread, depth = self._puffs(state)
        if not len(depth):
            return
        ground_depth, pixel = atmosphere.ground_depth(), camera.project(centre)
        near_first = np.argsort(pixel[:, 2], kind="stable")
        for row in near_first[::-1].tolist():
            u, v, ahead = pixel[row].tolist()
            if not _NEAREST < ahead < _RANGE:
                continue
            x, y = centre[row, 0] - camera.mount_x, centre[row, 1]
            gain = UPRIGHT_GAIN if atmosphere.night else 0.0
            lit = _COLOUR * upright_light(x, y, atmosphere.ambient, gain)
            arrives = transmittance(np.asarray(math.hypot(x, y)), atmosphere.visibility)
            _draw_puff(
                image, large, ground_depth, self._distance_of_alpha, camera.mount_x,
                camera.focal_px, u, v, *(camera.focal_px * spread[row] / ahead),
                float(np.hypot(*centre[row, :2])), float(depth[row]),
                self._haze + arrives * (lit - self._haze),
            )  # fmt: skip

    def _puffs(self, state: WorldState) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return centres (N, 3) in the ego frame [m], standard deviations (N, 2) [m] and depths (N,)."""
        ego, all_ = state.ego, state.vehicles
        distance = np.hypot(all_.x - ego.x, all_.y - ego.y)
        rows = np.flatnonzero((all_.speed > _MIN_SPEED) & (distance < _RANGE) & (self._amount > 0.0))
        x, y, yaw, speed = all_.x[rows], all_.y[rows], all_.yaw[rows], all_.speed[rows]
        length, width, height = all_.length[rows], all_.width[rows], all_.height[rows]
        number = np.arange(_PUFFS)[:, None]
        behind = length / 2.0 + (number + 0.5) / _PUFFS * plume_length(speed)
        growth = 1.0 + _GROWTH * number
        world = np.stack([x - behind * np.cos(yaw), y - behind * np.sin(yaw)], axis=-1).reshape(-1, 2)
        ground, _ = state.road.ground_under(world[:, 0], world[:, 1], np.zeros(len(world)))
        ground = ground - state.road.profile.height_at(np.asarray(ego.station))
        up = _HEIGHT * height * growth
        flat = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
        spread = np.stack([(_WIDTH * width * growth).ravel(), up.ravel()], axis=1)
        depth = np.tile(optical_depth(speed, height, self._amount) / _PUFFS, _PUFFS)
        return np.column_stack([flat, ground + up.ravel()]), spread, depth


def optical_depth(speed: FloatArray, height: FloatArray, amount: float) -> FloatArray:
    """Return the optical depth of plumes, seen from behind.

    Args:
        speed: Of the vehicles (N,) [m/s]; the depth grows with its square.
        height: Of the vehicles (N,) [m]; the depth is proportional to it.
        amount: Rain rate times the strength of the effect, 0 … 1.
    """
    return _DEPTH * amount * (speed / _REFERENCE_SPEED) ** 2 * height / _REFERENCE_HEIGHT


def plume_length(speed: FloatArray) -> FloatArray:
    """Return the length of plumes behind vehicles with a ``speed`` (N,) [m/s], in metres."""
    return _LENGTH + _LENGTH_PER_SPEED * speed


@kernel()
def _draw_puff(  # type: ignore[no-untyped-def]
    image,
    large,
    ground_depth,
    distance_of_alpha,
    mount_x,
    focal,
    u,
    v,
    spread_u,
    spread_v,
    distance,
    depth,
    colour,
):
    """Blend a puff over everything that is farther away than it."""
    height, width = ground_depth.shape
    left, right = max(int(u - _REACH * spread_u), 0), min(int(u + _REACH * spread_u) + 1, width)
    for y in range(max(int(v - _REACH * spread_v), 0), min(int(v + _REACH * spread_v) + 1, height)):
        row = 2 * (height - 1 - y)
        across_v = math.exp(-0.5 * ((y + 0.5 - v) / spread_v) ** 2)
        for x in range(left, right):
            across = (x + 0.5 - width / 2.0) / focal
            ground = ground_depth[y, x] * math.sqrt(1.0 + across * across) + mount_x
            behind = 0.0
            for i in range(2):
                for j in range(2):
                    alpha = large[row + i, 2 * x + j, 3]
                    seen = distance_of_alpha[alpha] if alpha >= CODE_ZERO else ground
                    behind += min(max((seen - distance) / _THICKNESS + 0.5, 0.0), 1.0)
            if behind == 0.0:
                continue
            local = depth * across_v * math.exp(-0.5 * ((x + 0.5 - u) / spread_u) ** 2)
            hidden = (1.0 - math.exp(-local)) * behind / 4.0
            for channel in range(3):
                value = image[y, x, channel]
                image[y, x, channel] = np.uint8(value + hidden * (colour[channel] - value) + 0.5)
