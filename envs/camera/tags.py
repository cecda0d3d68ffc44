"""Flat colours in the label picture: which node is what, and whose."""

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

_KEY = "label"


class LabelTags:
    """Teaches the label eye a colour for each kind and number: red the kind, green and blue the number."""

    def __init__(self, eye: Camera) -> None:
        self._eye = eye
        self._known: set[str] = set()
        eye.set_tag_state_key(_KEY)

    def mark(self, node: NodePath, kind: SemanticClass, number: int = 0) -> None:
        """Give a node and all below it their colour; ``number`` 0 is scenery, actors count from 1."""
        name = f"{int(kind)}:{number}"
        node.set_tag(_KEY, name)
        if name not in self._known:
            self._known.add(name)
            self._eye.set_tag_state(name, _flat_state(int(kind), number // 256, number % 256))


def _flat_state(*parts: int) -> RenderState:
    # the renderer rounds down, so halves keep each whole number what it is
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
