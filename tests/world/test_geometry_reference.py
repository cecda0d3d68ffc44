"""Lane coordinates along circles, where they are known."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.geometry import reference_line
from drive_stack.types import LanePath


def arc(radius: float, length: float = 150.0) -> LanePath:
    station = np.arange(-10.0, length + 1.0, 2.0)
    angle = station / radius
    xy = np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle))], axis=1)
    return LanePath(station, xy, angle, np.full(len(station), 1.0 / radius))


@pytest.mark.parametrize("radius", [250.0, -500.0, 1e9])
def test_to_frenet_inverts_to_plane(radius: float) -> None:
    line = reference_line(arc(radius))
    station, lateral = np.linspace(-8.0, 200.0, 53), np.linspace(-6.0, 6.0, 53)
    points, _ = line.to_plane(station, lateral)
    back_station, back_lateral = line.to_frenet(points)
    assert back_station == pytest.approx(station, abs=0.05)
    assert back_lateral == pytest.approx(lateral, abs=0.02)


def test_the_line_continues_beyond_its_path_on_the_same_circle() -> None:
    line = reference_line(arc(300.0, 60.0), max_station=200.0)
    points, heading = line.to_plane(np.array([150.0]), np.array([0.0]))
    assert points[0] == pytest.approx([300.0 * np.sin(0.5), 300.0 * (1.0 - np.cos(0.5))], abs=0.05)
    assert heading[0] == pytest.approx(0.5, abs=1e-6)
