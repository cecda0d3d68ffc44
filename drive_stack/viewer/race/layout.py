"""Layout of the parts of a race in a window."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pygame import Rect

from drive_stack.viewer.layout import MIN_SIZE
from drive_stack.viewer.race.captions import caption_height

_BAR_HEAD, _REASON_LINE = 50, 17  # of a bar below a camera: name and progress, and a line of the reason [px]
_LONGEST_REASON = 1250  # width of the longest sentence on how a drive ended, at 1600 × 900 [px]
_MIN_TYPE_SCALE = 0.85  # type does not become smaller
_CAMERA_FRACTION = 0.74  # of a column's width where the bar is beside the camera


@dataclass(frozen=True, slots=True)
class RaceLayout:
    """Rectangles [px]; they neither overlap nor leave the window."""

    size: tuple[int, int]
    scale: float  # of type and lines; 1 at 1600 × 900
    header: Rect
    cameras: tuple[Rect, ...]  # one per driver
    bars: tuple[Rect, ...]  # next to each camera: name, speed, progress, score, reason
    strip: Rect  # the road from above, all drivers
    footer: Rect
    captions: Rect | None = None  # of a narrated race, between the bars and the strip


def arrange_race(
    width: int, height: int, drivers: int, camera_aspect: float, *, captions: bool = False
) -> RaceLayout:
    """Arrange two or three drivers in one row, four in two rows; the strip below has the full width.

    In one row each camera has its bar below it and fills its column, in two rows the bar is on its right.
    With ``captions`` there is space for them above the strip.
    """
    width, height = max(width, MIN_SIZE[0]), max(height, MIN_SIZE[1])
    scale = min(max(min(width / 1600.0, height / 900.0), 0.7), 2.4)
    gap = max(4, round(10 * scale))
    header_height, footer_height = round(46 * scale), max(22, round(30 * scale))
    rows = 2 if drivers > 3 else 1
    columns = -(-drivers // rows)
    body = height - header_height - footer_height
    min_strip = max(round(body * 0.22), round(24 * scale) * drivers)
    cell_width = (width - gap * (columns + 1)) // columns
    bar_height = _bar_height(cell_width, scale) if rows == 1 else 0
    caption_band = caption_height(scale) + gap if captions else 0
    max_height = (body - min_strip - caption_band - gap * (rows + 1)) // rows - bar_height
    max_width = cell_width if rows == 1 else round(cell_width * _CAMERA_FRACTION)
    camera_height = min(round(max_width / camera_aspect), max_height)
    camera_width = min(max_width, round(camera_height * camera_aspect))
    cameras, bars = [], []
    for index in range(drivers):
        left = gap + (index % columns) * (cell_width + gap)
        top = header_height + (index // columns) * (camera_height + bar_height + gap)
        camera = Rect(left, top, camera_width, camera_height)
        if rows == 1:
            camera.centerx = left + cell_width // 2
            bars.append(Rect(left, camera.bottom, cell_width, bar_height))
        else:
            bars.append(Rect(camera.right, top, cell_width - camera_width, camera_height))
        cameras.append(camera)
    top = bars[-1].bottom + gap
    words = Rect(gap, top, width - 2 * gap, caption_band - gap) if captions else None
    top += caption_band
    strip = Rect(gap, top, width - 2 * gap, height - footer_height - gap - top)
    return RaceLayout(
        size=(width, height),
        scale=scale,
        header=Rect(0, 0, width, header_height),
        cameras=tuple(cameras),
        bars=tuple(bars),
        strip=strip,
        footer=Rect(0, height - footer_height, width, footer_height),
        captions=words,
    )


def _bar_height(width: int, scale: float) -> int:
    """Height of a bar below a camera, with space for the longest reason in small type [px]."""
    type_scale = max(scale, _MIN_TYPE_SCALE)
    lines = math.ceil(_LONGEST_REASON * type_scale / width)
    return round(_BAR_HEAD * scale) + lines * math.ceil(_REASON_LINE * type_scale)
