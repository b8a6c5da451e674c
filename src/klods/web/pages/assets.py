"""Files that never change while a version runs: our own, Bootstrap's and Swagger's; all of them from this machine."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from klods.web.asgi_scope import platform_of
from klods.web.engine.snapshot import Entry, Switchboard

OWN = Path(__file__).parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=3600"
PACKAGES = ("bootstrap-flask", "fastapi-offline")
"""The distributions whose files are served besides our own."""


class Assets(StaticFiles):
    """Static files that browsers keep for ever when the address names the version that is served."""

    def __init__(self, version: str, **places: Any) -> None:
        super().__init__(**places)
        self._for_ever = f"v={version}".encode()

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            response.headers["cache-control"] = FOREVER if scope.get("query_string") == self._for_ever else A_WHILE
        return response


class ModuleAssets:
    """``/static/modules/<code>/…``: the static folder of every module that is enabled for the platform, open to all."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._shelves: dict[Entry, Assets] = {}

    async def answer(self, request: Request) -> Response:
        """The file, from the approved content."""
        code, path = request.path_params["code"], request.path_params["path"]
        snapshot = self._switchboard.current
        entry = snapshot.entries.get(code)
        if entry is None or not snapshot.is_open(code, platform_of(request.scope)):
            raise HTTPException(404)
        return await self._shelf(entry).get_response(path, request.scope)

    def _shelf(self, entry: Entry) -> Assets:
        if entry not in self._shelves:
            folder = entry.module.source.folder / entry.module.definition.static_path
            current = self._switchboard.current.entries.values()
            self._shelves = {known: shelf for known, shelf in self._shelves.items() if known in current}
            self._shelves[entry] = Assets(entry.content_hash, directory=folder, check_dir=False)
        return self._shelves[entry]


def mount_assets(app: Starlette, switchboard: Switchboard) -> None:
    """Put all static files under ``/static``; the packages are read as folders, never imported."""
    app.add_route("/static/modules/{code}/{path:path}", ModuleAssets(switchboard).answer, include_in_schema=False)
    app.mount("/static/klods", Assets(host_version(), directory=OWN), name="static")
    app.mount("/static/bootstrap", Assets(host_version(), packages=[("flask_bootstrap", "static/bootstrap5")]))
    app.mount("/static/swagger", Assets(host_version(), packages=[("fastapi_offline", "static")]))


def address(path: str) -> str:
    """The address of a static file of the host, with the version that lets browsers keep it."""
    return f"/static/{path}?v={host_version()}"


@cache
def host_version() -> str:
    """A short digest of our own files and of the versions of the packages, so that what changed is fetched anew."""
    digest = hashlib.sha256("".join(map(version, PACKAGES)).encode())
    for file in sorted(OWN.rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
