"""The order in which what lies on the ground is drawn."""

from __future__ import annotations

from panda3d.core import ColorBlendAttrib, DepthTestAttrib, NodePath, RenderAttrib


def set_flat(node: NodePath, sort: int) -> None:
    """Draw a node on the ground before all upright nodes, in the order of ``sort``."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(False)


def set_hilly(node: NodePath, sort: int) -> None:
    """Draw a node of hilly ground in the order of ``sort``; it hides what is drawn later behind it."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(True)


def set_on_hills(node: NodePath, sort: int) -> None:
    """Draw a node that lies on hilly ground in the order of ``sort``; hills hide it."""
    node.set_bin("background", sort)
    node.set_depth_write(False)


def set_multiplying(node: NodePath) -> None:
    """Let the colours of a node multiply those of what is drawn below it; alpha 1 keeps the alpha there."""
    blend = ColorBlendAttrib.make(
        ColorBlendAttrib.M_add, ColorBlendAttrib.O_fbuffer_color, ColorBlendAttrib.O_zero
    )
    node.set_attrib(blend)
    node.set_two_sided(True)
    # the renderer draws the pixels of common edges twice, so only the first may pass
    node.set_attrib(DepthTestAttrib.make(RenderAttrib.M_less))
    node.set_depth_write(True)
