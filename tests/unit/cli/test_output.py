import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from klods.cli import output


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Row:
    colour: Colour
    where: Path


def test_values_of_the_kernel_become_plain_json():
    value = {"row": Row(Colour.RED, Path("/x")), "map": MappingProxyType({1: frozenset("ba")}), "none": None}
    assert json.loads(output.json_text(value)) == {
        "row": {"colour": "red", "where": "/x"},
        "map": {"1": ["a", "b"]},
        "none": None,
    }


def test_moments_are_written_so_that_other_programs_read_them():
    assert json.loads(output.json_text(datetime(2026, 1, 2, tzinfo=UTC))) == "2026-01-02T00:00:00+00:00"


def test_letters_stay_letters():
    assert output.json_text("æøå Привет") == '"æøå Привет"'


def test_a_pipe_gets_one_line_per_row_with_tabs(capsys):
    output.print_table(("code", "reason"), [("orders", None), ("x", "two\nlines\tand tabs")])
    assert capsys.readouterr().out == "code\treason\norders\t\nx\ttwo lines and tabs\n"


def test_a_terminal_gets_a_drawn_table_and_brackets_are_only_text(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.print_table(("code", "reason"), [("orders", "[red]not a colour[/red]")])
    shown = capsys.readouterr().out
    assert "[red]not a colour[/red]" in shown
    assert "\t" not in shown
