"""The pages of platforms: their names, languages, host names, and whether they are open."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, StringConstraints, create_model
from starlette.responses import Response

from klods.errors import KlodsError
from klods.kernel.i18n import LOCALES
from klods.kernel.platforms import Platform
from klods.web.administration.platforms import OfPlatforms, PlatformAdministration
from klods.web.errors import status_of
from klods.web.pages.administration.acting import carry_out
from klods.web.pages.administration.choices import naming, one_of
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import redirect, render

router = APIRouter(prefix="/admin/platforms", include_in_schema=False)

HOME = "/admin/platforms"
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Field = Annotated[str, Form(max_length=300)]

PLATFORMS = Table(
    Column("code", "platforms.code", finds=True, link="/admin/platforms/{code}"),
    Column("name", "platforms.name", finds=True),
    Column("domains", "platforms.domains", finds=True),
    Column("tier", "platforms.tier"),
    Column(
        "state",
        "platforms.state",
        choices={"open": "platforms.state_open", "archived": "platforms.state_archived"},
        tones={"open": "good", "archived": "calm"},
    ),
    order="code",
    key="code",
)


class NewPlatformIn(BaseModel):
    """A platform that is to be made."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    name: Text = ""
    domains: list[str] = []


NEW_FORM = form_of(NewPlatformIn, labels="platforms")


@router.get("")
def list_platforms(request: Request, admin: OfPlatforms) -> Response:
    """Every platform the caller may know of."""
    tiers = _tiers(admin)
    items = PLATFORMS.ask(request).among([_row(platform, tiers) for platform in admin.platforms()])
    return items.export() or render(
        request, "klods/administration/platforms.html", items=items, may_create=admin.by.is_everywhere
    )


@router.get("/new")
def new_platform(request: Request, admin: OfPlatforms) -> Response:
    """The form for a new platform."""
    return _show(request, admin, NEW_FORM.blank())


@router.post("/new")
def create_platform(request: Request, admin: OfPlatforms, sent: Submitted) -> Response:
    """Make a platform, or show the form again with what is wrong."""
    form = NEW_FORM.read(sent)
    wanted = form.value
    if wanted is None:
        return _show(request, admin, form, status_code=422)
    try:
        admin.create(wanted.code, wanted.name, wanted.domains)
    except KlodsError as error:
        return _show(request, admin, form, error=error)
    return redirect(HOME, toast="toast.platform_created", name=wanted.code)


@router.get("/{code}")
def show_platform(request: Request, code: str, admin: OfPlatforms) -> Response:
    """One platform, and everything that can be done about it."""
    platform = admin.find(code)
    return _show(request, admin, _form(admin).of(_values(platform)), platform=platform)


@router.post("/{code}")
def change_platform(request: Request, code: str, admin: OfPlatforms, sent: Submitted) -> Response:
    """Give a platform another name, language or tier."""
    platform, form = admin.find(code), _form(admin).read(sent)
    wanted: Any = form.value
    if wanted is None:
        return _show(request, admin, form, platform=platform, status_code=422)

    def act() -> None:
        admin.change(code, name=wanted.name, locale=wanted.locale)
        if wanted.tier != platform.tier:
            admin.set_tier(code, wanted.tier)

    return _done(request, admin, code, said="platform_changed", act=act)


@router.post("/{code}/domains")
def add_domain(request: Request, code: str, admin: OfPlatforms, domain: Field = "") -> Response:
    """Let a host name lead to a platform."""
    return _done(request, admin, code, said="platform_changed", act=lambda: admin.add_domain(code, domain))


@router.post("/{code}/domains/remove")
def remove_domain(request: Request, code: str, admin: OfPlatforms, domain: Field = "") -> Response:
    """Let a host name lead there no longer."""
    return _done(request, admin, code, said="platform_changed", act=lambda: admin.remove_domain(code, domain))


@router.post("/{code}/archive")
def archive(request: Request, code: str, admin: OfPlatforms) -> Response:
    """Close a platform."""
    return _done(request, admin, code, said="platform_archived", act=lambda: admin.archive(code))


@router.post("/{code}/restore")
def restore(request: Request, code: str, admin: OfPlatforms) -> Response:
    """Open an archived platform again."""
    return _done(request, admin, code, said="platform_restored", act=lambda: admin.restore(code))


def _done(
    request: Request, admin: PlatformAdministration, code: str, *, said: str, act: Callable[[], object]
) -> Response:
    def show(error: KlodsError) -> Response:
        platform = admin.find(code)
        return _show(request, admin, _form(admin).of(_values(platform)), platform=platform, error=error)

    return carry_out(act, show, f"{HOME}/{code}", said=said, name=code)


def _show(
    request: Request,
    admin: PlatformAdministration,
    form: Filled[Any],
    *,
    platform: Platform | None = None,
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    return render(
        request,
        "klods/administration/platform.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        platform=platform,
        is_everywhere=admin.by.is_everywhere,
        error=error,
    )


def _form(admin: PlatformAdministration) -> Any:
    tiers = _tiers(admin)
    name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    model = create_model("PlatformIn", name=(name, ...), locale=(one_of(LOCALES), ""), tier=(one_of(tiers), ""))
    return naming(form_of(model, labels="platforms"), tier=tiers)


def _tiers(admin: PlatformAdministration) -> dict[str, str]:
    return {tier.code: tier.name for tier in admin.tiers()}


def _values(platform: Platform) -> dict[str, Any]:
    return {"name": platform.name, "locale": platform.locale, "tier": platform.tier}


def _row(platform: Platform, tiers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "code": platform.code,
        "name": platform.name,
        "domains": ", ".join(platform.domains),
        "tier": tiers.get(platform.tier, platform.tier),
        "state": "archived" if platform.is_archived else "open",
    }
