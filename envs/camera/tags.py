"""Flat colours of nodes in the label image: semantic class and actor number."""

from __future__ import annotations

from panda3d.core import (
    Camera,
    ColorAttrib,
    ColorScaleAttrib,
    LightAttrib,
    NodePath,
    RenderState,
    TextureAttrib,
    TransparencyAttrib,
)

from drive_stack.types import SemanticClass

from .offscreen_renderer import LABELS

_KEY = "label"


class LabelTags:
    """Registers colours with the label view: red is the class, green and blue are the actor's number."""

    def __init__(self, view: Camera) -> None:
        self._view = view
        self._registered: set[str] = set()
        view.set_tag_state_key(_KEY)

    def mark(self, node: NodePath, kind: SemanticClass | None, number: int = 0) -> None:
        """Set the colour of a node and its descendants. ``number`` 0 is scenery, actors start at 1.

        For the kind None they are left out of the label image, which shows what is behind them.
        """
        if kind is None:
            self.hide(node)
            return
        name = f"{int(kind)}:{number}"
        node.set_tag(_KEY, name)
        if name not in self._registered:
            self._registered.add(name)
            self._view.set_tag_state(name, _flat_state(int(kind), number // 256, number % 256))

    def hide(self, node: NodePath) -> None:
        """Leave a node and its descendants out of the label image."""
        node.hide(LABELS)


def _flat_state(*parts: int) -> RenderState:
    # the renderer rounds down, so the added half preserves each integer
    red, green, blue = ((part + 0.5) / 255.0 for part in parts)
    state = RenderState.make(ColorAttrib.make_flat((red, green, blue, 1.0)), 100)
    for attribute in (
        LightAttrib.make_all_off(),
        TextureAttrib.make_all_off(),
        ColorScaleAttrib.make_off(),
        TransparencyAttrib.make(TransparencyAttrib.M_none),
    ):
        state = state.set_attrib(attribute, 100)
    return state
