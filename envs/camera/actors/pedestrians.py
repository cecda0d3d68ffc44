"""Pedestrians: rounded bodies with jointed limbs that walk and run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from .mesh import Mesh, geom_node, join
from .shapes import ellipses, tube

RGB = tuple[int, int, int]
Clothes = tuple[RGB, RGB, RGB, RGB]  # top, trousers, hair, skin

_SHOE = (44.0, 40.0, 38.0)
_CREASE_DEG = 80.0
_WALKING = 1.4  # [m/s]
_RUNNING = 3.5  # [m/s]


@dataclass(frozen=True, slots=True)
class Proportions:
    """Joint heights and widths of a body [m]."""

    hip: float
    knee: float
    ankle: float  # height above the sole
    shoulder: float
    elbow: float
    hand: float
    chin: float
    head_half_width: float
    shoulder_half_width: float
    hip_half_width: float
    limb: float  # radius of the thigh


@dataclass(frozen=True, slots=True)
class Pose:
    """Joint angles (left, right) [rad]: forward rotation of hips and shoulders, flexion ≥ 0 of the others."""

    hips: tuple[float, float]
    knees: tuple[float, float]
    shoulders: tuple[float, float]
    elbows: tuple[float, float]
    lean: float


@dataclass(frozen=True, slots=True)
class PedestrianMeshes:
    """Meshes of the body parts. Limbs extend down from a joint at the origin, the trunk up from the hips."""

    trunk: Mesh
    upper_arm: Mesh
    forearm: Mesh
    thigh: Mesh
    shin: Mesh


def proportions(height: float, *, child: bool) -> Proportions:
    """Return the proportions of a body of a height [m]; a child has a larger head and shorter legs."""
    h = height
    head, hip = (0.175, 0.46) if child else (0.132, 0.50)
    return Proportions(
        hip=hip * h,
        knee=(hip * 0.54) * h,
        ankle=0.045 * h,
        shoulder=(0.775 if child else 0.815) * h,
        elbow=0.60 * h,
        hand=0.42 * h,
        chin=(1.0 - head) * h,
        head_half_width=(0.066 if child else 0.047) * h,
        shoulder_half_width=0.115 * h,
        hip_half_width=0.056 * h,
        limb=0.050 * h,
    )


def gait(phase: float, speed: float) -> Pose:
    """Return the joint angles at a phase of the gait cycle [rad] and a speed [m/s]; upright at speed 0.

    Legs are half a cycle apart and arms swing in antiphase. Runners lift their knees, bend their arms and
    lean forward.
    """
    walk = min(max(speed, 0.0) / _WALKING, 1.0)
    run = float(np.clip((speed - 2.0) / (_RUNNING - 2.0), 0.0, 1.0))
    swing = walk * (0.44 + 0.26 * run)
    legs = (phase, phase + np.pi)
    hips = [swing * float(np.sin(p)) + 0.14 * run for p in legs]
    lift = [max(0.0, float(np.cos(p))) for p in legs]  # the leg that swings forward
    knees = [walk * (0.08 + (0.85 + 0.65 * run) * up**1.5 + 0.10 * run) for up in lift]
    arms = [-walk * (0.42 + 0.35 * run) * float(np.sin(p)) for p in legs]
    elbow = 0.12 + 0.18 * walk + 1.15 * run
    return Pose(
        hips=(hips[0], hips[1]),
        knees=(knees[0], knees[1]),
        shoulders=(arms[0], arms[1]),
        elbows=(elbow, elbow),
        lean=0.03 * walk + 0.13 * run,
    )


def _head(p: Proportions, height: float, hair: RGB, skin: RGB, sides: int) -> Mesh:
    """Build face, neck and hair that extends lower at the back."""
    head_height = height - p.chin
    half_width = p.head_half_width
    levels = np.array([0.0, 0.16, 0.45, 0.74, 0.93])
    girth = np.array([0.52, 0.82, 1.0, 0.96, 0.62])
    face = tube(
        ellipses(sides, p.chin + levels * head_height, girth * half_width * 1.16, girth * half_width), skin
    )
    neck = tube(
        ellipses(
            6,
            np.array([p.shoulder - 0.01, p.chin + 0.2 * head_height]),
            half_width * 0.62,
            half_width * 0.62,
            -0.1 * half_width,
        ),
        skin,
        caps=(False, False),
    )
    crown = np.array([0.22, 0.55, 0.82, 0.96, 1.0])
    volume = np.array([0.70, 1.10, 1.06, 0.74, 0.26])
    back = np.array([-0.62, -0.22, -0.10, -0.05, -0.05]) * half_width
    depth = np.array([0.62, 1.06, 1.16, 0.84, 0.30]) * half_width
    cap = tube(ellipses(sides, p.chin + crown * head_height, depth, volume * half_width, back), hair)
    return join((face, neck, cap))


def _trunk(p: Proportions, height: float, clothes: Clothes) -> Mesh:
    """Build pelvis, chest, neck and head; z is above the ground."""
    top, trousers, hair, skin = clothes
    h, sides = height, 6
    waist = p.hip + 0.05 * h
    torso = ellipses(
        sides,
        np.array(
            [
                waist - 0.02 * h,
                waist + 0.06 * h,
                p.shoulder - 0.07 * h,
                p.shoulder - 0.005 * h,
                p.shoulder + 0.022 * h,
            ]
        ),
        np.array([0.068, 0.066, 0.074, 0.060, 0.030]) * h,
        np.array([0.094, 0.088, 0.106, 0.104, 0.045]) * h,
    )
    pelvis = ellipses(
        sides,
        np.array([p.hip - 0.055 * h, p.hip, waist]),
        np.array([0.040, 0.068, 0.064]) * h,
        np.array([0.062, 0.095, 0.090]) * h,
    )
    return join(
        (tube(torso, top), tube(pelvis, trousers, caps=(True, False)), _head(p, height, hair, skin, sides))
    )


def _limb(
    sides: int,
    heights: list[float],
    radii: list[float],
    colour: RGB,
    caps: tuple[bool, bool] = (False, False),
) -> Mesh:
    rings = ellipses(sides, np.array(heights), np.array(radii), np.array(radii) * 0.95)
    return tube(rings, colour, caps=caps)


def _shin(p: Proportions, trousers: RGB) -> Mesh:
    """Build a lower leg with its shoe; the sole is one shin length below the joint."""
    down, r = p.knee, p.limb
    leg = _limb(5, [-down + 0.4 * p.ankle, -0.4 * down, 0.02], [r * 0.60, r * 0.82, r * 0.80], trousers)
    foot_length = 3.3 * p.ankle
    sole = ellipses(
        5,
        np.array([-down, -down + 0.6 * p.ankle, -down + 1.25 * p.ankle]),
        np.array([0.5, 0.46, 0.22]) * foot_length,
        np.array([0.78, 0.76, 0.5]) * r,
        np.array([0.22, 0.20, 0.04]) * foot_length,
    )
    return join((leg, tube(sole, _SHOE)))


@lru_cache(maxsize=256)
def pedestrian_meshes(height: float, child: bool, clothes: Clothes) -> PedestrianMeshes:
    """Build the body parts of a pedestrian of a height [m]."""
    p = proportions(height, child=child)
    top, trousers, _, skin = clothes
    r = p.limb
    upper, fore, thigh = p.shoulder - p.elbow, p.elbow - p.hand, p.hip - p.knee
    sleeve = _limb(
        5, [-upper, -0.5 * upper, 0.02 * height], [r * 0.56, r * 0.66, r * 0.72], top, (False, True)
    )
    cuff = _limb(5, [-0.72 * fore, 0.01], [r * 0.46, r * 0.56], top)
    hand = _limb(4, [-fore, -0.86 * fore, -0.68 * fore], [r * 0.26, r * 0.46, r * 0.34], skin, (True, False))
    leg = _limb(5, [-thigh, -0.45 * thigh, 0.02 * height], [r * 0.78, r * 0.98, r * 1.05], trousers)
    trunk = _trunk(p, height, clothes).moved((0.0, 0.0, -p.hip))
    return PedestrianMeshes(
        trunk=trunk, upper_arm=sleeve, forearm=join((cuff, hand)), thigh=leg, shin=_shin(p, trousers)
    )


class PedestrianModel:
    """Scene node of one pedestrian. Its origin is at the feet, x forward, y left, z up [m]."""

    def __init__(self, meshes: PedestrianMeshes, dimensions: Proportions) -> None:
        self._proportions = dimensions
        self.node = NodePath("person")
        self._hips = self.node.attach_new_node("hips")
        self._trunk = self._hips.attach_new_node(geom_node("trunk", meshes.trunk, _CREASE_DEG))
        sides = (1.0, -1.0)
        self._thighs = self._attach_pair((self._hips, self._hips), "thigh", meshes.thigh)
        self._shins = self._attach_pair(self._thighs, "shin", meshes.shin)
        self._arms = self._attach_pair((self._trunk, self._trunk), "upper_arm", meshes.upper_arm)
        self._forearms = self._attach_pair(self._arms, "forearm", meshes.forearm)
        m = dimensions
        for k, side in enumerate(sides):
            self._thighs[k].set_pos(0.0, side * m.hip_half_width, 0.0)
            self._shins[k].set_pos(0.0, 0.0, m.knee - m.hip)
            self._arms[k].set_pos(0.0, side * m.shoulder_half_width, m.shoulder - m.hip - 0.02 * m.shoulder)
            self._forearms[k].set_pos(0.0, 0.0, m.elbow - m.shoulder)
        self.set_gait(0.0, 0.0)

    @staticmethod
    def _attach_pair(joints: tuple[NodePath, NodePath], name: str, mesh: Mesh) -> tuple[NodePath, NodePath]:
        """Attach one limb geometry to the left and the right joint."""
        limb = geom_node(name, mesh, _CREASE_DEG)
        left, right = (joint.attach_new_node(name) for joint in joints)
        for side in (left, right):
            side.attach_new_node(limb)
        return left, right

    def set_gait(self, phase_rad: float, speed: float) -> None:
        """Set the pose at a phase of the gait cycle [rad] and a speed [m/s], with one foot on the ground."""
        pose = gait(phase_rad, speed)
        for k in (0, 1):
            side = 1.0 if k == 0 else -1.0
            _rotate_joint(self._thighs[k], pose.hips[k])
            _rotate_joint(self._shins[k], -pose.knees[k])
            _rotate_joint(self._arms[k], pose.shoulders[k] - pose.lean, lateral=side * 0.09)
            _rotate_joint(self._forearms[k], pose.elbows[k])
        _rotate_joint(self._trunk, -pose.lean)
        self._hips.set_z(max(self._leg_length(h, k) for h, k in zip(pose.hips, pose.knees, strict=True)))

    def _leg_length(self, hip: float, knee: float) -> float:
        """Return the distance of a leg's sole below the hip [m]."""
        m = self._proportions
        shin = hip - knee
        toe = 3.3 * m.ankle * (0.72 if shin < 0.0 else -0.28)
        return float((m.hip - m.knee) * np.cos(hip) + m.knee * np.cos(shin) - toe * np.sin(shin))


def _rotate_joint(node: NodePath, forward: float, lateral: float = 0.0) -> None:
    """Rotate the limb below a joint forward (about −y) and to the left (about x) [rad]."""
    node.set_hpr(0.0, float(np.degrees(lateral)), float(-np.degrees(forward)))


def build_pedestrian(height: float, child: bool, clothes: NDArray[np.uint8]) -> PedestrianModel:
    """Build a pedestrian of a height [m] with colours ``clothes`` (4, 3) RGB: top, trousers, hair, skin."""
    rows = [(int(r), int(g), int(b)) for r, g, b in np.asarray(clothes)]
    colours: Clothes = (rows[0], rows[1], rows[2], rows[3])
    meshes = pedestrian_meshes(float(height), bool(child), colours)
    return PedestrianModel(meshes, proportions(float(height), child=bool(child)))
