"""Files are there whole or not at all, also where the disk is full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drive_stack.config import ConfigError
from drive_stack.whole_files import whole_file, write_whole

# a limit on the size of files is as a full disk is: the write that goes beyond it fails
FULL = "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
FULL += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", FULL + code], capture_output=True, text=True, check=True)
    return done.stdout


def left_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_file_is_replaced_in_one_stroke(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("before", encoding="utf-8")
    with whole_file(path) as part:
        part.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
        assert part.suffix == path.suffix
    assert left_in(tmp_path) == {"table.md": "after"}
    assert path.stat().st_mode & 0o777 == 0o644


def test_what_was_there_stays_where_the_writer_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text("half", encoding="utf-8")
        raise RuntimeError("stop")
    assert left_in(tmp_path) == {"table.md": "before"}


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before", encoding="utf-8")
    said = run(
        "from pathlib import Path; from drive_stack.config import ConfigError;"
        "from drive_stack.whole_files import write_whole\n"
        f"try: write_whole(Path({str(path)!r}), 'x' * 10_000)\n"
        "except ConfigError as error: print(error)"
    )
    assert said.startswith(f"{path}: cannot be written: ") and said.count("\n") == 1
    assert left_in(tmp_path) == {"report.html": "before"}


def test_a_shard_is_whole_or_absent_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "cruise-000001.parquet"
    said = run(
        "import numpy as np; from pathlib import Path; from drive_stack.config import ConfigError;"
        "from drive_stack.recording.schema import SCHEMA;"
        "from drive_stack.recording.shard import ShardWriter; import pyarrow as pa\n"
        "empty = {pa.string(): '', pa.binary(): np.random.default_rng(0).bytes(20_000), pa.bool_(): False}\n"
        "writer = ShardWriter()\n"
        "row = {field.name: empty.get(field.type, 0) for field in SCHEMA}\n"
        "writer.add(row | {'others': []})\n"
        f"try: writer.write(Path({str(path)!r}))\n"
        "except ConfigError as error: print(error)"
    )
    assert said.startswith(f"{path}: cannot be written: ") and said.count("\n") == 1
    assert not left_in(tmp_path)


def test_rows_stay_valid_on_a_full_disk(tmp_path: Path) -> None:
    said = run(
        "from pathlib import Path; from drive_stack.config import ConfigError;"
        "from drive_stack.evaluation.batch.row_file import open_rows, read_rows;"
        "from drive_stack.evaluation.batch.rows import Row, undriven;"
        "from drive_stack.evaluation.batch.tasks import EpisodeTask\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "try:\n"
        "    with open_rows(folder) as file:\n"
        "        for seed in range(100):\n"
        "            task = EpisodeTask('a', 'a', (), 'cruise', seed, '0')\n"
        "            file.append(Row('a', '0', '0', {}, False, 1.0, undriven(task, 'x')))\n"
        "except ConfigError as error: print(error)\n"
        "print(len(read_rows(folder)))"
    )
    error, count = said.splitlines()
    assert "cannot be written" in error and f"{count} rows are kept" in error
    assert 1 <= int(count) < 100 and (tmp_path / "rows.jsonl").read_bytes().endswith(b"\n")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_whole(tmp_path / "none" / "x.txt", "x")
