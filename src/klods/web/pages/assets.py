"""Files that never change while a version runs: our own, Bootstrap's and Swagger's; all of them from this machine."""

import hashlib
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

OWN = Path(__file__).parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=3600"


class Assets(StaticFiles):
    """Static files that browsers keep for ever when the address names a version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            response.headers["cache-control"] = FOREVER if scope.get("query_string") else A_WHILE
        return response


def mount_assets(app: Starlette) -> None:
    """Put all static files of the host under ``/static``; the packages are read as folders, never imported."""
    app.mount("/static/klods", Assets(directory=OWN), name="static")
    app.mount("/static/bootstrap", Assets(packages=[("flask_bootstrap", "static/bootstrap5")]))
    app.mount("/static/swagger", Assets(packages=[("fastapi_offline", "static")]))


def fingerprint() -> str:
    """A short digest of our own files, so that a changed style sheet is fetched anew."""
    digest = hashlib.sha256()
    for file in sorted(OWN.rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
