"""The ground: terrain, pavement and markings, and the distance of the ground in each pixel."""

from .distance import PLAIN_REACH, GroundDistance, plain_height
from .layers import Layer
from .nodes import Ground
from .surface import meadow_colour

__all__ = ["PLAIN_REACH", "Ground", "GroundDistance", "Layer", "meadow_colour", "plain_height"]
