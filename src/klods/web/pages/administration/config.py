"""The page of a module's settings, made from its schema: no code of the module is needed to show it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from klods.errors import InvalidConfig, KlodsError, StaleConfig
from klods.kernel.config_view import Layer, Setting
from klods.kernel.configuring import Shown, Wish
from klods.web.administration.config import ConfigAdministration, Managing, Reading
from klods.web.errors import status_of
from klods.web.pages.kit.faults import Fault, fault_of
from klods.web.pages.kit.fields import Field, fields_in
from klods.web.pages.kit.form import Filled, Submitted
from klods.web.pages.kit.form import Form as KitForm
from klods.web.pages.rendering import module_words, redirect, render

router = APIRouter(prefix="/admin/modules/{code}/config", include_in_schema=False)

Name = Annotated[str, Form(max_length=100)]
LONGEST_VERSION = 20


class Given(BaseModel):
    """What was sent, whatever it is: the module's own schema looks at it later, in a process of its own."""

    model_config = ConfigDict(extra="allow")


@router.get("")
def show_config(request: Request, code: str, admin: Reading) -> Response:
    """Every setting in a form, where its value comes from, and what was changed by whom."""
    shown = admin.show(code)
    return _show(request, admin, shown, _form(shown).of(_values(shown)))


@router.post("")
def change_config(request: Request, code: str, admin: Managing, sent: Submitted) -> Response:
    """Save what differs from what is in force, or show the form again with what is wrong beside the fields."""
    shown = admin.show(code)
    form = _form(shown).read(sent, _values(shown))
    version = str(sent.get("version", ""))[:LONGEST_VERSION]
    try:
        values = _changed(shown, form)
        seen = int(version) if version.isascii() and version.isdigit() else None
        admin.change(code, Wish(values, (), seen))
    except InvalidConfig as error:
        return _show(request, admin, shown, _with_faults(form, error), error=error)
    except StaleConfig as error:
        # What was typed stands on what was seen: sent again with the new version, it would take back what others did.
        now = admin.show(code)
        return _show(request, admin, now, _form(now).of(_values(now)), error=error)
    except KlodsError as error:
        return _show(request, admin, admin.show(code), form, error=error)
    return redirect(
        f"/admin/modules/{shown.code}/config",
        toast="toast.config_changed",
        name=module_words(request, shown.module).name,
    )


@router.post("/unset")
def unset(request: Request, code: str, admin: Managing, name: Name = "") -> Response:
    """Let one setting be as the module says again."""
    shown = admin.show(code)
    try:
        admin.change(code, Wish({}, (name,)))
    except KlodsError as error:
        return _show(request, admin, shown, _form(shown).of(_values(shown)), error=error)
    return redirect(
        f"/admin/modules/{shown.code}/config",
        toast="toast.config_changed",
        name=module_words(request, shown.module).name,
    )


@router.post("/history/{number}/undo")
def undo(request: Request, code: str, number: Annotated[int, Path(ge=1, le=2**62)], admin: Managing) -> Response:
    """Put back what stood before one change."""
    shown = admin.show(code)
    try:
        admin.undo(code, number)
    except KlodsError as error:
        return _show(request, admin, shown, _form(shown).of(_values(shown)), error=error)
    return redirect(
        f"/admin/modules/{shown.code}/config",
        toast="toast.config_changed",
        name=module_words(request, shown.module).name,
    )


def _form(shown: Shown) -> KitForm[Given]:
    """Fields for what the schema names; those that the environment fixes are there to be read only."""
    found = {it.name: it for it in shown.settings}
    fields = (_field(field, found[field.name]) for field in fields_in(shown.schema, otherwise="long"))
    return KitForm(Given, tuple(fields), "")


def _field(field: Field, setting: Setting) -> Field:
    kind = "password" if setting.secret else field.input
    fixed = setting.layer is Layer.ENVIRONMENT
    limits = {**field.limits, "disabled": "disabled"} if fixed else field.limits
    return replace(field, input=kind, required=False if fixed else field.required, limits=limits)


def _values(shown: Shown) -> dict[str, Any]:
    """What stands in the form; of a secret only that there is one."""
    return {it.name: _plain(it.value) if not it.secret else it.is_set for it in shown.settings}


def _plain(value: Any) -> Any:
    """A value as the form holds it: what is no list of texts stands there as JSON."""
    simple = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return value if simple or not isinstance(value, list | dict) else json.dumps(value, ensure_ascii=False)


def _changed(shown: Shown, form: Filled[Given]) -> dict[str, Any]:
    """What is to be set: the fields that say something else than what is in force."""
    sent: Mapping[str, Any] = (form.value.model_extra or {}) if form.value is not None else {}
    before = _form(shown).of(_values(shown)).typed
    fixed = {it.name for it in shown.settings if it.layer is Layer.ENVIRONMENT}
    changed = (field for field in form.fields if field.name not in form.kept and field.name not in fixed)
    return {
        field.name: _read(field, sent[field.name])
        for field in changed
        if field.name in sent and form.typed[field.name] != before[field.name]
    }


def _read(field: Field, value: Any) -> Any:
    """What a field holds that no form has a kind for, as the JSON it is; anything else as it was typed."""
    if field.input not in ("long", "password") or not isinstance(value, str):
        return value
    if not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _with_faults(form: Filled[Given], error: InvalidConfig) -> Filled[Given]:
    names = {field.name for field in form.fields}
    faults: dict[str, Fault] = {}
    for name, wrong in dict(error.data.get("faults") or {}).items():
        where = name if name in names else ""
        faults.setdefault(where, fault_of(wrong, is_empty=False))
    return replace(form, faults=faults)


def _show(
    request: Request,
    admin: ConfigAdministration,
    shown: Shown,
    form: Filled[Given],
    *,
    error: KlodsError | None = None,
) -> Response:
    by_field = isinstance(error, InvalidConfig) and form.faults
    return render(
        request,
        "klods/administration/config.html",
        status_code=status_of(error) if error else 200,
        shown=shown,
        name=module_words(request, shown.module).name,
        form=form,
        history=admin.history(shown.code),
        may_change=admin.by.may("klods.config.manage"),
        platform_names=_of(shown.settings, Layer.PLATFORM),
        error=None if by_field else error,
    )


def _of(settings: Iterable[Setting], layer: Layer) -> list[str]:
    return [it.name for it in settings if it.layer is layer]
