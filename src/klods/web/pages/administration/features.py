"""The pages of features: what is open here, and which tier has what."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from klods.errors import KlodsError, NoSuchTier
from klods.kernel.features import Tier
from klods.web.administration.platforms import OfFeatures, PlatformAdministration
from klods.web.errors import status_of
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import redirect, render
from klods.web.storable import PLAIN

router = APIRouter(prefix="/admin/features", include_in_schema=False)

HOME = "/admin/features"
Chosen = Annotated[tuple[Annotated[str, StringConstraints(max_length=100, pattern=PLAIN)], ...], Form()]
DECISIONS = {"grant": True, "withdraw": False, "reset": None}

FEATURES = Table(
    Column("code", "features.code", finds=True),
    Column("module", "features.module", filters=True, finds=True),
    Column("tiers", "features.tiers"),
    Column(
        "state",
        "features.state",
        choices={"open": "features.state_open", "closed": "features.state_closed"},
        tones={"open": "good", "closed": "calm"},
        filters=True,
    ),
    Column("decided", "features.decided", choices={"granted": "features.granted", "withdrawn": "features.withdrawn"}),
    order="code",
    key="code",
)


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Position = Annotated[int, Field(ge=0, le=10_000)]


class NewTierIn(BaseModel):
    """A tier that is to be made."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    name: Text = ""
    position: Position = 0


class TierIn(BaseModel):
    """What a tier is to be called, and where it stands among the others."""

    name: Text = ""
    position: Position = 0


NEW_FORM = form_of(NewTierIn, labels="tiers")
TIER_FORM = form_of(TierIn, labels="tiers")


@router.get("")
def list_features(request: Request, admin: OfFeatures) -> Response:
    """Every feature, and whether it is open on the platform."""
    return _list(request, admin)


@router.post("/decide")
def decide(
    request: Request, admin: OfFeatures, feature: Annotated[str, Form()] = "", decision: Annotated[str, Form()] = ""
) -> Response:
    """Give or take a feature of the platform, or leave it to the tier."""
    try:
        admin.decide(feature, granted=DECISIONS.get(decision))
    except KlodsError as error:
        return _list(request, admin, error=error)
    return redirect(HOME, toast="toast.feature_decided", name=feature)


@router.get("/tiers/new")
def new_tier(request: Request, admin: OfFeatures) -> Response:
    """The form for a new tier."""
    return _show(request, admin, NEW_FORM.blank())


@router.get("/tiers/{code}")
def show_tier(request: Request, code: str, admin: OfFeatures) -> Response:
    """A tier with all its features."""
    tier = _find(admin, code)
    values = {"name": tier.name, "position": tier.position}
    return _show(request, admin, TIER_FORM.of(values), code=code, chosen=tuple(tier.features))


@router.post("/tiers/{code}")
@router.post("/tiers/new")
def save_tier(request: Request, admin: OfFeatures, sent: Submitted, code: str = "", features: Chosen = ()) -> Response:
    """Make a tier, or replace what it has."""
    form: Filled[Any] = (TIER_FORM if code else NEW_FORM).read(sent)
    wanted = form.value
    if wanted is None:
        return _show(request, admin, form, code=code, chosen=features, status_code=422)
    code_or_new = code or wanted.code
    try:
        admin.save_tier(Tier(code_or_new, wanted.name or code_or_new, frozenset(features), wanted.position))
    except KlodsError as error:
        return _show(request, admin, form, code=code, chosen=features, error=error)
    return redirect(HOME, toast="toast.tier_saved", name=code_or_new)


@router.post("/tiers/{code}/delete")
def delete_tier(request: Request, code: str, admin: OfFeatures) -> Response:
    """Delete a tier that nobody has."""
    try:
        admin.delete_tier(code)
    except KlodsError as error:
        return _list(request, admin, error=error)
    return redirect(HOME, toast="toast.tier_deleted", name=code)


def _list(request: Request, admin: PlatformAdministration, error: KlodsError | None = None) -> Response:
    offer = admin.offer()
    items = FEATURES.ask(request).among([
        {
            "code": code,
            "module": module,
            "tiers": ", ".join(offer.tiers_with(code)),
            "state": "open" if offer.has(code) else "closed",
            "decided": _decided(offer.platform.granted, offer.platform.withdrawn, code),
        }
        for code, module in admin.features().items()
    ])  # fmt: skip
    return items.export() or render(
        request,
        "klods/administration/features.html",
        status_code=status_of(error) if error else 200,
        items=items,
        tiers=admin.tiers(),
        is_everywhere=admin.by.is_everywhere,
        error=error,
    )


def _decided(granted: frozenset[str], withdrawn: frozenset[str], code: str) -> str:
    if code in withdrawn:
        return "withdrawn"
    return "granted" if code in granted else ""


def _find(admin: PlatformAdministration, code: str) -> Tier:
    for tier in admin.tiers():
        if tier.code == code:
            return tier
    raise NoSuchTier(tier=code)


def _show(
    request: Request,
    admin: PlatformAdministration,
    form: Filled[Any],
    *,
    code: str = "",
    chosen: tuple[str, ...] = (),
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    known = admin.features()
    return render(
        request,
        "klods/administration/tier.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        code=code,
        features=[(it, it, known.get(it, "")) for it in sorted({*known, *chosen})],
        chosen=set(chosen),
        is_everywhere=admin.by.is_everywhere,
        error=error,
    )
