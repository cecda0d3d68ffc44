"""Layout of the parts of a race in a window."""

from __future__ import annotations

from dataclasses import dataclass

from pygame import Rect

from drive_stack.viewer.layout import MIN_SIZE


@dataclass(frozen=True, slots=True)
class RaceLayout:
    """Rectangles [px]; they neither overlap nor leave the window."""

    size: tuple[int, int]
    scale: float  # of type and lines; 1 at 1600 × 900
    header: Rect
    cameras: tuple[Rect, ...]  # one per driver
    bars: tuple[Rect, ...]  # under each camera: name, speed, progress, score
    strip: Rect  # the road from above, all drivers
    footer: Rect


def arrange_race(width: int, height: int, drivers: int, camera_aspect: float) -> RaceLayout:
    """Arrange two or three drivers in one row, four in two rows; the strip below has the full width."""
    width, height = max(width, MIN_SIZE[0]), max(height, MIN_SIZE[1])
    scale = min(max(min(width / 1600.0, height / 900.0), 0.7), 2.4)
    gap = max(4, round(10 * scale))
    header_height, footer_height = round(46 * scale), max(22, round(30 * scale))
    rows = 2 if drivers > 3 else 1
    columns = -(-drivers // rows)
    body = height - header_height - footer_height
    bar_height = round((54 if rows == 1 else 48) * scale)
    strip_height = max(round(body * (0.38 if rows == 1 else 0.31)), round(24 * scale) * drivers)
    cell_width = (width - gap * (columns + 1)) // columns
    cell_height = (body - strip_height - gap * (rows + 1)) // rows
    camera_height = min(round(cell_width / camera_aspect), cell_height - bar_height)
    cameras, bars = [], []
    for index in range(drivers):
        left = gap + (index % columns) * (cell_width + gap)
        top = header_height + (index // columns) * (camera_height + bar_height + gap)
        camera = Rect(0, top, min(cell_width, round(camera_height * camera_aspect)), camera_height)
        camera.centerx = left + cell_width // 2
        cameras.append(camera)
        bars.append(Rect(left, top + camera_height, cell_width, bar_height))
    top = bars[-1].bottom + gap
    strip = Rect(gap, top, width - 2 * gap, height - footer_height - gap - top)
    return RaceLayout(
        size=(width, height),
        scale=scale,
        header=Rect(0, 0, width, header_height),
        cameras=tuple(cameras),
        bars=tuple(bars),
        strip=strip,
        footer=Rect(0, height - footer_height, width, footer_height),
    )
