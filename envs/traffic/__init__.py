"""Traffic: every vehicle except the ego, as arrays that numba kernels update in place."""

from envs.traffic.density_control import Demand
from envs.traffic.mix import Mix
from envs.traffic.records import DriverProfile, EgoOnRoad
from envs.traffic.traffic import Traffic

__all__ = ["Demand", "DriverProfile", "EgoOnRoad", "Mix", "Traffic"]
