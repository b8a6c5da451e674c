"""Forms out of Pydantic models: shown, filled in, and read back with what is wrong beside each field."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import Enum
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from fastapi import Depends
from pydantic import BaseModel, SecretStr, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from klods.web.pages.kit.faults import Fault, fault_of
from klods.web.pages.kit.fields import Field, fields_of

M = TypeVar("M", bound=BaseModel)


async def submitted(request: Request) -> AsyncIterator[FormData]:
    """What was sent with a form; its files are closed when the handler is done."""
    async with request.form() as sent:
        yield sent


Submitted: TypeAlias = Annotated[FormData, Depends(submitted)]
"""The parameter of a handler that receives a form."""


def form_of(model: type[M], labels: str = "") -> "Form[M]":
    """A form with a field for every field of a model; raise TypeError for fields that no form can hold.

    The label of ``name`` is the text ``<labels>.name``, its help ``<labels>.name_help``, and the text of a choice
    ``<labels>.name_<choice>``; without those the title, the description and the value itself are shown.
    """
    return Form(model, tuple(fields_of(model)), labels)


@dataclass(frozen=True)
class Form(Generic[M]):
    """A form that nobody has filled in."""

    model: type[M]
    fields: tuple[Field, ...]
    labels: str = ""

    def blank(self, **values: object) -> "Filled[M]":
        """The form with the defaults of the model, or the values given."""
        start = {field.name: values.get(field.name, field.start) for field in self.fields}
        return Filled(self, {field.name: _typed(field, start[field.name]) for field in self.fields})

    def of(self, stored: BaseModel | Mapping[str, Any]) -> "Filled[M]":
        """The form with what is stored; secrets are not sent, only that there are some."""
        values = _values(stored)
        typed = {field.name: _typed(field, values.get(field.name)) for field in self.fields}
        kept = frozenset(field.name for field in self.fields if field.is_secret and _reveal(values.get(field.name)))
        return Filled(self, typed, kept=kept)

    def read(self, sent: FormData, stored: BaseModel | Mapping[str, Any] | None = None) -> "Filled[M]":
        """What a person sent: its ``value`` is the model, or None with ``faults`` by field and everything as it was typed.

        A secret that was left empty stays what it is in ``stored``.
        """
        typed = {field.name: _sent(field, sent) for field in self.fields}
        before = _values(stored) if stored is not None else {}
        kept = frozenset(
            field.name
            for field in self.fields
            if field.is_secret and not typed[field.name] and _reveal(before.get(field.name))
        )
        given = {
            field.name: value for field in self.fields if (value := _given(field, typed[field.name])) is not _NOTHING
        }
        given |= {name: _reveal(before[name]) for name in kept}
        filled = Filled(self, typed, kept=kept)
        if unstorable := {name: Fault("kit.fault.pattern") for name, text in typed.items() if "\0" in text}:
            # No text of PostgreSQL can hold it, and none of a person does.
            return replace(filled, faults=unstorable)
        try:
            return replace(filled, value=self.model.model_validate(given))
        except ValidationError as error:
            return replace(filled, faults=_faults(self, error, typed))


@dataclass(frozen=True)
class Filled(Generic[M]):
    """A form with what stands in it; what the macro ``ui.form`` shows."""

    form: Form[M]
    typed: Mapping[str, str]
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """What is wrong, by field; under an empty name what is wrong with the whole."""

    kept: frozenset[str] = frozenset()
    """Secrets that are stored and stay unless others are written."""

    value: M | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in order."""
        return self.form.fields

    def wrong(self, name: str, key: str, /, **values: object) -> "Filled[M]":
        """The same with one more fault, as a text by its key: ``form.wrong("name", "item.name_taken")``."""
        return replace(self, faults={**self.faults, name: Fault(key, values)}, value=None)

    def fault(self, name: str) -> Fault | None:
        """What is wrong with a field."""
        return self.faults.get(name)


_NOTHING = object()


def _values(stored: BaseModel | Mapping[str, Any]) -> Mapping[str, Any]:
    return (
        stored if isinstance(stored, Mapping) else {name: getattr(stored, name) for name in type(stored).model_fields}
    )


def _reveal(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _typed(field: Field, value: Any) -> str:
    """A value as a person would have typed it."""
    if value is None or field.is_secret:
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple | set | frozenset):
        return "\n".join(map(str, value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _sent(field: Field, sent: FormData) -> str:
    value = sent.get(field.name)
    text = value if isinstance(value, str) else ""
    # Browsers end the lines of a textarea in their own way.
    return text.replace("\r\n", "\n") if field.input in ("long", "lines") else text


def _given(field: Field, text: str) -> Any:
    """What the model is given; nothing, where its default or its complaint about a missing value belongs."""
    if field.input == "flag":
        return bool(text)
    if field.input == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    if text == "" and field.nullable:
        return None
    if text == "" and field.input not in ("text", "long"):
        return _NOTHING
    return text.strip().replace(",", ".") if field.input == "number" and text.count(",") == 1 else text


def _faults(form: Form[M], error: ValidationError, typed: Mapping[str, str]) -> Mapping[str, Fault]:
    names = {field.name for field in form.fields}
    faults: dict[str, Fault] = {}
    for wrong in error.errors(include_url=False):
        name = str(wrong["loc"][0]) if wrong["loc"] else ""
        name = name if name in names else ""
        faults.setdefault(name, fault_of(wrong, is_empty=name != "" and not typed[name].strip()))
    return faults
