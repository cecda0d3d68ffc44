"""Whose fault a contact was."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.objects.classes import contact_name
from drive_stack.types import Contact, Side

STANDING = 0.05  # up to this speed the ego or the other is stopped (nuPlan, NAVSIM) [m/s]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the ego is at fault for a contact, and why."""

    at_fault: bool
    reason: str


def evaluate_contact(contact: Contact, *, inside_one_lane: bool, behind: bool | None = None) -> Verdict:
    """nuPlan's and NAVSIM's rule for one contact.

    At fault: hitting something that stands, hitting with the front while moving, or a lateral collision
    while not inside one lane. Not at fault: standing, or being hit from behind. ``behind`` says whether
    the other's centre lies within 30° behind the ego's rear axle; without it the face that was hit
    decides. The originals take every object for standing; here an animal, which is an object to the schemes,
    counts as what it does. Sources: nuplan-devkit, ``no_ego_at_fault_collisions.py``; navsim,
    ``pdm_scorer_utils.py``.
    """
    what = contact_name(contact)
    if contact.ego_speed <= STANDING:
        return Verdict(False, "the ego stood still")
    if contact.actor_speed <= STANDING:
        return Verdict(True, f"drove into a standing {what}")
    if contact.side is Side.REAR if behind is None else behind:
        return Verdict(False, f"was hit from behind by {_with_article(what)}")
    if contact.side is Side.FRONT:
        return Verdict(True, f"hit the {what} with its front")
    if not inside_one_lane:
        return Verdict(True, f"hit the {what} sideways while between lanes")
    return Verdict(False, f"was hit on the {contact.side.value} by {_with_article(what)} in its own lane")


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
