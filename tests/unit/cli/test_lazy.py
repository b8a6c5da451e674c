import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from klods.cli import main
from klods.cli.lazy import Command, LazyGroup

HEAVY = {"fastapi", "sqlalchemy", "psycopg", "pydantic", "rich", "alembic", "uvicorn", "jinja2", "starlette"}


@click.command()
def hello():
    click.echo("hello")


@pytest.fixture
def group():
    return LazyGroup(
        "group",
        {
            "hello": Command(f"{__name__}:hello", "Say hello."),
            "broken": Command("klods.no_such_module:x", "Cannot even be imported."),
        },
    )


def modules_after(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_group_lists_its_commands_without_importing_them(group):
    shown = CliRunner().invoke(group, ["--help"])
    assert shown.exit_code == 0
    assert "Cannot even be imported." in shown.output


def test_only_the_command_that_is_called_is_imported(group, monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules[hello.callback.__module__])
    assert CliRunner().invoke(group, ["hello"]).output == "hello\n"


def test_an_unknown_command_is_answered_with_the_nearest(group):
    answer = CliRunner().invoke(group, ["helo"])
    assert answer.exit_code == 2
    assert "Did you mean 'hello'?" in answer.output


def test_the_command_line_starts_without_anything_heavy():
    assert not HEAVY & modules_after("import klods.cli.main")


def test_the_package_alone_is_light():
    assert not (HEAVY | {"click"}) & modules_after("import klods")


def test_the_frame_of_the_command_line_adds_little_to_click():
    added = modules_after("import klods.cli.main") - modules_after("import click")
    assert len({name for name in added if not name.startswith("klods")}) <= 5, added


@pytest.mark.parametrize("group", [main.cli, main.module], ids=lambda group: group.name)
def test_every_command_in_the_table_exists_and_says_the_same_about_itself(group):
    for name, entry in group.table.items():
        command = group.load(name)
        assert command.name == name
        assert (command.help or "").split("\n\n")[0].replace("\n", " ") == entry.help
