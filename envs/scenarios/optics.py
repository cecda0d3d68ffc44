"""The keys of a scenario for what is on the camera's lens, for its exposure and for glare."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.world_state import Optics

from .quantity import Fraction, Quantity, fixed, within

Stops: TypeAlias = Annotated[Quantity, within(-3.0, 3.0)]  # of the exposure; one stop is a factor of 2
Jumps: TypeAlias = Annotated[Quantity, within(0.0, 3.0)]  # of the exposure, in stops
ShutterTime: TypeAlias = Annotated[Quantity, within(0.0, 0.05)]  # [s]


class OpticsSpec(StrictModel):
    """What lens and exposure add to the picture; see `Optics`. All is off by default."""

    glare: Fraction = fixed(0.0)
    drops: Fraction = fixed(0.0)
    dirt: Fraction = fixed(0.0)
    smear: Fraction = fixed(0.0)
    exposure_ev: Stops = fixed(0.0)
    exposure_jumps_ev: Jumps = fixed(0.0)
    shutter: ShutterTime = fixed(0.0)  # [s]

    def draw(self, rng: np.random.Generator) -> Optics:
        """Draw the optics of one episode."""
        return Optics(
            glare=self.glare.draw(rng),
            drops=self.drops.draw(rng),
            dirt=self.dirt.draw(rng),
            smear=self.smear.draw(rng),
            exposure_ev=self.exposure_ev.draw(rng),
            exposure_jumps_ev=self.exposure_jumps_ev.draw(rng),
            shutter=self.shutter.draw(rng),
        )
