from pathlib import PurePosixPath

import pytest

from klods.kernel.parts import PARTS
from klods.scaffold.structure import TEMPLATES, contents, matches, read_structure

structure = read_structure()


def test_every_file_of_a_layer_is_used_by_a_template():
    used = {source for template in structure.templates.values() for source in template.files().values()}
    there = {TEMPLATES / path for path in contents(TEMPLATES)}
    assert there == used


def test_what_a_template_leaves_out_is_there_to_be_left_out():
    for template in structure.templates.values():
        whole = {str(path) for layer in template.layers for path in contents(TEMPLATES / layer)}
        assert set(template.leaves_out) <= whole


def test_every_part_that_the_host_loads_has_a_place():
    places = {
        *structure.files,
        *(f"{folder.path}/{name}" for folder in structure.folders.values() for name in folder.expects),
    }
    assert {part.file for part in PARTS.values()} <= places


def test_everything_says_what_it_holds():
    assert all(place.holds for place in (*structure.files.values(), *structure.folders.values()))


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a.sql", "*.sql", True),
        ("versions/a.sql", "*.sql", False),
        ("versions/a.py", "versions/*.py", True),
        ("versions/deep/a.py", "versions/*.py", False),
        ("a.html", "**/*.html", True),
        ("deep/deeper/a.html", "**/*.html", True),
        ("router.py", "views.py", False),
    ],
)
def test_patterns_fit_at_their_own_depth(path, pattern, fits):
    assert matches(PurePosixPath(path), [pattern]) is fits
