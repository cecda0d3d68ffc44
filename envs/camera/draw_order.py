"""The order in which what lies on the ground is drawn."""

from __future__ import annotations

from panda3d.core import NodePath


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
