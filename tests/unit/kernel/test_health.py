import asyncio
import contextvars
import sys
import threading

import pytest
from support.waiting import HANGS_AFTER_SECONDS, sooner_than

from klods.kernel.health import Health, HealthReport, run_check


def status(check) -> Health:
    return run_check(check, 5).status


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        (None, Health.HEALTHY), (True, Health.HEALTHY), (False, Health.UNHEALTHY),
        ({"status": "healthy"}, Health.HEALTHY), ({"status": "Degraded"}, Health.DEGRADED),
        ({"status": "unhealthy", "message": "x"}, Health.UNHEALTHY), (HealthReport(Health.DEGRADED), Health.DEGRADED),
        ({"status": "fine"}, Health.UNHEALTHY), ({}, Health.UNHEALTHY), (5, Health.UNHEALTHY),
    ],
)  # fmt: skip
def test_an_answer_means_one_thing(answer, meant):
    assert status(lambda: answer) is meant


def test_message_and_details_are_kept():
    report = run_check(lambda: {"status": "healthy", "message": "m", "details": {"stripe": "ok"}, "queue": 3}, 5)
    assert (report.message, report.details) == ("m", {"stripe": "ok", "queue": 3})


def test_no_check_is_healthy():
    assert status(None) is Health.HEALTHY


def test_an_error_is_an_answer():
    report = run_check(lambda: 1 / 0, 5)
    assert (report.status, report.message) == (Health.UNHEALTHY, "ZeroDivisionError: division by zero")


def test_a_check_that_ends_the_process_ends_only_itself():
    assert status(lambda: sys.exit(1)) is Health.UNHEALTHY


def test_a_check_that_does_not_end_is_not_waited_for():
    may_end = threading.Event()
    with sooner_than(HANGS_AFTER_SECONDS):
        report = run_check(lambda: may_end.wait(HANGS_AFTER_SECONDS), 0.05)
    may_end.set()
    assert "within 0.05 s" in report.message


def test_checks_may_be_asynchronous():
    async def check() -> bool:
        await asyncio.sleep(0)
        return True

    assert status(check) is Health.HEALTHY


def test_a_check_sees_the_context_it_was_started_in():
    variable = contextvars.ContextVar("variable", default="outside")
    token = variable.set("inside")
    assert run_check(lambda: {"status": "healthy", "message": variable.get()}, 5).message == "inside"
    variable.reset(token)
