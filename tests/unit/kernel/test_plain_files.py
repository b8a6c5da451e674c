"""What stands in a module's folder may be anything; reading it ends, and only plain files are read."""

import os

import pytest

from klods.errors import InvalidDefinition
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.i18n import read_texts
from klods.kernel.manifest import LARGEST_MANIFEST, parse_manifest
from klods.kernel.plain_files import read_plain, read_plain_text
from klods.kernel.rules.contents import file_problems, locale_problems
from klods.kernel.syntax import Unparsable, parse_file
from klods.outbound.approved import content_hash


def pipe(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def problems(rule, folder):
    module = Module(ModuleDefinition(code="cards", name="Cards"), Source("cards", folder, "klods.modules.cards"))
    return [(problem.message, problem.file) for problem in rule(Catalog([module]), module)]


def test_a_pipe_is_not_waited_for(tmp_path):
    with pytest.raises(OSError, match="not a plain file"):
        read_plain(pipe(tmp_path / "a"))


def test_a_link_to_a_device_has_no_end_and_is_not_read(tmp_path):
    (tmp_path / "a").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="not a plain file"):
        read_plain(tmp_path / "a")


def test_a_file_may_be_too_large(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_plain(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="larger than"):
        read_plain(tmp_path / "a", 4)


def test_lines_end_alike_whatever_system_wrote_them(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_plain_text(tmp_path / "a") == "one\ntwo\nthree\n"


def test_no_part_of_a_module_is_waited_for(tmp_path):
    assert parse_manifest(pipe(tmp_path / "module.json").parent).problems
    assert isinstance(parse_file(pipe(tmp_path / "backend/router.py")), Unparsable)
    assert read_texts(pipe(tmp_path / "locales/en.json").parent).unreadable
    assert problems(locale_problems, tmp_path)


def test_a_manifest_is_small(tmp_path):
    (tmp_path / "module.json").write_text('{"description": "' + "a" * LARGEST_MANIFEST + '"}')
    assert "larger than" in str(parse_manifest(tmp_path).problems)


@pytest.mark.parametrize("name", ["notes.txt", "static/deep/a.css", "backend"])
def test_a_link_is_reported_before_enabling_refuses_it(tmp_path, name):
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/etc")
    assert problems(file_problems, tmp_path) == [(f"{name} is a link; a module holds plain files only", str(link))]
    with pytest.raises(InvalidDefinition):
        content_hash(tmp_path)


def test_a_pipe_is_reported_and_what_is_never_copied_is_not(tmp_path):
    pipe(tmp_path / "b")
    pipe(tmp_path / ".git" / "a")
    assert problems(file_problems, tmp_path) == [
        ("b is not a plain file; a module holds plain files only", str(tmp_path / "b"))
    ]
