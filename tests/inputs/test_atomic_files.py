"""Files are complete or absent, even if the disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import (
    MODE,
    atomic_file,
    copy_atomically,
    is_part,
    make_folder,
    remove_parts,
    write_atomically,
)
from drive_stack.support.file_reading import read_regular
from drive_stack.viewer.video import Recorder

# a limit on the size of files acts like a full disk: a write beyond it fails
FULL_DISK = "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
FULL_DISK += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"


def run(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", FULL_DISK + code], capture_output=True, text=True, check=True
    )
    return process.stdout


def files_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_file_is_replaced_atomically(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("before", encoding="utf-8")
    with atomic_file(path) as part:
        part.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
        assert part.suffix == path.suffix
    assert files_in(tmp_path) == {"table.md": "after"}
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_old_file_stays_if_the_writer_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(RuntimeError), atomic_file(path) as part:
        part.write_text("half", encoding="utf-8")
        raise RuntimeError("stop")
    assert files_in(tmp_path) == {"table.md": "before"}


def test_a_full_disk_is_reported_in_one_line_and_leaves_no_partial_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before", encoding="utf-8")
    output = run(
        "from pathlib import Path; from drive_stack.errors import ConfigError;"
        "from drive_stack.support.atomic_files import write_atomically\n"
        f"try: write_atomically(Path({str(path)!r}), 'x' * 10_000)\n"
        "except ConfigError as error: print(error)"
    )
    assert output.startswith(f"{path}: cannot be written: ") and output.count("\n") == 1
    assert files_in(tmp_path) == {"report.html": "before"}


def test_a_shard_is_whole_or_absent_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "cruise-000001.parquet"
    output = run(
        "import numpy as np; from pathlib import Path; from drive_stack.errors import ConfigError;"
        "from drive_stack.datasets.frames.row import FRAMES, FrameRow\n"
        "row = FrameRow('', 0, 0.0, '', '', np.random.default_rng(0).bytes(20_000), (), ())\n"
        f"try: FRAMES.write(Path({str(path)!r}), [row])\n"
        "except ConfigError as error: print(error)"
    )
    assert output.startswith(f"{path}: cannot be written: ") and output.count("\n") == 1
    assert not files_in(tmp_path)


def test_rows_stay_valid_on_a_full_disk(tmp_path: Path) -> None:
    output = run(
        "from pathlib import Path; from drive_stack.errors import ConfigError;"
        "from drive_stack.evaluation.batch.row_file import open_rows, read_rows;"
        "from drive_stack.evaluation.batch.rows import Row, error_result;"
        "from drive_stack.evaluation.batch.tasks import BatchTask\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "try:\n"
        "    with open_rows(folder) as file:\n"
        "        for seed in range(100):\n"
        "            task = BatchTask('cruise', seed, 'a', label='a', config_hash='0')\n"
        "            file.append(Row('a', '0', '0', {}, False, 1.0, error_result(task, 'x')))\n"
        "except ConfigError as error: print(error)\n"
        "print(len(read_rows(folder)))"
    )
    error, count = output.splitlines()
    assert "cannot be written" in error and f"{count} rows are kept" in error
    assert 1 <= int(count) < 100 and (tmp_path / "rows.jsonl").read_bytes().endswith(b"\n")


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_atomically(tmp_path / "none" / "x.txt", "x")


# --- files that are not replaced-------------------------------------------------------------------


def a_link(path: Path) -> str:
    path.with_name("other").write_text("other")
    path.symlink_to(path.with_name("other"))
    return "a link"


def a_broken_link(path: Path) -> str:
    path.symlink_to(path.with_name("nowhere"))
    return "a link"


def a_folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


def a_pipe(path: Path) -> str:
    os.mkfifo(path)
    return "a pipe"


def read_only(path: Path) -> str:
    path.write_text("other")
    path.chmod(0o444)
    return "read-only"


@pytest.mark.parametrize("create", [a_link, a_broken_link, a_folder, a_pipe, read_only])
@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_atomically(path, "new"),
        lambda path: copy_atomically(Path(__file__), path),
        lambda path: Recorder(path, (64, 48)),
    ],
)
def test_nothing_but_a_writable_file_is_replaced(
    tmp_path: Path, create: Callable[[Path], str], write: Callable[[Path], object]
) -> None:
    kind = create(tmp_path / "drive.mp4")
    before = {path.name: (path.lstat().st_mode, path.lstat().st_size) for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=f"drive.mp4.*{kind}") as caught:
        write(tmp_path / "drive.mp4")
    assert "\n" not in str(caught.value)
    assert before == {path.name: (path.lstat().st_mode, path.lstat().st_size) for path in tmp_path.iterdir()}


def test_a_link_created_during_the_write_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    with pytest.raises(ConfigError, match="a link"), atomic_file(path) as part:
        part.write_text("new")
        a_link(path)
    assert sorted(files_in(tmp_path)) == ["other", "table.md"] and path.is_symlink()


def test_a_video_leaves_the_part_of_another_writer_alone(tmp_path: Path) -> None:
    other = tmp_path / "drive.mp4.part"
    other.write_text("other")
    with Recorder(tmp_path / "drive.mp4", (64, 48)):
        pass
    assert files_in(tmp_path) == {"drive.mp4.part": "other"}


@pytest.mark.parametrize("mode", [None, 0o600, 0o664])
def test_the_permissions_stay(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "table.md"
    if mode is not None:
        path.touch()
        path.chmod(mode)
    write_atomically(path, "new")
    assert path.stat().st_mode & 0o777 == (mode or MODE)


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    for name in ("x" * 250 + ".md", "\N{PILE OF POO}" * 60 + ".md"):
        write_atomically(tmp_path / name, "new")
        assert (tmp_path / name).read_text() == "new"
    with pytest.raises(ConfigError, match="cannot be written: File name too long"):
        write_atomically(tmp_path / ("x" * 256), "new")


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(ConfigError, match=f"{folder}: cannot be written"):
            make_folder(folder)


def test_reading_never_waits_and_follows_links_to_files(tmp_path: Path) -> None:
    a_pipe(tmp_path / "pipe")
    a_folder(tmp_path / "folder")
    a_link(tmp_path / "link")
    assert read_regular(tmp_path / "link") == b"other"
    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match=f"it is a {name}, and must be a regular file"):
            read_regular(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none")


def test_only_parts_of_writers_are_removed(tmp_path: Path) -> None:
    for name in ("a.npz", ".a.npz", ".a.part.npz", ".a.npz.12345678.part.mp4"):
        (tmp_path / name).touch()
    with atomic_file(tmp_path / "a.npz") as part:
        assert is_part(part) and not is_part(tmp_path / "a.npz")
        others = {path.name for path in tmp_path.iterdir()} - {part.name}
        remove_parts(tmp_path, ".npz")
        assert {path.name for path in tmp_path.iterdir()} == others
        part.touch()
