"""One compiled pass from the rendered buffer to the sensor's image.

Each of the 2 × 2 samples of a pixel is lit and hazed by itself, then they are averaged: mean colour times
mean transmittance would draw dark outlines where something near covers the far haze. The pass also flips
rows and adds noise. It uses integers only, row by row and without branches, so that the compiler processes
8 to 32 pixels at once. Pixels are 32-bit words: blue, green, red and alpha from the lowest byte up.
"""

from __future__ import annotations

import numpy as np

from drive_stack.support.kernels import kernel

SUPERSAMPLING = 2  # factor of the rendered width and height
CODE_ZERO = 64  # alpha of an object with transmittance 0; the ground and the sky have less
GLOSS_CODE = 16  # alpha of pavement that may mirror; the rest of the ground and the sky have 0

_byte, _short, _word = np.uint8, np.uint16, np.uint32
_LOW_BYTE, _HALF = _word(255), _word(1 << 15)
_ZERO = _word(CODE_ZERO)
_ALPHA_SCALE = _word(
    round((255 << 16) / (255 - CODE_ZERO))
)  # transmittance per step of alpha, in 2⁻¹⁶ of 1/255
_FULL = _word(4 * 255)  # sum of four transmittances of 1
# divides the sum of four products of bytes by 4 · 255, to the nearest whole number
_DIVISOR, _DIVISOR_BITS = _word(round((1 << 22) / (4 * 255))), 22
_HALF_DIVISOR = _word(1 << (_DIVISOR_BITS - 1))


@kernel()
def apply_sensor(  # type: ignore[no-untyped-def]
    large, backdrop, ground_through, ground_lit, haze, bright, dark, image
):
    """Fill ``image`` (H, 3·W) with RGB from ``large`` (2·H, 2·W), whose first row is at the bottom.

    ``backdrop`` (H, W) is what is seen where nothing was drawn, which is where a sample is 0.
    ``ground_through`` and ``ground_lit`` (H, W) are the transmittance and light of the ground and the sky,
    ``haze`` (3,) is the colour of the haze. ``bright`` is added and ``dark`` subtracted at the end; both have
    the shape of ``image``.
    """
    height = len(image)
    for y in range(height):
        source_row = 2 * (height - 1 - y)
        _blend(
            large[source_row], large[source_row + 1], backdrop[y],
            ground_through[y], ground_lit[y], haze, image[y],
        )  # fmt: skip
        _add_noise(image[y], bright[y], dark[y])


@kernel()
def _blend(  # type: ignore[no-untyped-def]
    low, high, backdrop, ground_through, ground_lit, haze, pixels
):
    """Fill a row of RGB ``pixels`` with the mean of 2 × 2 samples, each lit and hazed by itself."""
    haze_red, haze_green, haze_blue = _word(haze[0]), _word(haze[1]), _word(haze[2])
    for x in range(len(ground_through)):
        through = _word(ground_through[x])
        weight = _word(_scale(ground_through[x], ground_lit[x]))
        behind = backdrop[x]
        a, b = _drawn_or(low[2 * x], behind), _drawn_or(low[2 * x + 1], behind)
        c, d = _drawn_or(high[2 * x], behind), _drawn_or(high[2 * x + 1], behind)
        upright_a, upright_b = _upright_transmittance(a), _upright_transmittance(b)
        upright_c, upright_d = _upright_transmittance(c), _upright_transmittance(d)
        through_a, through_b = _select(a, upright_a, through), _select(b, upright_b, through)
        through_c, through_d = _select(c, upright_c, through), _select(d, upright_d, through)
        weight_a, weight_b = _select(a, upright_a, weight), _select(b, upright_b, weight)
        weight_c, weight_d = _select(c, upright_c, weight), _select(d, upright_d, weight)
        hazed = _word(_FULL - _word(_word(through_a + through_b) + _word(through_c + through_d)))
        for channel, colour in ((0, haze_red), (1, haze_green), (2, haze_blue)):
            shift = 16 - 8 * channel
            total = _word(
                _word(_byte_of(a, shift) * weight_a + _byte_of(b, shift) * weight_b)
                + _word(_byte_of(c, shift) * weight_c + _byte_of(d, shift) * weight_d)
            )
            pixels[3 * x + channel] = _byte(_divide(_word(total + _word(colour * hazed))))


@kernel()
def _add_noise(pixels, bright, dark):  # type: ignore[no-untyped-def]
    """Add ``bright`` and subtract ``dark``, each clipped to a byte."""
    for x in range(len(pixels)):
        brightened = min(_short(_short(pixels[x]) + _short(bright[x])), _short(255))
        pixels[x] = _byte(max(brightened, _short(dark[x])) - _short(dark[x]))


@kernel()
def _upright_transmittance(sample):  # type: ignore[no-untyped-def]
    """Return the transmittance 0 … 255 of an upright object from its alpha."""
    alpha = _shift_right(sample, 24)
    return _shift_right(_word(_word(_word(max(alpha, _ZERO) - _ZERO) * _ALPHA_SCALE) + _HALF), 16)


@kernel()
def _select(sample, upright, ground):  # type: ignore[no-untyped-def]
    """Return ``upright`` where the sample's alpha is that of an object, else ``ground``."""
    return upright if _shift_right(sample, 24) >= _ZERO else ground


@kernel()
def _drawn_or(sample, backdrop):  # type: ignore[no-untyped-def]
    """Return a sample, or the backdrop where nothing was drawn."""
    return sample if sample > 0 else backdrop


@kernel()
def _byte_of(word, bits):  # type: ignore[no-untyped-def]
    """Return the byte of a word that begins at ``bits``."""
    return _word(_shift_right(word, bits) & _LOW_BYTE)


@kernel()
def _divide(total):  # type: ignore[no-untyped-def]
    """Return ``total / (4 · 255)`` to the nearest whole number."""
    return _shift_right(_word(_word(total * _DIVISOR) + _HALF_DIVISOR), _DIVISOR_BITS)


@kernel()
def _shift_right(word, bits):  # type: ignore[no-untyped-def]
    """Return a word shifted to the right."""
    return _word(word >> _word(bits))


@kernel()
def _scale(byte, fraction):  # type: ignore[no-untyped-def]
    """``byte · fraction / 255`` to the nearest whole number; both 0 … 255."""
    scaled = _short(_short(byte) * _short(fraction) + _short(128))
    return _short(_short(scaled + (scaled >> _short(8))) >> _short(8))
