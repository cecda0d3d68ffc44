"""Traffic as arrays that stay resident and are stepped in place by numba kernels."""

from envs.traffic.mix import Mix
from envs.traffic.rows import DriverProfile, EgoOnRoad
from envs.traffic.supply import Demand
from envs.traffic.traffic import Traffic

__all__ = ["Demand", "DriverProfile", "EgoOnRoad", "Mix", "Traffic"]
