"""Folders to which recordings are added: a row counts with its shard, and nothing is overwritten."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shards import columns, write_listed, write_shard
from synthetic_rows import row as synthetic_row

from drive_stack.datasets.drives.folder import RecordingFolder, read_settings
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.drives.shard_paths import former_paths, shard_path
from drive_stack.datasets.manifest import NAME, ShardEntry, read_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.episodes import Episode
from drive_stack.scenario_name import file_stem, unique_stem
from drive_stack.support.atomic_files import atomic_file
from drive_stack.support.layout import CONFIGS

SETTINGS = CollectSettings()


def row(scenario: str = "cruise", seed: int = 1, outcome: str = "ok", config: str = "c") -> Row:
    return synthetic_row("expert", scenario, seed, outcome, config=config)


def task(source: Row) -> BatchTask:
    result = source.result
    return BatchTask(result.scenario, result.seed, "expert", label="expert", config_hash=source.config_hash)


def record(folder: Path, source: Row, rows: int = 3) -> ShardEntry:
    path = shard_path(folder, source.result.scenario, source.result.seed)
    return write_shard(path, columns(file_stem(source.result.scenario), source.result.seed, rows))


def by_key(*rows: Row) -> dict[Key, Row]:
    return {recorded.key: recorded for recorded in rows}


@pytest.fixture
def two_episodes(tmp_path: Path) -> tuple[Path, Row, Row]:
    """A folder with two episodes, and their rows."""
    rows = row(seed=1), row(seed=2)
    write_listed(tmp_path, *(record(tmp_path, recorded) for recorded in rows))
    return tmp_path, *rows


def shard_of(folder: Path, source: Row) -> Path:
    return shard_path(folder, source.result.scenario, source.result.seed)


def test_a_row_counts_with_its_shard_and_hash(two_episodes: tuple[Path, Row, Row]) -> None:
    path, first, second = two_episodes
    folder = RecordingFolder(path, SETTINGS, by_key(first, second))
    assert folder.is_complete(first) and folder.is_complete(second) and folder.corrupt == []
    assert not folder.is_complete(row(seed=3))


def deleted(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def altered(path: Path) -> None:
    write_shard(path, columns("cruise", 1) | {"time_s": [0.0, 0.3, 0.6]})


def foreign(path: Path) -> None:
    path.write_text("other text")


WAYS_TO_CORRUPT = [deleted, cut_off, altered, foreign]


@pytest.mark.parametrize("corrupt", WAYS_TO_CORRUPT)
def test_what_is_corrupt_stays_listed_until_it_is_recorded_again(
    two_episodes: tuple[Path, Row, Row], corrupt: Callable[[Path], None]
) -> None:
    path, first, second = two_episodes
    rows = by_key(first, second)
    corrupt(shard_of(path, first))
    folder = RecordingFolder(path, SETTINGS, rows)
    assert not folder.is_complete(first) and folder.is_complete(second)
    assert len(folder.corrupt) == 1 and shard_of(path, first).name in folder.corrupt[0]
    folder.adopt([task(first), task(second)], rows)
    assert not folder.is_complete(first)
    folder.write()
    with pytest.raises(ConfigError, match=shard_of(path, first).name):
        Recording([path])  # it says what is wrong, and does not read one episode less
    record(path, first)
    folder.add(first)
    assert folder.is_complete(first) and folder.corrupt == [] and Recording([path]).episodes == 2


@pytest.mark.parametrize("corrupt", [cut_off, foreign])
def test_a_file_that_is_no_shard_is_refused_and_renamed_by_a_repair(
    two_episodes: tuple[Path, Row, Row], corrupt: Callable[[Path], None]
) -> None:
    path, first, second = two_episodes
    shard = shard_of(path, first)
    corrupt(shard)
    content = shard.read_bytes()
    folder = RecordingFolder(path, SETTINGS, by_key(first, second))
    with pytest.raises(ConfigError, match=f"{shard.name}.*collect --repair"):
        folder.prepare_paths([task(first)], repair=False)
    assert shard.read_bytes() == content
    (moved,) = folder.prepare_paths([task(first)], repair=True)
    assert not shard.exists() and moved.read_bytes() == content
    shard.write_text("again")
    (another,) = folder.prepare_paths([task(first)], repair=True)
    assert another != moved and moved.read_bytes() == content


def a_link(path: Path) -> str:
    other = path.with_name("other")
    other.write_text("precious")
    path.symlink_to(other)
    return "is a link"


def a_folder(path: Path) -> str:
    path.mkdir()
    return "is a folder"


def a_pipe(path: Path) -> str:
    os.mkfifo(path)
    return "is a pipe"


def read_only(path: Path) -> str:
    path.write_text("")
    path.chmod(0o400)
    return "read-only"


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("create", [a_link, a_folder, a_pipe, read_only])
def test_no_shard_takes_the_place_of_anything_else(
    tmp_path: Path, create: Callable[[Path], str], repair: bool
) -> None:
    problem = create(shard_of(tmp_path, row()))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigError, match=problem):
        RecordingFolder(tmp_path, SETTINGS, {}).prepare_paths([task(row())], repair=repair)
    assert sorted(tmp_path.iterdir()) == before


def test_what_a_killed_run_recorded_is_adopted(tmp_path: Path) -> None:
    rows = [row(seed=seed) for seed in range(4)]
    entries = [record(tmp_path, recorded) for recorded in rows]
    write_listed(tmp_path, entries[0])
    cut_off(shard_of(tmp_path, rows[2]))
    folder = RecordingFolder(tmp_path, SETTINGS, by_key(*rows))
    assert [folder.is_complete(recorded) for recorded in rows] == [True, False, False, False]
    folder.adopt([task(recorded) for recorded in rows[:3]], by_key(*rows))
    assert [folder.is_complete(recorded) for recorded in rows] == [True, True, False, False]
    assert folder.manifest.shards == tuple(entries[:2])


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    shard, copy = shard_of(tmp_path, row()), tmp_path / "copy"
    with atomic_file(shard) as temporary:
        temporary.write_text("half")
        copy.hardlink_to(temporary)
    copy.rename(temporary)  # as if the process had been killed before the end
    other = tmp_path / ".other.parquet"
    other.write_text("")
    RecordingFolder(tmp_path, SETTINGS, {})
    assert not temporary.exists() and other.exists() and shard.exists()


def test_of_several_rows_of_an_episode_the_last_has_the_shard(two_episodes: tuple[Path, Row, Row]) -> None:
    path, first, second = two_episodes
    later = replace(first, config_hash="changed")
    folder = RecordingFolder(path, SETTINGS, by_key(first, second, later))
    assert not folder.is_complete(first) and folder.is_complete(later)
    # the configuration is restored: the shard still belongs to the later row
    folder.adopt([task(first)], by_key(first, second, later))
    assert not folder.is_complete(first)
    folder.add(first)
    assert folder.is_complete(first) and not folder.is_complete(later)


def test_a_failed_episode_has_no_shard_and_counts(tmp_path: Path) -> None:
    failed = row(outcome="failed")
    folder = RecordingFolder(tmp_path, SETTINGS, by_key(failed))
    folder.adopt([task(failed)], by_key(failed))
    folder.add(failed)
    assert folder.is_complete(failed) and folder.manifest.shards == ()


def test_what_is_listed_without_a_row_stays_listed(two_episodes: tuple[Path, Row, Row]) -> None:
    path, *_ = two_episodes
    third = row(seed=3)
    record(path, third)
    folder = RecordingFolder(path, SETTINGS, {})
    folder.add(third)
    assert [entry.seed for entry in read_manifest(DRIVES, path).shards] == [1, 2, 3]
    assert folder.episodes([third], ["cruise"]) == [Episode("cruise", seed) for seed in (1, 2, 3)]
    assert folder.episodes([third], []) == [Episode("cruise", 3)]


def test_files_that_several_scenarios_shared_are_listed_no_longer(tmp_path: Path) -> None:
    rows = [row(f"cruise[ego.offset={offset}]") for offset in (-0.9, 0.9)]
    shared = {former_paths(tmp_path, recorded.result.scenario, 1)[0] for recorded in rows}
    assert len(shared) == 1
    entry = write_shard(shared.pop(), columns(file_stem(rows[0].result.scenario), 1))
    write_listed(tmp_path, entry, entry)
    folder = RecordingFolder(tmp_path, SETTINGS, by_key(*rows))
    assert folder.renamed == {entry.file} and not any(folder.is_complete(recorded) for recorded in rows)
    for recorded in rows:
        record(tmp_path, recorded)
        folder.add(recorded)
    again = RecordingFolder(tmp_path, SETTINGS, by_key(*rows))
    assert again.renamed == frozenset() and all(again.is_complete(recorded) for recorded in rows)
    assert Recording([tmp_path]).episodes == 2 and (tmp_path / entry.file).exists()


def test_how_a_folder_was_made_is_read_back(tmp_path: Path) -> None:
    settings = CollectSettings(perturbed=True, every=2)
    write_listed(tmp_path, settings=settings)
    assert read_settings(tmp_path) == settings
    path = tmp_path / NAME
    path.write_text(path.read_text().replace("every", "evry"))
    with pytest.raises(ConfigError, match="made_with: not settings"):
        read_settings(tmp_path)


# --- names ---------------------------------------------------------------------------------------


def test_names_of_the_catalogue_are_file_names_as_they_are() -> None:
    assert unique_stem("cut_in") == "cut_in"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/short.yaml", "b/short.yaml"),
        ("short.yaml", "short"),
        ("cruise[ego.offset=-0.9]", "cruise[ego.offset=0.9]"),
        ("cruise[ego.yaw_deg=-2]", "cruise-ego.yaw_deg-2"),
        ("x" * 300, "x" * 301),
    ],
)
def test_similar_names_have_different_files(first: str, second: str) -> None:
    assert unique_stem(first) != unique_stem(second)


def test_the_shard_of_a_shipped_scenario_file_has_the_same_name_in_every_checkout(tmp_path: Path) -> None:
    def name(root: str, file: str = "training/scenes/crowds.yaml", settings: str = "") -> str:
        configs = tmp_path / root / "configs"
        return shard_path(tmp_path, f"{configs / file}{settings}", 1, configs).name

    assert name("here") == name("elsewhere") == "crowds-ebf9b4c6df4a-000001.parquet"
    assert name("here", settings="[ego.speed=20]") == name("elsewhere", settings="[ego.speed=20]")
    assert (
        len({name("here"), name("here", "other/crowds.yaml"), name("here", settings="[ego.speed=20]")}) == 3
    )
    elsewhere = str(tmp_path / "crowds.yaml")  # not shipped: its whole path tells it from others
    assert shard_path(tmp_path, elsewhere, 1).stem == f"{unique_stem(elsewhere)}-000001"


def test_a_shard_whose_name_depended_on_the_checkout_is_listed_no_longer(tmp_path: Path) -> None:
    recorded = row(str(CONFIGS / "training" / "scenes" / "crowds.yaml"))
    former = former_paths(tmp_path, recorded.result.scenario, 1)[1]
    assert former != shard_path(tmp_path, recorded.result.scenario, 1)
    write_listed(tmp_path, write_shard(former, columns("crowds", 1)))
    folder = RecordingFolder(tmp_path, SETTINGS, by_key(recorded))
    assert folder.renamed == {former.name} and not folder.is_complete(recorded)


@given(st.text(max_size=300))
def test_any_name_is_fit_for_a_manifest(name: str) -> None:
    file = shard_path(Path(), name, 1).name
    assert ShardEntry(file=file, scenario="x", seed=1, rows=1, sha256="0" * 64).file == file
    assert len(file.encode()) <= 255
