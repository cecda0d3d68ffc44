"""What water does to the picture: a road that mirrors, and spray behind vehicles."""

from .gloss import WetGloss
from .spray import Spray

__all__ = ["Spray", "WetGloss"]
