"""Traffic: every vehicle except the ego, as arrays that numba kernels update in place."""

from .density_control import Demand
from .mix import Mix
from .records import DriverProfile, EgoOnRoad
from .traffic import Traffic

__all__ = ["Demand", "DriverProfile", "EgoOnRoad", "Mix", "Traffic"]
