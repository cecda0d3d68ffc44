"""Whether a careful driver in the ego's place would have avoided a collision.

The reference driver is that of UN R157, annex 4, appendix 3. It perceives a risk for 0.4 s; if the risk is a
car in an adjacent lane, this starts once the car has moved 0.375 m laterally. After another 0.75 s the driver
brakes with 0.774 g, reached at 12.65 m/s³, and keeps its lane. It is replayed on the recorded episode: the
other road user moves as recorded, and from the end of its record as `ExtrapolatedTrajectory` says.

Three departures from the regulation:

- **A risk starts earlier.** The regulation's driver brakes at a time to collision of 2 s. A stationary car in
  the lane is visible much earlier, and hitting it at 130 km/h is not unavoidable. Here a risk starts once the
  other is visible, is in the ego's path or moves into it, and the gap closes within `HORIZON`. As in the
  regulation, a risk also starts when the gap closes at all while the ego follows less than `CRITICAL_GAP`
  behind, or when the vehicle ahead brakes with more than 5 m/s².
- **Tailgating is no excuse.** Following less than `MIN_GAP` behind is a risk in itself.
- **Grip and speed limit bound the reference driver.** It brakes no harder than the tyres' grip allows. Where
  a vehicle ahead cannot brake with 5 m/s², braking with nearly all of the grip is the risk. The driver
  starts where the ego was at the start of the risk, at the lower of the ego's speed and the speed limit.

For an actor that comes from behind, the reference driver keeps the ego's own speed and the lane that the ego
was in at the start of the risk. An ego that is hit from behind in its lane could therefore not avoid it, and
an ego that swerved could have stayed in its lane.
"""

from drive_stack.evaluation.avoidability.reference_driver import (
    BRAKING,
    JERK,
    PERCEPTION_TIME,
    REACTION_TIME,
)
from drive_stack.evaluation.avoidability.replay import (
    MAX_DEMAND,
    Avoidability,
    Reason,
    braking_demand,
    evaluate_avoidability,
)
from drive_stack.evaluation.avoidability.risk import CRITICAL_GAP, MIN_GAP

__all__ = [
    "BRAKING",
    "CRITICAL_GAP",
    "JERK",
    "MAX_DEMAND",
    "MIN_GAP",
    "PERCEPTION_TIME",
    "REACTION_TIME",
    "Avoidability",
    "Reason",
    "braking_demand",
    "evaluate_avoidability",
]
