"""`GET /api/v1/<code>/health` for every module that has no such route of its own."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from klods.kernel.definition import ModuleDefinition
from klods.web.calls import run_plainly
from klods.web.errors import RETRY_SECONDS
from klods.web.paths import Area
from klods.web.threads import WorkerThreads

log = logging.getLogger(__name__)

CHECK_SECONDS = 5.0
WELL = frozenset(["healthy", "ok", "up", "degraded"])


def health_path(code: str) -> str:
    """Where a module's health is asked for."""
    return f"{Area.API.prefix(code)}/health"


def health_route(definition: ModuleDefinition, threads: WorkerThreads, seconds: float = CHECK_SECONDS) -> APIRoute:
    """The host's answer, from the definition's `health_check` with a time limit; without a check, running is healthy."""

    async def health() -> Response:
        """How the module is."""
        return health_response(definition.code, await _ask(definition, threads, seconds), version=definition.version)

    return APIRoute(health_path(definition.code), health, name="health", tags=[definition.name], response_model=None)


def health_response(code: str, report: Mapping[str, Any], **more: Any) -> JSONResponse:
    """A report as an answer: 503 unless the module is well."""
    well = str(report.get("status", "healthy")).lower() in WELL
    headers = {} if well else {"retry-after": str(RETRY_SECONDS)}
    return JSONResponse({"module": code, **more, **report}, 200 if well else 503, headers)


async def _ask(definition: ModuleDefinition, threads: WorkerThreads, seconds: float) -> Mapping[str, Any]:
    check = definition.health_check
    if check is None:
        return {"status": "healthy"}
    try:
        async with asyncio.timeout(seconds):
            report = await threads.run(lambda: run_plainly(check))
    except TimeoutError:
        return {"status": "unhealthy", "detail": f"the health check took longer than {seconds:g} seconds"}
    except Exception as error:
        # The edge of a check: whatever it raises is an answer, not an incident of the host.
        log.warning("the health check of %s failed", definition.code, exc_info=True)
        return {"status": "unhealthy", "detail": f"{type(error).__name__}: {error}"}
    return report if isinstance(report, Mapping) else {"status": "unhealthy" if report is False else "healthy"}
