"""The API for the configuration of modules."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response

from klods.errors import InvalidConfig
from klods.kernel.configuring import Shown
from klods.web.administration.config import Managing, Reading
from klods.web.api.config_models import ConfigChangeIn, ConfigChangeOut, ConfigIn, ConfigOut
from klods.web.api.refusals import REFUSALS
from klods.web.storable import PLAIN

router = APIRouter(prefix="/api/v1/modules/{code}/config", responses=REFUSALS, tags=["config"])


def _seen(
    if_match: Annotated[str, Header(max_length=40, description="the version that you saw, as `ETag` gave it")] = "",
) -> int | None:
    """The version in the header; any of them for none and for ``*``."""
    text = if_match.removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidConfig(module="the module", reason=f"If-Match must be a version, and it is {if_match!r}")
    return int(text)


Seen = Annotated[int | None, Depends(_seen)]
Code = Annotated[str, Path(max_length=100, pattern=PLAIN, description="The module's code")]
Number = Annotated[int, Path(ge=1, le=2**62)]


@router.get("", operation_id="get_module_config")
def get_config(code: Code, admin: Reading, response: Response) -> ConfigOut:
    """Every setting with its value and where that comes from; of secrets only whether they are set."""
    return _answer(response, admin.show(code))


@router.put("", operation_id="replace_module_config")
def replace_config(code: Code, wanted: ConfigIn, admin: Managing, response: Response, seen: Seen) -> ConfigOut:
    """Set exactly these; what is not named is as the module says again."""
    return _answer(response, admin.change(code, wanted.wish(seen)))


@router.patch("", operation_id="change_module_config")
def change_config(code: Code, wanted: ConfigChangeIn, admin: Managing, response: Response, seen: Seen) -> ConfigOut:
    """Set some, and let others be as the module says again."""
    return _answer(response, admin.change(code, wanted.wish(seen)))


@router.get("/history", operation_id="list_module_config_changes")
def list_changes(code: Code, admin: Reading) -> list[ConfigChangeOut]:
    """Who changed what and when, the newest first."""
    return [ConfigChangeOut.of(change) for change in admin.history(code)]


@router.post("/history/{number}/undo", operation_id="undo_module_config_change")
def undo_change(code: Code, number: Number, admin: Managing, response: Response) -> ConfigOut:
    """Put back what stood before one change, secrets too."""
    return _answer(response, admin.undo(code, number))


def _answer(response: Response, shown: Shown) -> ConfigOut:
    response.headers["etag"] = f'"{shown.stored.version}"'
    response.status_code = 202 if shown.late else 200
    return ConfigOut.of(shown)
