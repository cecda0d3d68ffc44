"""``help``, the examples in every help text, and the completion of shells."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import run_sim
from agents.registry import agent_names
from drive_stack.app.commands.table import DRIVE, NAMES, make_parser

PROGRAM = "python run_sim.py"


def help_text(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run_sim.main(words)
    assert ended.value.code == 0
    return capsys.readouterr().out


def completion(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert run_sim.main(["--print-completion", shell]) == 0
    return capsys.readouterr().out


def test_help_explains_the_program_or_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_text(capsys, "help") == help_text(capsys, "--help")
    assert help_text(capsys, "help", "evaluate") == help_text(capsys, "evaluate", "--help")


def test_help_about_no_command_names_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["help", "evaluat"]) == 2
    assert "did you mean evaluate?" in capsys.readouterr().err


@pytest.mark.parametrize("name", [DRIVE, *NAMES])
def test_every_command_shows_examples_that_it_can_read(name: str) -> None:
    epilog = make_parser(name).epilog
    assert epilog is not None and epilog.startswith("examples:\n")
    examples = re.findall(r"^  python run_sim\.py (.*)$", epilog.split("\n\n")[0], flags=re.M)
    assert len(examples) >= 2
    for example in examples:
        words = shlex.split(re.split(r"\s{2,}", example)[0])
        assert (words[0] == name) != (name == DRIVE)
        parsed = make_parser(name).parse_args(words if name == DRIVE else words[1:])
        assert isinstance(parsed, argparse.Namespace)


def test_the_help_of_the_program_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_text(capsys, "--help")
    assert not [name for name in NAMES if f"{PROGRAM} {name}" not in text]


def test_without_shtab_completion_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert run_sim.main(["--print-completion", "bash"]) == 2
    assert "pip install shtab" in capsys.readouterr().err


def test_bash_completes_commands_options_and_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("shtab")
    script = tmp_path / "completion.bash"
    script.write_text(completion(capsys, "bash"))

    def completed(*words: str) -> list[str]:
        line = shlex.join(words)
        ask = (
            f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
            '_shtab_drive_stack; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        ran = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
        return ran.stdout.split()

    assert "evaluate" in completed("drive-stack", "eval")
    assert completed("drive-stack", "evaluate", "--suit") == ["--suite"]
    assert "smoke" in completed("drive-stack", "evaluate", "--suite", "sm")
    assert "cut_in" in completed("drive-stack", "--scenario", "cut")
    assert set(agent_names()) <= set(completed("drive-stack", "--agent", ""))


def test_zsh_gets_a_script_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert completion(capsys, "zsh").startswith("#compdef drive-stack")
