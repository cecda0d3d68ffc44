"""Frozen records that the stages pass to one another.

Other code imports them from this package, not from its modules.

Frames follow ISO 8855. *Ego frame*: x forward, y left, z up, yaw counter-clockwise, origin on the
ground below the centre of the rear axle. *World frame*: right-handed, z up, fixed for the episode.
Units are SI unless the name says otherwise. Images are ``(H, W, 3)`` uint8 RGB; boxes are
``(x1, y1, x2, y2)`` in pixels, origin top left. This package imports nothing else from this repository.
"""

from drive_stack.types.agent import Control, NavigationCommand, Observation
from drive_stack.types.arrays import FloatArray, Image
from drive_stack.types.classes import ObjectClass, SemanticClass
from drive_stack.types.contacts import Contact, ContactKind, Side
from drive_stack.types.labels import FrameLabels, LabelBox
from drive_stack.types.lanes import AdjacentLane, GroundEstimate, LaneEstimate, LanePath
from drive_stack.types.objects import Detection, LiftedObject, LineOfSight, RangeCue, Track
from drive_stack.types.planning import Behaviour, Cause, Plan, PlanningInput
from drive_stack.types.prediction import Hypothesis, Prediction
from drive_stack.types.trace import StepTrace

__all__ = [  # noqa: RUF022 - in the order of the page in the reference
    "Image",
    "FloatArray",
    "ObjectClass",
    "SemanticClass",
    "NavigationCommand",
    "Observation",
    "Control",
    "Detection",
    "RangeCue",
    "LineOfSight",
    "LiftedObject",
    "Track",
    "LanePath",
    "AdjacentLane",
    "GroundEstimate",
    "LaneEstimate",
    "Hypothesis",
    "Prediction",
    "Behaviour",
    "Cause",
    "Plan",
    "PlanningInput",
    "StepTrace",
    "LabelBox",
    "FrameLabels",
    "ContactKind",
    "Side",
    "Contact",
]
