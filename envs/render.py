"""Images for the environment's `render`: the camera image above a bird's-eye view.

The interactive viewer is `drive_stack.viewer`.
"""

from __future__ import annotations

from types import ModuleType

import cv2
import numpy as np

from drive_stack.geometry import box_corners, to_local
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import WorldState

WIDTH, HEIGHT = 640, 200  # of the bird's-eye view [px]
_SCALE = 4.5  # [px/m]
_BEHIND = 30.0  # distance shown behind the rear axle [m]
_AHEAD = WIDTH / _SCALE - _BEHIND  # distance shown ahead of the rear axle [m]
_GRASS, _ASPHALT, _PAINT = (84, 104, 72), (70, 72, 76), (214, 214, 210)
_EGO, _PEDESTRIAN, _OBSTACLE = (64, 160, 255), (255, 196, 64), (255, 120, 40)


def draw_birds_eye_view(state: WorldState) -> Image:
    """Draw the surroundings from above, the ego driving to the right; RGB uint8, (HEIGHT, WIDTH, 3)."""
    image = np.full((HEIGHT, WIDTH, 3), _GRASS, dtype=np.uint8)
    _draw_road(image, state)
    obstacles, vehicles, pedestrians = state.obstacles, state.vehicles, state.pedestrians
    for row in range(len(obstacles.id)):
        centre = np.array([obstacles.x[row], obstacles.y[row]])
        size = max(float(obstacles.length[row]), 0.6), max(float(obstacles.width[row]), 0.6)
        _fill(image, state, box_corners(centre, float(obstacles.yaw[row]), *size), _OBSTACLE)
    for row in range(len(vehicles.id)):
        centre = np.array([vehicles.x[row], vehicles.y[row]])
        corners = box_corners(
            centre, float(vehicles.yaw[row]), float(vehicles.length[row]), float(vehicles.width[row])
        )
        red, green, blue = (int(value) for value in vehicles.colour[row])
        _fill(image, state, corners, (red, green, blue))
    for row in range(len(pedestrians.id)):
        feet = np.array([pedestrians.x[row], pedestrians.y[row]])
        _fill(image, state, box_corners(feet, float(pedestrians.yaw[row]), 0.7, 0.7), _PEDESTRIAN)
    ego, car = state.ego, state.car
    centre = np.array([ego.x, ego.y]) + car.centre_ahead * np.array([np.cos(ego.yaw), np.sin(ego.yaw)])
    _fill(image, state, box_corners(centre, ego.yaw, car.length, car.width), _EGO)
    return image


def compose_frame(state: WorldState, camera: Image | None) -> Image:
    """Stack the camera image, if there is one, above the bird's-eye view.

    Args:
        state: The world.
        camera: RGB uint8, (H, W, 3), or None.

    Returns:
        RGB uint8, 640 px wide.
    """
    view = draw_birds_eye_view(state)
    if camera is None:
        return view
    height = round(camera.shape[0] * WIDTH / camera.shape[1])
    resized = np.asarray(cv2.resize(camera, (WIDTH, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.concatenate([resized, view])


class PlainWindow:
    """A pygame window that shows images at a fixed rate."""

    def __init__(self, fps: float) -> None:
        # imported here because a headless run must not need pygame
        import pygame  # noqa: PLC0415

        self._pygame: ModuleType = pygame
        self._fps = fps
        pygame.display.init()
        self._clock = pygame.time.Clock()
        self._surface: pygame.Surface | None = None

    def show(self, image: Image) -> None:
        """Show an RGB image (H, W, 3) and wait until the next one is due."""
        pygame = self._pygame
        if self._surface is None:
            self._surface = pygame.display.set_mode((image.shape[1], image.shape[0]))
            pygame.display.set_caption("Drive Stack")
        pygame.surfarray.blit_array(self._surface, image.swapaxes(0, 1))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()


def _draw_road(image: Image, state: WorldState) -> None:
    road = state.road
    stations = state.ego.station + np.arange(-_BEHIND - 10.0, _AHEAD + 15.0, 4.0)
    stations = stations[(stations >= 0.0) & (stations <= road.length)]
    if len(stations) < 2:
        return
    edges = np.array([road.paved(float(station)) for station in stations])
    right, left = (_line(road, stations, edges[:, side]) for side in (0, 1))
    _fill(image, state, np.concatenate([right, left[::-1]]), _ASPHALT)
    for lane in road.lanes:
        lane_stations = stations[(stations >= lane.start) & (stations <= lane.end)]
        centre = np.array([lane.lateral_at(float(station)) for station in lane_stations])
        for side in (-0.5, 0.5):
            if len(lane_stations) > 1:
                points = _pixels(state, _line(road, lane_stations, centre + side * lane.width))
                cv2.polylines(image, [points], False, _PAINT, 1, cv2.LINE_AA)


def _line(road: RoadMap, stations: FloatArray, laterals: FloatArray) -> FloatArray:
    points, _ = road.to_world(stations, laterals)
    return points


def _pixels(state: WorldState, points: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    local = to_local(points, np.array([state.ego.x, state.ego.y]), state.ego.yaw)
    u = (local[:, 0] + _BEHIND) * _SCALE
    v = HEIGHT / 2.0 - local[:, 1] * _SCALE
    return np.round(np.stack([u, v], axis=1)).astype(np.int32)


def _fill(image: Image, state: WorldState, points: FloatArray, colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [_pixels(state, points)], colour, cv2.LINE_AA)
