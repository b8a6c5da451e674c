"""The host's own app: sign-in, its API and its pages; no code of a module ever runs in it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.types import Scope

from klods._version import __version__
from klods.kernel.subject import Subject
from klods.web.api import config as config_api
from klods.web.api import health
from klods.web.api import log as log_api
from klods.web.api import me as me_api
from klods.web.api import menus as menus_api
from klods.web.api import modules as modules_api
from klods.web.api import people as people_api
from klods.web.api import personal as personal_api
from klods.web.api import platforms as platforms_api
from klods.web.api import uninstalling as uninstalling_api
from klods.web.asgi_scope import PAGES
from klods.web.asking import SignedIn, Somebody, find_subject
from klods.web.callers import rules_of
from klods.web.errors import Errors, report
from klods.web.middleware import BoundedBody
from klods.web.pages import account, home, look, modules, new_password, patterns, search, sign_in, sign_ins
from klods.web.pages.administration import config, features, menus, people, personal, platforms, roles, vendors
from klods.web.pages.assets import mount_assets
from klods.web.pages.error_page import error_page
from klods.web.pages.rendering import Pages, redirect, render
from klods.web.pages.sources import Shelf
from klods.web.services import HostServices
from klods.web.storable import only_storable

Document = dict[str, Any]
Merge = Callable[[Document, Subject], Document]
"""Puts what modules offer a subject into the host's OpenAPI document."""


RECOGNISED = [Depends(only_storable), Depends(find_subject)]
"""Every route that somebody may be asked for at knows who calls, and gets nothing that cannot be stored."""


def host_only(document: Document, subject: Subject) -> Document:  # noqa: ARG001
    """The host's document with no module in it."""
    return document


def make_pages(services: HostServices) -> Pages:
    """What renders pages in this process, for the host and for modules."""
    return Pages(services.switchboard, Shelf(auto_reload=services.auto_reload))


def make_errors(pages: Pages) -> Errors:
    """What answers errors: JSON for programs, pages in the host's look for people."""
    return Errors(partial(_error_page, pages))


def given(pages: Pages) -> Mapping[str, Any]:
    """What every request, also one to a module, must find in its ASGI scope: hand it to `middleware.guarded`."""
    return {PAGES: pages}


def create_host_app(services: HostServices, errors: Errors, merge: Merge = host_only) -> FastAPI:
    """The host's app; `make_errors` gives it the same error answers that modules have."""
    app = FastAPI(
        title="Klods", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    for kind, answer in (errors.handlers() | {Exception: partial(_unexpected, errors)}).items():
        app.add_exception_handler(kind, answer)
    app.add_middleware(BoundedBody)
    app.state.services = services
    _add_documents(app, merge)
    app.include_router(health.router)
    for part in (
        home,
        sign_in,
        new_password,
        sign_ins,
        account,
        look,
        config,
        modules,
        patterns,
        search,
        people,
        roles,
        platforms,
        vendors,
        features,
        menus,
        personal,
        uninstalling_api,
        log_api,
        people_api,
        me_api,
        menus_api,
        config_api,
        platforms_api,
        personal_api,
        modules_api,
    ):
        app.include_router(part.router, dependencies=RECOGNISED)
    mount_assets(app, services.switchboard)
    return app


def host_document(app: FastAPI, subject: Subject) -> Document:
    """The host's own OpenAPI document, as far as the subject may call it."""
    document: Document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for context in iter_route_contexts(app.routes):
        if not all(rule.lets_in(subject) for rule in rules_of(context)):
            for method in context.methods or ():
                document["paths"].get(context.path_format, {}).pop(method.lower(), None)
    document["paths"] = {path: operations for path, operations in document["paths"].items() if operations}
    return document


def _add_documents(app: FastAPI, merge: Merge) -> None:
    @app.get("/api/v1/openapi.json", include_in_schema=False, dependencies=RECOGNISED)
    def document(subject: SignedIn) -> Document:
        return merge(host_document(app, subject), subject)

    @app.get("/api/docs", include_in_schema=False)
    def docs(request: Request, subject: Somebody) -> Response:
        return render(request, "klods/docs.html") if subject else redirect("/auth/login?next=/api/docs")


def _error_page(pages: Pages, scope: Scope, status: int, body: Mapping[str, Any]) -> Response:
    return error_page(pages, scope, status, body)


async def _unexpected(errors: Errors, request: Request, error: Exception) -> Response:
    report(error, request.scope)
    return errors.response(request.scope, error)
