"""One compiled pass from the rendered buffer to the sensor's image.

The pass downsamples, flips rows, applies haze and light, and adds noise. It uses integers only, row by row
and without branches, at the fewest bits in each step, so that the compiler processes 8 to 32 pixels at once.
Pixels are 32-bit words: blue, green, red and alpha from the lowest byte up.
"""

from __future__ import annotations

import numba
import numpy as np

SUPERSAMPLING = 2  # factor of the rendered width and height
CODE_ZERO = 64  # alpha of an object with transmittance 0

_byte, _short, _word = np.uint8, np.uint16, np.uint32
_PAIR = _word(0x00FF00FF)  # two of the four bytes, each with space above it for a sum
_ROUNDING = _word(0x00020002)  # half of the divisor 4
_ZERO, _HALF = _word(CODE_ZERO), _word(1 << 15)
_ALPHA_SCALE = _word(
    round((255 << 16) / (255 - CODE_ZERO))
)  # transmittance per step of alpha, in 2⁻¹⁶ of 1/255
_SOLID_BIT = _word(1 << 26)  # above the sum of four transmittances


@numba.njit(cache=True)
def apply_sensor(large, ground_through, ground_lit, haze, bright, dark, image):  # type: ignore[no-untyped-def]
    """Fill ``image`` (H, 3·W) with RGB from ``large`` (2·H, 2·W), whose first row is at the bottom.

    ``ground_through`` and ``ground_lit`` (H, W) are the transmittance and light of pixels with alpha 0,
    ``haze`` (3,) is the colour of the haze. ``bright`` is added and ``dark`` subtracted at the end; both have
    the shape of ``image``.
    """
    height, width = ground_through.shape
    row = np.empty((5, width), np.uint8)
    for y in range(height):
        source_row = 2 * (height - 1 - y)
        _downsample(large[source_row], large[source_row + 1], row)
        _blend_haze(row, ground_through[y], ground_lit[y], haze, image[y])
        _add_noise(image[y], bright[y], dark[y])


@numba.njit(cache=True)
def _downsample(low, high, row):  # type: ignore[no-untyped-def]
    """Average 2 × 2 pixels: red, green, blue, and transmittance and fraction of upright objects."""
    red, green, blue, upright, solid = row[0], row[1], row[2], row[3], row[4]
    for x in range(len(red)):
        a, b, c, d = low[2 * x], low[2 * x + 1], high[2 * x], high[2 * x + 1]
        outer = _sum(a & _PAIR, b & _PAIR, c & _PAIR, d & _PAIR)
        red[x], blue[x] = _byte(_shift_right(outer, 18)), _byte(_shift_right(outer, 2))
        a, b, c, d = _shift_right(a, 8), _shift_right(b, 8), _shift_right(c, 8), _shift_right(d, 8)
        green[x] = _byte(_shift_right(_sum(a & _PAIR, b & _PAIR, c & _PAIR, d & _PAIR), 2))
        a, b, c, d = _shift_right(a, 16), _shift_right(b, 16), _shift_right(c, 16), _shift_right(d, 16)
        packed = _sum(
            _upright_transmittance(a),
            _upright_transmittance(b),
            _upright_transmittance(c),
            _upright_transmittance(d),
        )
        upright[x] = _byte(_shift_right(packed & _word(1023), 2))
        solid[x] = _byte(
            _shift_right(_word((_shift_right(packed, 10) & _word(7)) * _word(255)) + _word(2), 2)
        )


@numba.njit(cache=True)
def _blend_haze(row, ground_through, ground_lit, haze, pixels):  # type: ignore[no-untyped-def]
    """Attenuate the colours of a downsampled row and blend in the haze."""
    red, green, blue, upright, solids = row[0], row[1], row[2], row[3], row[4]
    for x in range(len(red)):
        solid = _short(solids[x])
        open_ = _short(_short(255) - solid)
        through = _short(_short(upright[x]) + _scale(ground_through[x], open_))
        weight = _scale(through, _short(solid + _scale(ground_lit[x], open_)))
        haze_weight = _short(_short(255) - through)
        pixels[3 * x] = _byte(_scale(red[x], weight) + _scale(haze[0], haze_weight))
        pixels[3 * x + 1] = _byte(_scale(green[x], weight) + _scale(haze[1], haze_weight))
        pixels[3 * x + 2] = _byte(_scale(blue[x], weight) + _scale(haze[2], haze_weight))


@numba.njit(cache=True)
def _add_noise(pixels, bright, dark):  # type: ignore[no-untyped-def]
    """Add ``bright`` and subtract ``dark``, each clipped to a byte."""
    for x in range(len(pixels)):
        brightened = min(_short(_short(pixels[x]) + _short(bright[x])), _short(255))
        pixels[x] = _byte(max(brightened, _short(dark[x])) - _short(dark[x]))


@numba.njit(cache=True)
def _upright_transmittance(alpha):  # type: ignore[no-untyped-def]
    """Return an object's transmittance 0 … 255 in the low ten bits; bit 10 is 1 where alpha is above 0."""
    packed = _SOLID_BIT + _HALF if alpha > 0 else _HALF
    return _shift_right(_word(_word(_word(max(alpha, _ZERO) - _ZERO) * _ALPHA_SCALE) + packed), 16)


@numba.njit(cache=True)
def _shift_right(word, bits):  # type: ignore[no-untyped-def]
    """Return a word shifted to the right."""
    return _word(word >> _word(bits))


@numba.njit(cache=True)
def _sum(a, b, c, d):  # type: ignore[no-untyped-def]
    """Return the sum of four words with rounding for a division by 4, in both halves."""
    return _word(_word(_word(_word(a) + _word(b)) + _word(_word(c) + _word(d))) + _ROUNDING)


@numba.njit(cache=True)
def _scale(byte, fraction):  # type: ignore[no-untyped-def]
    """``byte · fraction / 255`` to the nearest whole number; both 0 … 255."""
    scaled = _short(_short(byte) * _short(fraction) + _short(128))
    return _short(_short(scaled + (scaled >> _short(8))) >> _short(8))
