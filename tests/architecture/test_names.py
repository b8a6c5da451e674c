"""Names that say nothing, and names that say too much."""

import ast
import re

from support.tree import ROOT, module_name, parsed, python_files, repository_files, shown

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
# Written in pieces, so that this file does not hold what it looks for.
FOREIGN = re.compile(
    "|".join(
        [
            r"pypi\." + "org",
            "pythonhosted" + r"\.org",
            r"registry\." + "npmjs",
            r"registry\." + "yarnpkg",
            r"https?://[^\s\"')]*/" + r"simple\b",
            r"deb\." + "debian",
            r"(?<![\w.])/" + "(work|farm|opt)/",
            r"\bfarm-" + "[a-z]",
            "/root/" + r"\.",
        ]
    )
)


def classes():
    for path in python_files():
        yield from ((path, node.name) for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef))


def public_definitions(tree):
    definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)


def test_no_class_is_a_manager_of_things():
    assert [f"{shown(path)}: {name}" for path, name in classes() if name.endswith(("Manager", "Helper"))] == []


def test_no_module_is_a_drawer_for_leftovers():
    assert [shown(path) for path in python_files() if EMPTY_WORDS & set(module_name(path).split("."))] == []


def test_every_public_name_says_what_it_is():
    silent = [
        f"{shown(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in public_definitions(parsed(path))
        if not ast.get_docstring(node) and not node.name.startswith("__") and not is_overload(node)
    ]
    assert silent == []


def is_overload(node):
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)


def test_no_address_of_a_registry_and_no_path_of_one_machine_is_in_the_repository():
    found = {}
    for path in repository_files():
        try:
            hits = FOREIGN.findall(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if hits:
            found[shown(path)] = len(hits)
    assert found == {}


def test_no_lock_file_records_where_packages_came_from():
    names = {path.name for path in repository_files()}
    assert not names & {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json", ".python-version"}


def test_constraints_are_names_and_versions_only():
    line = re.compile(r"[a-z0-9.-]+==[\w.]+( ; .+)?\Z")
    wrong = [text for text in (ROOT / "constraints.txt").read_text().splitlines() if not line.match(text)]
    assert wrong == []
