"""Every way in which a file can fail to be Python is one answer with a reason and a line."""

import ast
import gc
from contextlib import contextmanager

import pytest

from klods.kernel.syntax import TOO_DEEP, Unparsable, parse, parse_file


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("x = 1\ny = = 2\n", "invalid syntax", 2),
        ("x = 'a\0b'", "null bytes", 1),
        (b"x = '\xff'", "'utf-8' codec can't decode", 1),
        (b"# coding: klingon\n", "unknown encoding: klingon", 1),
        ("x = '\ud800'", "surrogates not allowed", 1),
        ("[" * 500, "too many nested parentheses", 1),
    ],
)
def test_what_is_no_python_has_a_reason_and_a_line(text, reason, line):
    wrong = parse(text)
    assert reason in wrong.reason
    assert wrong.line == line


def test_what_is_nested_too_deeply_ends_no_process():
    assert parse("-" * 100_000 + "1") == Unparsable(TOO_DEEP)


@pytest.mark.parametrize("error", [RecursionError, MemoryError, SystemError("the parser is ill"), ValueError("odd")])
def test_every_failure_of_the_parser_is_an_answer(monkeypatch, error):
    def fail(text):
        raise error

    monkeypatch.setattr(ast, "parse", fail)
    assert parse("x = 1").reason in {TOO_DEEP, "the parser is ill", "odd"}


def test_a_file_that_is_not_there_is_named_as_such(tmp_path):
    assert parse_file(tmp_path / "gone.py") == Unparsable("No such file or directory")
    assert parse_file(tmp_path) == Unparsable("Is a directory")


def test_a_file_says_its_encoding_itself(tmp_path):
    file = tmp_path / "old.py"
    file.write_bytes("# coding: latin-1\nname = 'blåbærgrød'".encode("latin-1"))
    assert "blåbærgrød" in ast.dump(parse_file(file))


@contextmanager
def collecting_at_once(act):
    """Something that happens in the first collection of garbage, which comes soon."""

    def begun(phase, info):
        gc.callbacks.remove(begun)
        act()

    threshold = gc.get_threshold()
    gc.collect()
    gc.callbacks.append(begun)
    gc.set_threshold(50)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        if begun in gc.callbacks:
            gc.callbacks.remove(begun)


def test_a_tree_that_is_built_while_another_is_hurts_neither():
    def deeply(depth):
        return deeply(depth - 1) if depth else ast.parse("y = 2")

    text, inner = "\n".join(f"x{number} = [{number}, ({number},)]" for number in range(200)), []
    with collecting_at_once(lambda: inner.append(deeply(20))):
        tree = parse(text)
    assert len(inner) == 1
    assert isinstance(tree, ast.Module)
    assert len(tree.body) == 200
