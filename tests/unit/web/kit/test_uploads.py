import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.datastructures import FormData, UploadFile

from klods.errors import UploadOfOtherType, UploadTooLarge
from klods.web.pages.kit.disposition import LONGEST_NAME, disposition, safe_name
from klods.web.pages.kit.uploads import file_response, read_upload

PDF = b"%PDF-1.7 and so on"


def read(name, content=PDF, types=("pdf", "txt"), most=100):
    sent = FormData([("file", UploadFile(io.BytesIO(content), filename=name))])
    return read_upload(sent, "file", types=types, most_bytes=most)


def test_a_file_of_a_type_that_is_taken_comes_with_a_safe_name():
    assert read("C:\\Users\\ada\\..\\bill?.PDF").name == "bill_.PDF"
    assert read("note.txt", "Æble".encode()).content == "Æble".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>"),
        ("bill.pdf", b"MZ program"),
        ("bill.pdf.exe", PDF),
        ("pdf", PDF),
        ("note.txt", b"\xff\xfe"),
        ("note.txt", b"a\0b"),
    ],
)
def test_a_file_that_is_none_of_the_types_is_refused_whatever_it_is_called(name, content):
    with pytest.raises(UploadOfOtherType, match="pdf, txt"):
        read(name, content)


def test_a_file_that_is_too_large_is_refused_before_it_is_read_whole():
    with pytest.raises(UploadTooLarge):
        read("bill.pdf", PDF + b"x" * 100)


def test_a_field_without_a_file_is_nothing():
    assert read("") is None
    assert read_upload(FormData([("file", "text")]), "file", types=["pdf"]) is None


def test_a_type_that_nobody_can_check_is_the_authors_mistake():
    with pytest.raises(ValueError, match="'svg' cannot be checked"):
        read("x.svg", types=["svg"])


@settings(max_examples=50, deadline=None)
@given(some.text())
def test_a_safe_name_is_one_name_on_every_system(name):
    safe = safe_name(name)
    assert safe
    assert len(safe) <= LONGEST_NAME
    assert not set(safe) & set('\\/:*?"<>|\n\r\0')
    assert safe not in {".", ".."}


@settings(max_examples=50, deadline=None)
@given(some.text())
def test_a_name_cannot_break_out_of_its_header(name):
    header = disposition(name)
    header.encode("latin-1")
    assert not set(header) & set("\r\n\0")
    assert header.count('"') == 2


def test_a_name_keeps_its_letters_where_programs_can_read_them():
    assert disposition("følge 7.txt") == "attachment; filename=\"flge 7.txt\"; filename*=UTF-8''f%C3%B8lge%207.txt"


@pytest.mark.parametrize(("name", "kind"), [("a.pdf", "inline"), ("a.html", "attachment"), ("a.svg", "attachment")])
def test_only_what_is_harmless_is_shown_in_the_place_of_the_hub(name, kind):
    answer = file_response(b"x", name, inline=True)
    assert answer.headers["content-disposition"].startswith(kind)
    assert ("sandbox" in answer.headers.get("content-security-policy", "")) is (kind == "inline")
