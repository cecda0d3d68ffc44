"""Solids of random form: their size, their variety, and what they must not imitate."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from envs.camera.actors.mesh import Mesh, join
from envs.camera.actors.solids import Form, build_solid, draw_parts

FORMS = range(120)  # seeds


def volume(mesh: Mesh) -> float:
    """The volume inside a closed surface [m³]; negative if its faces point inward."""
    first, second, third = np.moveaxis(mesh.points, 1, 0)
    return float(np.einsum("ij,ij->", first, np.cross(second, third)) / 6.0)


def spans(mesh: Mesh) -> NDArray[np.float64]:
    low, high = mesh.bounds
    return high - low


@pytest.mark.parametrize("form", range(8))
def test_a_solid_fills_its_size_and_stands_on_the_ground(form: int) -> None:
    low, high = build_solid(form, 1.6, 0.7, 2.1).bounds
    np.testing.assert_allclose(low, [-0.8, -0.35, 0.0], atol=1e-9)
    np.testing.assert_allclose(high, [0.8, 0.35, 2.1], atol=1e-9)


def test_a_form_is_always_the_same_and_differs_from_all_others() -> None:
    first, again = ([build_solid(form, 1.0, 1.0, 1.0) for form in FORMS] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.points, other.points) and np.array_equal(one.colours, other.colours)
    assert len({mesh.points.tobytes() for mesh in first}) == len(FORMS)
    assert len({mesh.colours.tobytes() for mesh in first}) == len(FORMS)


def test_all_faces_point_outward() -> None:
    """Every part encloses at least a quarter of the box around it, also when it is turned."""
    for form in FORMS:
        for part in draw_parts(form):
            assert volume(part.mesh) > 0.25 * 0.5 * np.prod(spans(part.mesh))


def test_forms_numbers_of_parts_and_colours_vary() -> None:
    solids = [draw_parts(form) for form in FORMS]
    assert {len(parts) for parts in solids} == {1, 2, 3, 4}
    assert {part.form for parts in solids for part in parts} == set(Form)
    colours = np.concatenate([part.mesh.colours.reshape(-1, 3) for parts in solids for part in parts])
    assert colours.min() < 30.0 and colours.max() > 230.0 and colours.min() >= 0.0 and colours.max() <= 255.0
    plain = [np.ptp(part.mesh.colours, axis=(0, 1)).max() == 0.0 for parts in solids for part in parts]
    assert 0.25 < np.mean(plain) < 0.65  # others have several colours
    is_grey = [np.ptp(part.mesh.colours[0, 0]) < 20.0 for parts in solids for part in parts]
    assert np.mean(is_grey) > 0.3  # dark, pale or like the road


def test_no_part_is_as_thin_as_legs_rungs_or_frames() -> None:
    """A deer's leg spans a twentieth of its length, a ladder's rung a seventieth."""
    for form in FORMS:
        parts = draw_parts(form)
        whole = spans(join(part.mesh for part in parts))
        for part in parts:
            assert (spans(part.mesh) / whole).min() >= 0.2


def test_no_solid_is_a_single_cuboid_or_disc() -> None:
    """These would be the box, the mattress and the tyre, which are held out of training."""
    for form in FORMS:
        first, *others = draw_parts(form)
        if not others:
            assert first.form not in (Form.BOX, Form.CYLINDER)
        facets = ConvexHull(first.mesh.points.reshape(-1, 3)).equations
        for part in others:  # it stands out of the first one, whose half sides are 0.5 to 1
            assert (part.mesh.points.reshape(-1, 3) @ facets[:, :3].T + facets[:, 3]).max() > 0.08
