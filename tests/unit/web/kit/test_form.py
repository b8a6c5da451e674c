from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import BaseModel, Field, SecretStr, StringConstraints, model_validator
from starlette.datastructures import FormData, UploadFile

from klods.web.pages.kit.form import form_of


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Thing(BaseModel):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
    price: Annotated[Decimal, Field(ge=0, decimal_places=2, description="Without VAT")]
    count: Annotated[int, Field(ge=1, le=40)] = 1
    size: Size | None = None
    kind: Literal["raw", "cooked"] = "raw"
    day: date | None = None
    at: datetime | None = None
    tags: Annotated[list[str], Field(max_length=3)] = []
    notes: Annotated[str, StringConstraints(max_length=2000)] = ""
    key: SecretStr = SecretStr("")
    gift: bool = False

    @model_validator(mode="after")
    def no_cooked_gifts(self):
        if self.gift and self.kind == "cooked":
            raise ValueError("thing.cooked_gift")
        return self


FORM = form_of(Thing, labels="thing")
GOOD = {"name": " Pear ", "price": "2,50", "count": "3", "size": "large", "kind": "raw", "day": "2026-05-31",
        "at": "2026-05-31T09:30", "tags": "a\r\n\r\n b ", "notes": "x\r\ny", "key": "s3", "gift": "yes"}  # fmt: skip


def read(stored=None, **changes):
    return FORM.read(FormData({key: value for key, value in {**GOOD, **changes}.items() if value is not None}), stored)


def keys(filled):
    return {name: fault.key for name, fault in filled.faults.items()}


def test_every_kind_of_field_is_found_in_the_schema():
    assert {field.name: field.input for field in FORM.fields} == {
        "name": "text", "price": "number", "count": "whole", "size": "choice", "kind": "choice", "day": "date",
        "at": "datetime-local", "tags": "lines", "notes": "long", "key": "password", "gift": "flag",
    }  # fmt: skip
    by_name = {field.name: field for field in FORM.fields}
    assert by_name["count"].limits == {"min": 1, "max": 40, "step": 1}
    assert by_name["size"].choices == ("small", "large")
    assert by_name["price"].help == "Without VAT"
    assert [field.name for field in FORM.fields if field.required] == ["name", "price"]


def test_what_was_sent_becomes_the_model():
    assert read().value == Thing(
        name="Pear", price=Decimal("2.50"), count=3, size=Size.LARGE, day=date(2026, 5, 31), at=datetime(2026, 5, 31, 9, 30),
        tags=["a", "b"], notes="x\ny", key=SecretStr("s3"), gift=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "sent", "key"),
    [
        ("name", "", "missing"),
        ("name", None, "missing"),
        ("name", "x", "too_short"),
        ("name", "x" * 81, "too_long"),
        ("price", "", "missing"),
        ("price", "cheap", "number"),
        ("price", "-1", "at_least"),
        ("price", "1.234", "places"),
        ("count", "2.5", "number"),
        ("count", "41", "at_most"),
        ("size", "huge", "choice"),
        ("kind", "fried", "choice"),
        ("day", "31.5.2026", "date"),
        ("at", "soon", "date"),
        ("tags", "a\nb\nc\nd", "too_many"),
        ("name", "Pe\0ar", "pattern"),
        ("key", "s\0", "pattern"),
    ],
)
def test_what_is_wrong_stands_by_its_field_and_everything_stays_as_it_was_typed(field, sent, key):
    filled = read(**{field: sent})
    assert filled.value is None
    assert keys(filled) == {field: f"kit.fault.{key}"}
    assert filled.typed[field] == (sent or "")
    assert filled.typed["notes"] == "x\ny"


def test_what_is_wrong_with_the_whole_is_said_in_the_words_of_the_model():
    assert keys(read(kind="cooked")) == {"": "thing.cooked_gift"}


def test_what_only_the_database_knows_can_be_added():
    taken = read().wrong("name", "thing.taken", name="Pear")
    assert (keys(taken), taken.value) == ({"name": "thing.taken"}, None)


def test_fields_that_were_left_empty_have_their_default_or_nothing():
    value = read(count="", size="", kind="", day="", at="", tags="", notes="", key="", gift=None).value
    assert (value.count, value.size, value.kind, value.day, value.tags, value.gift) == (1, None, "raw", None, [], False)


def test_a_secret_is_never_shown_and_stays_when_none_is_written():
    stored = read(key="old").value
    shown = FORM.of(stored)
    assert (shown.typed["key"], shown.kept) == ("", {"key"})
    assert "old" not in repr(FORM.of(stored).typed) + repr(read(key="new", name="").typed["name"])
    assert read(stored, key="").value.key.get_secret_value() == "old"
    assert read(stored, key="new").value.key.get_secret_value() == "new"


def test_stored_values_are_shown_as_a_person_would_type_them():
    typed = FORM.of(read().value).typed
    assert typed == {**GOOD, "name": "Pear", "price": "2.50", "tags": "a\nb", "notes": "x\ny", "key": ""}
    assert FORM.blank(count=7).typed["count"] == "7"


def test_a_file_in_the_place_of_a_text_is_nothing():
    assert keys(FORM.read(FormData([("name", UploadFile(filename="x", file=None)), ("price", "1")]))) == {
        "name": "kit.fault.missing"
    }


def test_a_model_that_no_form_can_hold_is_refused_where_the_form_is_declared():
    class Outer(BaseModel):
        thing: Thing

    with pytest.raises(TypeError, match=r"Outer\.thing cannot be a field"):
        form_of(Outer)


@settings(max_examples=50, deadline=None)
@given(some.dictionaries(some.sampled_from(sorted(GOOD)), some.text()))
def test_any_form_is_read_or_told_what_is_wrong(sent):
    filled = FORM.read(FormData(sent))
    assert (filled.value is None) == bool(filled.faults)
