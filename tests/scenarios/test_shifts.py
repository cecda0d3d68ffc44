"""Shifted courses: the same worlds as their bases, apart from what is shifted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import Suite, load_suite
from drive_stack.scenario_name import ScenarioName
from drive_stack.shifts import Shift, base_and_shift, families, load_family
from envs.scenarios.scenario import load_scenario, scenario_names
from envs.world import World

SEED = 200_000
# what a family changes on purpose; everything else of the drawn world must be equal
CHANGES = {
    "grade": {"profile"},
    "mounting": {"mounting"},
    "paint": {"paint", "markings"},
    "visibility": {"weather", "limits", "traffic", "speed"},
    "interaction": {"actors", "traffic"},  # traffic keeps clear of the actor
    "unknown_object": {"obstacles", "traffic"},
    "animal": {"people", "walks", "traffic"},
    "vulnerable": {"people", "walks", "traffic"},
    "glare": {"sky", "lens"},
    "lens": {"lens"},
    "latency": {"latency"},
    "grip": {"surface", "limits", "traffic", "actors", "speed"},
}


def twins(family: str) -> list[tuple[str, str]]:
    """Base and shifted course of a family, at each severity."""
    loaded = load_family(family)
    return [
        (str(base.name), str(ScenarioName(base.scenario, (*base.name.settings, shift.setting))))
        for base in loaded.bases
        for shift in loaded.shifts
    ]


def drawn(scenario: str, seed: int = SEED) -> dict[str, object]:
    """The parts of a drawn world."""
    world = World(load_scenario(scenario), seed)
    state, setup = world.state(), world._episode
    vehicles, scripted = state.vehicles, state.vehicles.id < 3001
    profile = setup.road.profile

    def placed(rows: np.ndarray) -> list[tuple[float, ...]]:
        columns = (vehicles.x, vehicles.y, vehicles.yaw, vehicles.speed)
        return [tuple(row) for row in np.stack(columns, axis=1)[rows]]

    return {
        "lanes": setup.road.lanes,
        "centre": setup.road.to_world(np.arange(0.0, 2600.0, 50.0), 0.0)[0].round(9).tolist(),
        "profile": profile.height_at(np.arange(0.0, 2600.0, 50.0)).tolist(),
        "pose": (setup.ego.x, setup.ego.y, setup.ego.yaw),
        "speed": setup.ego.speed,
        "route": (setup.start, setup.end, setup.navigation),
        "limits": setup.limits.limit.tolist(),
        "weather": (
            setup.conditions.weather,
            setup.conditions.light,
            setup.conditions.visibility,
            setup.conditions.rain_rate,
        ),
        "paint": setup.conditions.paint_wear,
        "markings": setup.conditions.markings,
        "sky": (setup.conditions.sun_azimuth, setup.conditions.scenery_seed),
        "mounting": setup.mounting_error,
        "lens": setup.conditions.optics,
        "latency": setup.latency,
        "surface": setup.conditions.surface,
        "actors": placed(scripted),
        "traffic": placed(~scripted),
        "obstacles": state.obstacles.x.tolist(),
        "people": state.pedestrians.x.tolist(),
        "walks": repr(setup.pedestrians.specs),
    }


@pytest.mark.parametrize("family", families())
def test_a_twin_has_its_base_s_world_apart_from_what_its_family_changes(family: str) -> None:
    for base, shifted in twins(family):
        before, after = drawn(base), drawn(shifted)
        different = {name for name in before if before[name] != after[name]}
        assert different, shifted
        assert different <= CHANGES[family], shifted


def test_without_the_key_shift_the_same_values_draw_other_worlds() -> None:
    shifted = drawn("curves[shift=lens/1]")
    variant = drawn("curves[conditions.optics.drops=0.33]")
    assert shifted["lens"] == variant["lens"] != drawn("curves")["lens"]
    assert shifted["sky"] == drawn("curves")["sky"] != variant["sky"]


def test_every_family_has_three_severities_and_reasons() -> None:
    for family in map(load_family, families()):
        assert len(family.severities) == 3
        assert all(severity.reason for severity in family.severities)


def test_the_fingerprint_s_content_tells_base_and_twins_apart() -> None:
    contents = {
        load_scenario(name).model_dump_json(exclude_unset=True)
        for name in (
            "curves",
            "curves[shift=mounting/1]",
            "curves[shift=mounting/2]",
            "curves[shift=paint/1]",
        )
    }
    assert len(contents) == 4
    assert load_scenario("curves[shift=mounting/1]").world_name == "curves"


def test_a_name_tells_the_base_and_the_shift() -> None:
    name = "curves[ego.offset=1; shift=mounting/2]"
    assert base_and_shift(name) == ("curves[ego.offset=1]", Shift("mounting", 2))
    assert base_and_shift("curves[shift=mounting/2]") == ("curves", Shift("mounting", 2))
    assert base_and_shift("curves") == ("curves", None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("curves[shift=mountin/1]", "did you mean mounting"),
        ("curves[shift=mounting/4]", "mounting has the severities 1 to 3"),
        ("curves[shift=mounting/0]", "mounting has the severities 1 to 3"),
        ("curves[shift=mounting]", "expected FAMILY/SEVERITY"),
        ("curves[shift=]", "expected FAMILY/SEVERITY"),
        ("cruise[shift=interaction/1]", "actors"),
    ],
)
def test_an_unusable_shift_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario(name)
    assert "\n" not in str(caught.value)


def test_a_file_cannot_say_that_it_is_shifted(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nshift: grade/1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"shift: .*derived"):
        load_scenario(path)


def courses_of(suite: Suite) -> tuple[str, ...]:
    return suite.scenarios(scenario_names(), lambda course: load_scenario(course).world_name)


def test_frontier_has_each_family_s_bases_once_and_every_twin() -> None:
    courses = courses_of(load_suite("frontier"))
    shifted = {name: base_and_shift(name) for name in courses if base_and_shift(name)[1] is not None}
    assert {str(shift) for _, shift in shifted.values()} == {
        f"{family}/{severity}" for family in families() for severity in (1, 2, 3)
    }
    assert set(courses) - set(shifted) == {base for base, _ in shifted.values()}
    assert len(courses) == len(set(courses))


def test_a_suite_needs_courses_or_pairs_and_known_families() -> None:
    fields = {"name": "x", "description": "x", "seeds": 1}
    with pytest.raises(ValueError, match="give courses, pairs or both"):
        Suite.model_validate(fields)
    suite = Suite.model_validate(fields | {"courses": [{"scenario": "cruise"}], "pairs": ["paint"]})
    assert len(courses_of(suite)) == 1 + 1 + 3
    with pytest.raises(ConfigError, match="unknown family"):
        courses_of(suite.model_copy(update={"pairs": ("pain",)}))
