"""`GET /api/v1/<code>/health` for every module that has no such route of its own."""

import asyncio
import json

from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.responses import Response

from klods.kernel.definition import ModuleDefinition
from klods.kernel.health import Health, HealthReport, run_check
from klods.web.engine.calls import plainly
from klods.web.engine.paths import Area
from klods.web.engine.snapshot import Entry, Standing
from klods.web.engine.threads import WorkerThreads
from klods.web.errors import RETRY_SECONDS

CHECK_SECONDS = 5.0


def health_path(code: str) -> str:
    """Where a module's health is asked for."""
    return f"{Area.API.prefix(code)}/health"


def health_route(definition: ModuleDefinition, threads: WorkerThreads, seconds: float = CHECK_SECONDS) -> APIRoute:
    """The host's answer, from the definition's `health_check`; a module without a check is healthy when it runs."""

    async def health() -> Response:
        """How the module is."""
        return _response(definition, await _ask(definition, threads, seconds))

    route = APIRoute(health_path(definition.code), health, name="health", tags=[definition.name], response_model=None)
    route.app = AsyncExitStackMiddleware(route.app)
    return route


def health_of_unloaded(entry: Entry) -> Response:
    """The answer for a module that is not loaded, without running any of its code."""
    if entry.state is Standing.LOADING:
        report = HealthReport(Health.UNHEALTHY, "the module is still loading")
    else:
        report = HealthReport(Health.UNHEALTHY, f"the module could not be loaded; the incident is {entry.incident}")
    return _response(entry.module.definition, report)


async def _ask(definition: ModuleDefinition, threads: WorkerThreads, seconds: float) -> HealthReport:
    async def check() -> HealthReport:
        return plainly(run_check, definition.health_check, seconds)

    if definition.health_check is None:
        return HealthReport(Health.HEALTHY)
    try:
        async with asyncio.timeout(seconds + 1):
            return await threads.run(check)
    except TimeoutError:
        return HealthReport(Health.UNHEALTHY, "all threads of the module are busy")


def _response(definition: ModuleDefinition, report: HealthReport) -> Response:
    body = {
        "module": definition.code,
        "version": definition.version,
        "status": report.status.value,
        "message": report.message,
        "details": dict(report.details),
    }
    ill = report.status is Health.UNHEALTHY
    headers = {"retry-after": str(RETRY_SECONDS)} if ill else {}
    # A check may tell anything, also what JSON has no form for.
    return Response(json.dumps(body, default=str), 503 if ill else 200, headers, "application/json")
