"""Traffic as arrays that stay resident and are stepped in place by numba kernels."""

from envs.traffic.rows import DriverProfile, EgoOnRoad
from envs.traffic.traffic import Traffic

__all__ = ["DriverProfile", "EgoOnRoad", "Traffic"]
