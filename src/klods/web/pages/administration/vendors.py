"""The pages of the vendors on a platform."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints, create_model
from starlette.responses import Response

from klods.db.tenants.vendors import Vendor
from klods.errors import KlodsError
from klods.web.administration.platforms import OfVendors, PlatformAdministration
from klods.web.errors import status_of
from klods.web.pages.administration.acting import carry_out
from klods.web.pages.administration.choices import naming, one_of
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import redirect, render

router = APIRouter(prefix="/admin/vendors", include_in_schema=False)

HOME = "/admin/vendors"
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]

VENDORS = Table(
    Column("code", "vendors.code", finds=True, link="/admin/vendors/{code}"),
    Column("name", "vendors.name", finds=True),
    Column("tier", "vendors.tier", filters=True),
    Column(
        "state",
        "vendors.state",
        choices={"open": "vendors.state_open", "archived": "vendors.state_archived"},
        tones={"open": "good", "archived": "calm"},
        filters=True,
    ),
    order="name",
    key="code",
)


class NewVendorIn(BaseModel):
    """A vendor that is to be made."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    name: Text = ""


NEW_FORM = form_of(NewVendorIn, labels="vendors")


@router.get("")
def list_vendors(request: Request, admin: OfVendors) -> Response:
    """The vendors of the platform."""
    tiers = _tiers(admin)
    items = VENDORS.ask(request).among([_row(vendor, tiers) for vendor in admin.vendors()])
    return items.export() or render(request, "klods/administration/vendors.html", items=items)


@router.get("/new")
def new_vendor(request: Request, admin: OfVendors) -> Response:  # noqa: ARG001 - only who may make one
    """The form for a new vendor."""
    return _show(request, NEW_FORM.blank())


@router.post("/new")
def create_vendor(request: Request, admin: OfVendors, sent: Submitted) -> Response:
    """Make a vendor, or show the form again with what is wrong."""
    form = NEW_FORM.read(sent)
    wanted = form.value
    if wanted is None:
        return _show(request, form, status_code=422)
    try:
        admin.create_vendor(wanted.code, wanted.name)
    except KlodsError as error:
        return _show(request, form, error=error)
    return redirect(HOME, toast="toast.vendor_created", name=wanted.code)


@router.get("/{code}")
def show_vendor(request: Request, code: str, admin: OfVendors) -> Response:
    """One vendor, and everything that can be done about it."""
    vendor = admin.vendor(code)
    return _show(request, _form(admin).of({"name": vendor.name, "tier": vendor.tier}), vendor=vendor)


@router.post("/{code}")
def change_vendor(request: Request, code: str, admin: OfVendors, sent: Submitted) -> Response:
    """Give a vendor another name or tier."""
    form = _form(admin).read(sent)
    wanted: Any = form.value
    if wanted is None:
        return _show(request, form, vendor=admin.vendor(code), status_code=422)
    return _done(
        request,
        admin,
        code,
        said="vendor_changed",
        act=lambda: admin.change_vendor(code, name=wanted.name, tier=wanted.tier),
    )


@router.post("/{code}/archive")
def archive(request: Request, code: str, admin: OfVendors) -> Response:
    """Close a vendor."""
    return _done(request, admin, code, said="vendor_archived", act=lambda: admin.archive_vendor(code))


@router.post("/{code}/restore")
def restore(request: Request, code: str, admin: OfVendors) -> Response:
    """Let the people of a vendor come in again."""
    return _done(request, admin, code, said="vendor_restored", act=lambda: admin.restore_vendor(code))


def _done(
    request: Request, admin: PlatformAdministration, code: str, *, said: str, act: Callable[[], object]
) -> Response:
    def show(error: KlodsError) -> Response:
        vendor = admin.vendor(code)
        return _show(request, _form(admin).of({"name": vendor.name, "tier": vendor.tier}), vendor=vendor, error=error)

    return carry_out(act, show, f"{HOME}/{code}", said=said, name=code)


def _show(
    request: Request,
    form: Filled[Any],
    *,
    vendor: Vendor | None = None,
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    return render(
        request,
        "klods/administration/vendor.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        vendor=vendor,
        error=error,
    )


def _form(admin: PlatformAdministration) -> Any:
    tiers = _tiers(admin)
    name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    model = create_model("VendorIn", name=(name, ...), tier=(one_of(tiers), ""))
    return naming(form_of(model, labels="vendors"), tier=tiers)


def _tiers(admin: PlatformAdministration) -> dict[str, str]:
    return {tier.code: tier.name for tier in admin.tiers()}


def _row(vendor: Vendor, tiers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "code": vendor.code,
        "name": vendor.name,
        "tier": tiers.get(vendor.tier, vendor.tier),
        "state": "archived" if vendor.is_archived else "open",
    }
