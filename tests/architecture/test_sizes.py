"""The budgets of size. A budget is never a reason to split what is read together; then it goes into the list below,
which may only become shorter."""

import ast
from statistics import median, quantiles

from support.tree import ROOT, SOURCE, parsed, python_files, repository_files, shown

LONGEST_FILE, LONGEST_FUNCTION, MOST_POSITIONAL = 500, 60, 4
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
MANY_POSITIONAL: dict[str, int] = {}

CALLED_BY_NAME = {"get", "post", "put", "patch", "delete", "command"}
"""Decorators of frameworks that pass every parameter by its name."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def file_sizes():
    return {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}


def functions():
    for path in python_files():
        for node in ast.walk(parsed(path)):
            if isinstance(node, FUNCTION):
                yield f"{shown(path)}:{node.name}", node


def function_sizes():
    return {name: node.end_lineno - start_line(node) + 1 for name, node in functions()}


def start_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def positional(node):
    if any(isinstance(mark, ast.Call) and attribute(mark.func) in CALLED_BY_NAME for mark in node.decorator_list):
        return 0
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def attribute(node):
    return node.attr if isinstance(node, ast.Attribute) else ""


def over(sizes, limit):
    return {name: size for name, size in sizes.items() if size > limit}


def ninetieth(sizes):
    return quantiles(sizes, n=10)[-1]


def test_no_file_is_longer_than_people_read():
    assert over(file_sizes(), LONGEST_FILE) == LONG_FILES


def test_no_page_style_or_script_is_longer_than_people_read():
    ours = [path for path in repository_files() if path.suffix in {".html", ".js", ".css"} and SOURCE in path.parents]
    assert over({shown(path): len(path.read_text().splitlines()) for path in ours}, LONGEST_FILE) == {}


def test_no_test_file_is_longer_than_people_read():
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "samples" not in path.parts]
    assert over({shown(path): len(path.read_text().splitlines()) for path in tests}, LONGEST_FILE) == {}


def test_files_are_small():
    sizes = [size for name, size in file_sizes().items() if not name.endswith("__init__.py")]
    assert median(sizes) <= 120
    assert ninetieth(sizes) <= 300


def test_no_function_is_longer_than_people_read():
    assert over(function_sizes(), LONGEST_FUNCTION) == LONG_FUNCTIONS


def test_functions_are_small():
    sizes = function_sizes().values()
    assert median(sizes) <= 9
    assert ninetieth(sizes) <= 30


def test_a_function_takes_few_positional_parameters():
    assert over({name: positional(node) for name, node in functions()}, MOST_POSITIONAL) == MANY_POSITIONAL
