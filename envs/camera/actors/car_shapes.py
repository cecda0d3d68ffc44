"""Shape parameters of each car-like body: side view and plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Line = tuple[
    tuple[float, float], ...
]  # (fraction of the length from the front, fraction of height or half width)


class Pane(Enum):
    """Material of the cabin between two stations: side, then top."""

    SCREEN = ("glass", "glass")
    WINDOW = ("glass", "paint")
    PILLAR = ("trim", "paint")
    PANEL = ("paint", "paint")
    PANEL_SCREEN = ("paint", "glass")
    SOFT_TOP = ("trim", "trim")
    SOFT_TOP_SCREEN = ("trim", "glass")
    SOFT_TOP_WINDOW = ("glass", "trim")


@dataclass(frozen=True, slots=True)
class CabinStation:
    """One cross-section of the cabin and the pane behind it, up to the next cross-section."""

    x: float  # fraction of the length from the front
    rise: float  # 0 at the belt, 1 at the roof
    behind: Pane | None = None  # None at the last station


@dataclass(frozen=True, slots=True)
class CarShape:
    """Side view and plan. Heights are fractions of the height, x of the length from the front."""

    top: Line  # bonnet, belt and boot
    plan: Line  # half width
    sill: Line  # lower edge, without wheel arches
    cabin: tuple[CabinStation, ...]
    axles: tuple[float, float]
    wheel_radius: float  # [m]
    roof_width: float  # at the top of the cabin, as a fraction of the belt's half width
    head_lamp: tuple[float, float]  # lower and upper edge
    tail_lamp: tuple[float, float]
    tail_lamp_inner: float = 0.52  # fraction of the half width
    cladding: bool = False  # dark lower body
    guard_rails: bool = False  # on the roof
    spoiler: bool = False
    bed: tuple[float, float] | None = None  # a pickup's load bed, fractions of the length


_PLAN: Line = (
    (0.0, 0.74),
    (0.018, 0.86),
    (0.06, 0.95),
    (0.16, 1.0),
    (0.84, 1.0),
    (0.95, 0.96),
    (0.985, 0.91),
    (1.0, 0.82),
)
_SILL: Line = ((0.0, 0.20), (0.02, 0.145), (0.10, 0.13), (0.90, 0.13), (0.98, 0.17), (1.0, 0.23))

HATCHBACK = CarShape(
    top=(
        (0.0, 0.40),
        (0.018, 0.46),
        (0.07, 0.535),
        (0.26, 0.62),
        (0.6, 0.635),
        (0.965, 0.66),
        (0.985, 0.60),
        (1.0, 0.42),
    ),
    plan=_PLAN,
    sill=_SILL,
    cabin=(
        CabinStation(0.245, 0.0, Pane.SCREEN),
        CabinStation(0.425, 0.93, Pane.WINDOW),
        CabinStation(0.54, 1.0, Pane.PILLAR),
        CabinStation(0.565, 1.0, Pane.WINDOW),
        CabinStation(0.76, 0.975, Pane.PANEL),
        CabinStation(0.895, 0.90, Pane.PANEL_SCREEN),
        CabinStation(0.972, 0.0),
    ),
    axles=(0.195, 0.815),
    wheel_radius=0.31,
    roof_width=0.76,
    head_lamp=(0.415, 0.515),
    tail_lamp=(0.47, 0.64),
    tail_lamp_inner=0.60,
    spoiler=True,
)

SEDAN = CarShape(
    top=(
        (0.0, 0.40),
        (0.016, 0.46),
        (0.06, 0.53),
        (0.27, 0.635),
        (0.6, 0.65),
        (0.80, 0.68),
        (0.965, 0.675),
        (0.984, 0.60),
        (1.0, 0.42),
    ),
    plan=_PLAN,
    sill=_SILL,
    cabin=(
        CabinStation(0.26, 0.0, Pane.SCREEN),
        CabinStation(0.415, 0.95, Pane.WINDOW),
        CabinStation(0.525, 1.0, Pane.PILLAR),
        CabinStation(0.545, 1.0, Pane.WINDOW),
        CabinStation(0.69, 0.94, Pane.PANEL_SCREEN),
        CabinStation(0.845, 0.0),
    ),
    axles=(0.19, 0.79),
    wheel_radius=0.325,
    roof_width=0.74,
    head_lamp=(0.42, 0.51),
    tail_lamp=(0.51, 0.645),
    tail_lamp_inner=0.46,
)

SUV = CarShape(
    top=(
        (0.0, 0.40),
        (0.016, 0.47),
        (0.05, 0.57),
        (0.25, 0.635),
        (0.6, 0.645),
        (0.965, 0.66),
        (0.985, 0.58),
        (1.0, 0.40),
    ),
    plan=(
        (0.0, 0.78),
        (0.018, 0.89),
        (0.06, 0.96),
        (0.16, 1.0),
        (0.84, 1.0),
        (0.95, 0.97),
        (0.985, 0.93),
        (1.0, 0.84),
    ),
    sill=((0.0, 0.22), (0.02, 0.18), (0.10, 0.165), (0.90, 0.165), (0.98, 0.19), (1.0, 0.24)),
    cabin=(
        CabinStation(0.245, 0.0, Pane.SCREEN),
        CabinStation(0.39, 0.93, Pane.WINDOW),
        CabinStation(0.51, 1.0, Pane.PILLAR),
        CabinStation(0.53, 1.0, Pane.WINDOW),
        CabinStation(0.70, 0.985, Pane.PILLAR),
        CabinStation(0.725, 0.98, Pane.WINDOW),
        CabinStation(0.85, 0.96, Pane.PANEL),
        CabinStation(0.925, 0.93, Pane.PANEL_SCREEN),
        CabinStation(0.975, 0.0),
    ),
    axles=(0.19, 0.80),
    wheel_radius=0.365,
    roof_width=0.80,
    head_lamp=(0.45, 0.535),
    tail_lamp=(0.46, 0.64),
    tail_lamp_inner=0.62,
    cladding=True,
    guard_rails=True,
    spoiler=True,
)

ESTATE = CarShape(
    top=(
        (0.0, 0.40),
        (0.016, 0.46),
        (0.06, 0.53),
        (0.26, 0.63),
        (0.6, 0.645),
        (0.965, 0.66),
        (0.985, 0.60),
        (1.0, 0.41),
    ),
    plan=_PLAN,
    sill=_SILL,
    cabin=(
        CabinStation(0.25, 0.0, Pane.SCREEN),
        CabinStation(0.405, 0.95, Pane.WINDOW),
        CabinStation(0.51, 1.0, Pane.PILLAR),
        CabinStation(0.53, 1.0, Pane.WINDOW),
        CabinStation(0.70, 0.985, Pane.PILLAR),
        CabinStation(0.725, 0.98, Pane.WINDOW),
        CabinStation(0.86, 0.93, Pane.PANEL),
        CabinStation(0.905, 0.90, Pane.PANEL_SCREEN),
        CabinStation(0.972, 0.0),
    ),
    axles=(0.185, 0.785),
    wheel_radius=0.325,
    roof_width=0.75,
    head_lamp=(0.42, 0.51),
    tail_lamp=(0.48, 0.64),
    tail_lamp_inner=0.56,
    guard_rails=True,
)

VAN = CarShape(
    top=(
        (0.0, 0.27),
        (0.016, 0.33),
        (0.05, 0.40),
        (0.17, 0.47),
        (0.4, 0.475),
        (0.985, 0.475),
        (0.993, 0.40),
        (1.0, 0.26),
    ),
    plan=((0.0, 0.78), (0.015, 0.88), (0.05, 0.96), (0.14, 1.0), (0.96, 1.0), (0.99, 0.985), (1.0, 0.93)),
    sill=((0.0, 0.12), (0.02, 0.10), (0.08, 0.09), (0.95, 0.09), (0.99, 0.11), (1.0, 0.15)),
    cabin=(
        CabinStation(0.145, 0.0, Pane.SCREEN),
        CabinStation(0.27, 0.80, Pane.WINDOW),
        CabinStation(0.40, 0.965, Pane.PANEL),
        CabinStation(0.60, 1.0, Pane.PANEL),
        CabinStation(0.965, 0.985, Pane.PANEL),
        CabinStation(0.978, 0.90, Pane.PANEL_SCREEN),
        CabinStation(0.989, 0.0),
    ),
    axles=(0.17, 0.79),
    wheel_radius=0.34,
    roof_width=0.87,
    head_lamp=(0.31, 0.39),
    tail_lamp=(0.33, 0.56),
    tail_lamp_inner=0.84,
)

PICKUP = CarShape(
    top=(
        (0.0, 0.44),
        (0.014, 0.50),
        (0.04, 0.58),
        (0.24, 0.635),
        (0.45, 0.64),
        (0.985, 0.64),
        (0.992, 0.58),
        (1.0, 0.36),
    ),
    plan=((0.0, 0.80), (0.015, 0.90), (0.05, 0.97), (0.14, 1.0), (0.92, 1.0), (0.985, 0.975), (1.0, 0.90)),
    sill=((0.0, 0.24), (0.02, 0.19), (0.08, 0.18), (0.93, 0.18), (0.99, 0.21), (1.0, 0.25)),
    cabin=(
        CabinStation(0.225, 0.0, Pane.SCREEN),
        CabinStation(0.34, 0.93, Pane.WINDOW),
        CabinStation(0.445, 1.0, Pane.PILLAR),
        CabinStation(0.465, 1.0, Pane.WINDOW),
        CabinStation(0.58, 0.97, Pane.PANEL_SCREEN),
        CabinStation(0.625, 0.0),
    ),
    axles=(0.18, 0.79),
    wheel_radius=0.39,
    roof_width=0.80,
    head_lamp=(0.46, 0.555),
    tail_lamp=(0.44, 0.62),
    tail_lamp_inner=0.78,
    cladding=True,
    bed=(0.645, 0.965),
)

ROADSTER = CarShape(
    top=(
        (0.0, 0.38),
        (0.018, 0.45),
        (0.07, 0.54),
        (0.34, 0.665),
        (0.6, 0.675),
        (0.82, 0.70),
        (0.96, 0.68),
        (0.982, 0.60),
        (1.0, 0.42),
    ),
    plan=(
        (0.0, 0.62),
        (0.018, 0.78),
        (0.06, 0.91),
        (0.16, 1.0),
        (0.50, 0.97),
        (0.80, 1.0),
        (0.94, 0.94),
        (0.982, 0.85),
        (1.0, 0.72),
    ),
    sill=((0.0, 0.20), (0.02, 0.14), (0.10, 0.12), (0.90, 0.12), (0.98, 0.17), (1.0, 0.24)),
    cabin=(
        CabinStation(0.33, 0.0, Pane.SCREEN),
        CabinStation(0.465, 0.88, Pane.SOFT_TOP_WINDOW),
        CabinStation(0.60, 1.0, Pane.SOFT_TOP),
        CabinStation(0.68, 0.82, Pane.SOFT_TOP_SCREEN),
        CabinStation(0.77, 0.0),
    ),
    axles=(0.19, 0.80),
    wheel_radius=0.315,
    roof_width=0.78,
    head_lamp=(0.42, 0.52),
    tail_lamp=(0.50, 0.63),
    tail_lamp_inner=0.44,
)
