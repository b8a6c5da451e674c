"""What no import graph can see: imports by string, and imports of the package's front door from inside."""

import ast

import pytest
from support.tree import SOURCE, parsed, python_files, shown

BY_STRING = {"import_module", "__import__", "exec_module", "run_path", "run_module"}
MAY_IMPORT_BY_STRING = {
    "__init__.py",  # the lazy name table
    "cli/lazy.py",  # the command table
    "kernel/parts.py",
    "kernel/importer.py",
    "kernel/discovery.py",
}
SUBPACKAGES = {path.stem for path in SOURCE.glob("*.py")} | {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def words(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def front_door_imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name == "klods")
        elif isinstance(node, ast.ImportFrom) and node.module == "klods":
            yield from (alias.name for alias in node.names if alias.name not in SUBPACKAGES)


def test_only_the_loaders_import_by_string():
    found = {str(path.relative_to(SOURCE)) for path in python_files() if BY_STRING & set(words(parsed(path)))}
    assert found <= MAY_IMPORT_BY_STRING


@pytest.mark.parametrize(
    "text", ["importlib.import_module('x')", "__import__('x')", "from importlib import import_module"]
)
def test_the_search_for_imports_by_string_finds_them(text):
    assert BY_STRING & set(words(ast.parse(text)))


def test_only_one_file_turns_text_into_syntax_trees():
    found = {str(path.relative_to(SOURCE)) for path in python_files() if "ast.parse" in path.read_text()}
    assert found == {"kernel/syntax.py"}


def test_nothing_inside_the_package_uses_its_front_door():
    assert {shown(path): names for path in python_files() if (names := [*front_door_imports(parsed(path))])} == {}


@pytest.mark.parametrize("text", ["import klods", "from klods import scope", "def f():\n    from klods import unit"])
def test_the_search_for_the_front_door_finds_it(text):
    assert [*front_door_imports(ast.parse(text))]


def test_no_file_imports_relative_to_itself():
    relative = (ast.ImportFrom,)
    assert [
        shown(path)
        for path in python_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, relative) and node.level
    ] == []
