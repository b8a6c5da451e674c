"""The page of personal data: what is held about somebody, what an erasure would do, and the retention rules."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.datastructures import FormData
from starlette.responses import Response

from klods.errors import ErasureNotConfirmed, KlodsError
from klods.kernel.person_reports import Report, Section, export_data
from klods.kernel.personal import LONGEST_ADDRESS
from klods.web.administration.personal import PRIVATE, OfPersonalData, PersonalDataAdministration
from klods.web.errors import status_of
from klods.web.pages.kit.disposition import disposition
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.rendering import redirect, render

router = APIRouter(prefix="/admin/personal-data", include_in_schema=False)

HOME = "/admin/personal-data"
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ADDRESS),
    Field(json_schema_extra={"format": "email"}),
]


class WhomIn(BaseModel):
    """Whom it is about."""

    email: Address


class WhomAndWhereIn(WhomIn):
    """Whom it is about, and whether on every platform."""

    everywhere: bool = False


HERE_FORM = form_of(WhomIn, labels="personal")
EVERYWHERE_FORM = form_of(WhomAndWhereIn, labels="personal")


@dataclass(frozen=True, slots=True)
class Line:
    """What one module holds, and what would be erased of it."""

    held: Section
    erased: Section | None = None

    @property
    def problem(self) -> KlodsError | None:
        """Why there is nothing of one or of both."""
        return self.held.problem or (self.erased.problem if self.erased else None)


@router.get("")
def show_form(request: Request, admin: OfPersonalData) -> Response:
    """The form that asks whom it is about, and the retention rules."""
    return _show(request, admin, _form(admin).blank())


@router.post("")
def show_person(request: Request, admin: OfPersonalData, sent: Submitted) -> Response:
    """What is held about somebody, and what an erasure would do."""
    return _shown(request, admin, sent)


@router.post("/export")
def export(request: Request, admin: OfPersonalData, sent: Submitted) -> Response:
    """Everything that is held, as a file; its name says nothing of whom it is about."""
    form = _form(admin).read(sent)
    if form.value is None:
        return _show(request, admin, form, status_code=422)
    try:
        report = admin.export(**form.value.model_dump())
    except KlodsError as error:
        return _show(request, admin, form, error=error)
    text = json.dumps(export_data(report), ensure_ascii=False, indent=2, default=str)
    headers = {**PRIVATE, "content-disposition": disposition("personal-data.json")}
    return Response(text, media_type="application/json", headers=headers)


@router.post("/erase")
def erase(request: Request, admin: OfPersonalData, sent: Submitted) -> Response:
    """Erase what is held once the address is typed again, and show what came of it."""
    form = _form(admin).read(sent)
    if form.value is None:
        return _show(request, admin, form, status_code=422)
    try:
        _refuse_unconfirmed(form.value.email, sent)
        report = admin.erase(**form.value.model_dump())
    except KlodsError as error:
        return _shown(request, admin, sent, error=error)
    return _show(request, admin, _form(admin).blank(), erased=report)


@router.post("/retention")
def apply_retention(request: Request, admin: OfPersonalData) -> Response:
    """Carry the retention rules out."""
    done = admin.apply_retention()
    if any(it.failed for it in done):
        return _show(request, admin, _form(admin).blank())
    return redirect(HOME, toast="toast.retention_applied", name=str(sum(it.rows for it in done if not it.problem)))


def _refuse_unconfirmed(email: str, sent: FormData) -> None:
    if str(sent.get("again", "")).strip().lower() != email.lower():
        raise ErasureNotConfirmed


def _form(admin: PersonalDataAdministration) -> Any:
    return EVERYWHERE_FORM if admin.may_choose_everywhere else HERE_FORM


def _shown(
    request: Request, admin: PersonalDataAdministration, sent: FormData, error: KlodsError | None = None
) -> Response:
    form: Filled[WhomIn] = _form(admin).read(sent)
    if form.value is None:
        return _show(request, admin, form, status_code=422)
    wanted = form.value.model_dump()
    preview: Report | None = None
    try:
        held = admin.look(**wanted)
    except KlodsError as refusal:
        return _show(request, admin, form, error=refusal)
    try:
        preview = admin.preview(**wanted)
    except KlodsError as refusal:
        error = error or refusal
    lines = _lines(held.sections, preview.sections if preview else ())
    return _show(request, admin, form, lines=lines, email=held.email, may_erase=preview is not None, error=error)


def _lines(held: Iterable[Section], erased: Iterable[Section]) -> list[Line]:
    """Both reports side by side; modules that hold nothing about the person are left out."""
    found = {(it.module, it.platform): it for it in erased}
    lines = (Line(it, found.get((it.module, it.platform))) for it in held)
    return [line for line in lines if not line.held.is_empty or (line.erased and not line.erased.is_empty)]


def _show(
    request: Request,
    admin: PersonalDataAdministration,
    form: Filled[Any],
    *,
    lines: list[Line] | None = None,
    email: str = "",
    may_erase: bool = False,
    erased: Report | None = None,
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    due = admin.due()
    return render(
        request,
        "klods/administration/personal.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        lines=lines,
        email=email,
        may_erase=may_erase,
        erased=erased,
        due=due,
        any_due=any(it.rows and not it.problem for it in due),
        error=error,
    )
