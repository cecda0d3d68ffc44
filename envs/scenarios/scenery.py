"""The keys of a scenario for what is next to the road."""

from __future__ import annotations

import math

from pydantic import model_validator

from drive_stack.config import StrictModel
from drive_stack.errors import FieldError

from ..traffic.flow import max_density
from .quantity import Density


class ScenerySpec(StrictModel):
    """What is next to the road. Everything is off by default."""

    # vehicles per km and lane of the opposite carriageway; without it there is no such carriageway
    opposite_traffic: Density | None = None
    variety: bool = False  # bridges, noise barriers, buildings and service areas
    held_out: bool = False  # only kinds of these that are held out of training

    shadows: bool = False  # of all of these, of trees, rails and signs, on the ground by clear day

    @model_validator(mode="after")
    def _fits_on_the_carriageway(self) -> ScenerySpec:
        allowed = math.floor(max_density())
        if self.opposite_traffic is not None and self.opposite_traffic.bounds[1] > allowed:
            problem = f"at most {allowed} vehicles of this mix fit on a kilometre of lane"
            raise FieldError(problem, ("opposite_traffic",))
        if self.held_out and not self.variety:
            raise FieldError("needs variety: true", ("held_out",))
        return self
