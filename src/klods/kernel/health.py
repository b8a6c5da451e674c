"""Asks a module how it is, within a time limit, and turns whatever comes back into one answer."""

import asyncio
import contextvars
import inspect
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import Any

from klods.kernel.faults import sentence

log = logging.getLogger(__name__)


class Health(StrEnum):
    """How a module is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The answer of one check: how it is, why, and how many seconds it took."""

    status: Health
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def run_check(check: Callable[[], Any] | None, seconds: float) -> HealthReport:
    """Run a check and wait for it so long at most; one that is late, raises or answers nonsense is unhealthy.

    A check that never ends keeps its thread, which does not keep the process from ending.
    """
    if check is None:
        return HealthReport(Health.HEALTHY)
    answers: SimpleQueue[HealthReport] = SimpleQueue()
    context = contextvars.copy_context()
    started = time.monotonic()
    threading.Thread(target=context.run, args=(_answer, check, answers.put), name="klods-health", daemon=True).start()
    try:
        report = answers.get(timeout=seconds)
    except Empty:
        report = HealthReport(Health.UNHEALTHY, f"the check did not answer within {seconds:g} s")
    return HealthReport(report.status, report.message, report.details, time.monotonic() - started)


def _answer(check: Callable[[], Any], put: Callable[[HealthReport], None]) -> None:
    try:
        found = check()
        if inspect.iscoroutine(found):
            found = asyncio.run(found)
        report = understand(found)
    except (Exception, SystemExit) as error:
        log.warning("a health check failed", exc_info=True)
        report = HealthReport(Health.UNHEALTHY, sentence(error))
    put(report)


def understand(found: object) -> HealthReport:
    """The report in what a check returned: a report, a truth value, nothing (healthy), or a mapping with `status`."""
    match found:
        case HealthReport():
            return found
        case None | True:
            return HealthReport(Health.HEALTHY)
        case False:
            return HealthReport(Health.UNHEALTHY)
        case {"status": str(status)} if status.lower() in list(Health):
            mapping: Mapping[str, Any] = found  # type: ignore[assignment]
            rest = {key: value for key, value in mapping.items() if key not in ("status", "message", "details")}
            details = mapping.get("details")
            told = dict(details) if isinstance(details, Mapping) else {"details": details} if details else {}
            return HealthReport(Health(status.lower()), str(mapping.get("message", "")), rest | told)
        case _:
            return HealthReport(Health.UNHEALTHY, f"the check answered {found!r}, which has no known status")
