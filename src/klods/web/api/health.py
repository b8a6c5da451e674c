"""How the host itself is, for people, load balancers and watchdogs; small, and open to everybody."""

from collections import Counter

from fastapi import APIRouter, Response

from klods._version import __version__
from klods.errors import KlodsError
from klods.web.api.module_models import HealthOut
from klods.web.asking import Services
from klods.web.services import HostServices

router = APIRouter(tags=["health"])


@router.get("/health/live", operation_id="get_liveness")
async def live() -> HealthOut:
    """This process answers."""
    return HealthOut(status="ok", version=__version__)


@router.get("/health/ready", operation_id="get_readiness", responses={503: {"model": HealthOut}})
def ready(services: Services, response: Response) -> HealthOut:
    """Whether requests should be sent to this process."""
    reason = services.why_not_ready() or _why_no_states(services)
    response.status_code = 503 if reason else 200
    return HealthOut(status="unavailable" if reason else "ok", reason=reason, version=__version__)


@router.get("/health", operation_id="get_health", responses={503: {"model": HealthOut}})
def health(services: Services, response: Response) -> HealthOut:
    """Readiness, and how many modules stand how in this process."""
    answer = ready(services, response)
    warnings = _warnings(services) if not answer.reason else []
    known = {"modules": _standings(services), "isolation": services.isolation, "warnings": warnings}
    return answer.model_copy(update=known)


def _why_no_states(services: HostServices) -> str:
    try:
        services.states.read()
    except KlodsError as error:
        return str(error)
    return ""


def _warnings(services: HostServices) -> list[str]:
    """Nothing while the database is away, which the status says already."""
    try:
        return [*(weakness.meaning for weakness in services.weaknesses()), *services.warnings()]
    except KlodsError:
        return []


def _standings(services: HostServices) -> dict[str, int]:
    return dict(Counter(entry.state.value for entry in services.switchboard.current.entries.values()))
