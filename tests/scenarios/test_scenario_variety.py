"""Bridges, noise barriers, buildings and service areas: where they are drawn."""

import numpy as np
import pytest
from scenario_worlds import refusal, world, write_scenario

from drive_stack.road.scenery import HELD_OUT_SCENERY, Scenery
from envs.world import World

ROADS = (
    "{kind: straight, lanes: 3}",
    "{kind: on_ramp}",
    "{kind: curve, radius: 250}",
    "{kind: lane_drop, side: left}",
)


def variety(seed: int, road: str = ROADS[0], more: str = "opposite_traffic: 5") -> World:
    return world(f"road: {road}\nego: {{lane: leftmost}}\nscenery: {{variety: true, {more}}}", seed)


def scenery(here: World) -> Scenery:
    return here.conditions.scenery


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("opposite", [True, False])
def test_nothing_stands_on_a_carriageway(road: str, opposite: bool) -> None:
    for seed in range(6):
        here = variety(seed, road, "opposite_traffic: 5" if opposite else "held_out: false")
        drawn = scenery(here)
        edges = np.array([here.road.paved(float(s)) for s in np.arange(0.0, here.road.length, 5.0)])
        right, left = edges[:, 0], edges[:, 1].max() if drawn.opposite is None else drawn.opposite.outer_edge
        for bridge in drawn.bridges:
            row = int(bridge.station // 5.0)
            left_here = edges[row, 1] if drawn.opposite is None else left
            assert 4.7 < bridge.clearance < 5.5  # lorries are 4 m high
            assert bridge.left > left_here and bridge.right < right[row]
        for building in drawn.buildings:
            half = np.hypot(building.length, building.width) / 2.0
            outside = building.lateral - left if building.lateral > 0.0 else right.min() - building.lateral
            assert outside > min(half, 20.0) - 5.0
        for area in drawn.service_areas:
            span = slice(int(area.start // 5.0), int(area.end // 5.0))
            assert area.far < area.near < right[span].min() - 7.0


def test_bridges_areas_walls_and_buildings_do_not_meet() -> None:
    for seed in range(12):
        drawn = scenery(variety(seed))
        for bridge in drawn.bridges:
            assert not any(
                bridge.covers((a.start + a.end) / 2.0, (a.end - a.start) / 2.0) for a in drawn.service_areas
            )
            assert not any(bridge.covers(building.station) for building in drawn.buildings)
            for barrier in drawn.barriers:
                assert not bridge.covers(barrier.start) and not bridge.covers(barrier.end)
        for area in drawn.service_areas:
            on_right = [barrier for barrier in drawn.barriers if barrier.side < 0]
            assert all(barrier.end < area.start or barrier.start > area.end for barrier in on_right)


def test_the_seed_determines_it_and_all_taught_kinds_occur() -> None:
    assert scenery(variety(3)) == scenery(variety(3)) != scenery(variety(4))
    drawn = [scenery(variety(seed)) for seed in range(20)]
    kinds = {bridge.kind for one in drawn for bridge in one.bridges}
    kinds |= {building.kind for one in drawn for building in one.buildings}
    kinds |= {barrier.colour for one in drawn for barrier in one.barriers}
    assert len(kinds) == 9 and not kinds & HELD_OUT_SCENERY
    assert 0.3 < np.mean([len(one.service_areas) for one in drawn]) < 0.9


def test_parked_vehicles_stand_in_service_areas_without_light_or_speed() -> None:
    found = 0
    for seed in range(6):
        here = variety(seed, more="held_out: false")
        areas = scenery(here).service_areas
        cars = here._episode.background.parked if here._episode.background is not None else None
        assert (cars is not None) == bool(areas)
        if cars is None:
            continue
        found += len(cars.id)
        (area,) = areas
        assert ((cars.station > area.start) & (cars.station < area.end)).all()
        assert ((cars.lateral > area.far) & (cars.lateral < area.near)).all()
        assert cars.parked.all() and cars.unlit.all() and not cars.speed.any()
        apart = np.hypot(cars.x[:, None] - cars.x, cars.y[:, None] - cars.y) + np.eye(len(cars.x)) * 99.0
        assert apart.min() > 2.9
    assert found > 20


def test_the_road_is_the_same_with_and_without_it() -> None:
    plain, added = (
        world("traffic: {density: 12}", 3),
        world("traffic: {density: 12}\nscenery: {variety: true}", 3),
    )
    assert np.array_equal(plain.state().vehicles.x, added.state().vehicles.x)
    assert plain.conditions.scenery_seed == added.conditions.scenery_seed


def test_held_out_kinds_need_variety(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert "scenery.held_out: needs variety: true" in refusal(
        write_scenario(tmp_path, "scenery: {held_out: true}\n")
    )
