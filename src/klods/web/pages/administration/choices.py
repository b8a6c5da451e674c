"""Fields whose choices are known only when the page is asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from klods.web.pages.kit.form import Form

M = TypeVar("M", bound=BaseModel)


def one_of(values: Iterable[str], *, or_none: bool = True) -> Any:
    """The type of a field that holds one of these, or nothing."""
    return Literal[(*([""] if or_none else []), *values)]


def naming(form: Form[M], **names: Mapping[str, str]) -> Form[M]:
    """The form with what the choices of some of its fields are called."""
    fields = (replace(field, names=names.get(field.name, field.names)) for field in form.fields)
    return replace(form, fields=tuple(fields))
