"""Whether a careful driver in the ego's place would have avoided a collision.

The reference driver is that of UN R157, annex 4, appendix 3. It weighs a risk for 0.4 s, from an adjacent
car once that has moved 0.375 m sideways; 0.75 s later it brakes with 0.774 g, reached at 12.65 m/s³, and
keeps its lane. It is replayed on the same episode: the other road user does what it did, and goes on as
`OtherCourse` says from where its record ends.

Three departures from the regulation:

- **The risk shows earlier.** The regulation's driver brakes at a time to collision of 2 s. A standing car in
  the lane shows much earlier, and nobody would call it unavoidable at 130 km/h. Here a risk shows once the
  other, in sight, is in the ego's path or on its way into it, and the gap closes within `HORIZON`; or, as in
  the regulation, closes at all while the ego follows less than `CRITICAL_GAP` behind, or is a lead's braking
  of more than 5 m/s².
- **A tailgater is not excused.** Less than `MIN_GAP` behind is a risk in itself.
- **The road and the law bound the reference.** It brakes no harder than the tyres' grip allows, and it
  drives no faster than the speed limit where the risk shows: it starts at the same place, at the lower of
  the two speeds.

Whoever comes from behind sees the reference drive the ego's own speed in the lane in which it was when the
risk showed: who is hit from behind in its lane could not avoid it, and whoever swerves could have stayed.
"""

from drive_stack.evaluation.avoidability.reference_driver import (
    BRAKING,
    JERK,
    PERCEPTION,
    REACTION,
    cut_in_avoidable,
)
from drive_stack.evaluation.avoidability.replay import Avoidability, Reason, avoidability, avoidable
from drive_stack.evaluation.avoidability.risk import CRITICAL_GAP, MIN_GAP, WANDERING

__all__ = [
    "BRAKING",
    "CRITICAL_GAP",
    "JERK",
    "MIN_GAP",
    "PERCEPTION",
    "REACTION",
    "WANDERING",
    "Avoidability",
    "Reason",
    "avoidability",
    "avoidable",
    "cut_in_avoidable",
]
