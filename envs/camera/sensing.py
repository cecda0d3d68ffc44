"""From the drawn buffer to the sensor's picture in one compiled pass: shrunk, upright, veiled, lit, noisy.

All is whole numbers, row after row and without a branch, cut back to the fewest bits at each step:
so compilers work on 8 to 32 pixels at a time. Pixels are taken as 32 bits: blue, green, red and
alpha from the lowest up.
"""

from __future__ import annotations

import numba
import numpy as np

SUPERSAMPLING = 2  # drawn that many times as wide and high
CODE_ZERO = 64  # alpha of a thing that the air hides wholly

_byte, _short, _word = np.uint8, np.uint16, np.uint32
_PAIR = _word(0x00FF00FF)  # two of the four bytes, each with room above it for a sum
_ROUNDING = _word(0x00020002)  # half of the four that sums are divided by
_ZERO, _HALF = _word(CODE_ZERO), _word(1 << 15)
_STEP = _word(round((255 << 16) / (255 - CODE_ZERO)))  # let through per step of alpha, 2⁻¹⁶ of 1/255
_STANDS = _word(1 << 26)  # above all that four shares can add up to


@numba.njit(cache=True)
def sense(large, ground_through, ground_lit, haze, bright, dark, picture):  # type: ignore[no-untyped-def]
    """Fill ``picture`` (H, 3·W) with RGB from ``large`` (2·H, 2·W), whose first row is at the bottom.

    ``ground_through`` and ``ground_lit`` (H, W) say how the air treats what has alpha 0, ``haze`` (3,)
    is its colour; ``bright`` is added and ``dark`` taken away in the end, both as ``picture``.
    """
    height, width = ground_through.shape
    row = np.empty((5, width), np.uint8)
    for y in range(height):
        below = 2 * (height - 1 - y)
        _shrink(large[below], large[below + 1], row)
        _veil(row, ground_through[y], ground_lit[y], haze, picture[y])
        _disturb(picture[y], bright[y], dark[y])


@numba.njit(cache=True)
def _shrink(low, high, row):  # type: ignore[no-untyped-def]
    """Means of two by two: red, green, blue, share let through by what stands, share of what stands."""
    red, green, blue, standing, solid = row[0], row[1], row[2], row[3], row[4]
    for x in range(len(red)):
        a, b, c, d = low[2 * x], low[2 * x + 1], high[2 * x], high[2 * x + 1]
        outer = _sum(a & _PAIR, b & _PAIR, c & _PAIR, d & _PAIR)
        red[x], blue[x] = _byte(_down(outer, 18)), _byte(_down(outer, 2))
        a, b, c, d = _down(a, 8), _down(b, 8), _down(c, 8), _down(d, 8)
        green[x] = _byte(_down(_sum(a & _PAIR, b & _PAIR, c & _PAIR, d & _PAIR), 2))
        a, b, c, d = _down(a, 16), _down(b, 16), _down(c, 16), _down(d, 16)
        stands = _sum(_standing(a), _standing(b), _standing(c), _standing(d))
        standing[x] = _byte(_down(stands & _word(1023), 2))
        solid[x] = _byte(_down(_word((_down(stands, 10) & _word(7)) * _word(255)) + _word(2), 2))


@numba.njit(cache=True)
def _veil(row, ground_through, ground_lit, haze, pixels):  # type: ignore[no-untyped-def]
    """What is left of a shrunk row's colours, and the haze's instead of what is not."""
    red, green, blue, standing, solids = row[0], row[1], row[2], row[3], row[4]
    for x in range(len(red)):
        solid = _short(solids[x])
        open_ = _short(_short(255) - solid)
        through = _short(_short(standing[x]) + _of(ground_through[x], open_))
        weight = _of(through, _short(solid + _of(ground_lit[x], open_)))
        veil = _short(_short(255) - through)
        pixels[3 * x] = _byte(_of(red[x], weight) + _of(haze[0], veil))
        pixels[3 * x + 1] = _byte(_of(green[x], weight) + _of(haze[1], veil))
        pixels[3 * x + 2] = _byte(_of(blue[x], weight) + _of(haze[2], veil))


@numba.njit(cache=True)
def _disturb(pixels, bright, dark):  # type: ignore[no-untyped-def]
    """Add and take away, cut off each time at what a byte holds."""
    for x in range(len(pixels)):
        most = min(_short(_short(pixels[x]) + _short(bright[x])), _short(255))
        pixels[x] = _byte(max(most, _short(dark[x])) - _short(dark[x]))


@numba.njit(cache=True)
def _standing(alpha):  # type: ignore[no-untyped-def]
    """Share of a thing let through, 0 … 255, in the low ten bits; above them 1 where anything stands."""
    stands = _STANDS + _HALF if alpha > 0 else _HALF
    return _down(_word(_word(_word(max(alpha, _ZERO) - _ZERO) * _STEP) + stands), 16)


@numba.njit(cache=True)
def _down(word, bits):  # type: ignore[no-untyped-def]
    """A word shifted to the right."""
    return _word(word >> _word(bits))


@numba.njit(cache=True)
def _sum(a, b, c, d):  # type: ignore[no-untyped-def]
    """Of four words, made ready to be cut down to their mean, in both halves."""
    return _word(_word(_word(_word(a) + _word(b)) + _word(_word(c) + _word(d))) + _ROUNDING)


@numba.njit(cache=True)
def _of(byte, share):  # type: ignore[no-untyped-def]
    """``byte · share / 255`` to the nearest whole number; both 0 … 255."""
    twice = _short(_short(byte) * _short(share) + _short(128))
    return _short(_short(twice + (twice >> _short(8))) >> _short(8))
