"""A pytest plugin: long rounds only when asked for, and no silent skips where everything should be installed."""

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked long, unless KLODS_LONG is set; tests/long makes a few rounds otherwise."""
    if os.environ.get("KLODS_LONG"):
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _without_silent_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _without_silent_skip((yield))


def _without_silent_skip(report):
    """In continuous integration a skip is a failure, unless its reason begins with "only on " (a platform)."""
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith("only on "):
        report.outcome = "failed"
        report.longrepr = f"Skipped although CI is set, where nothing may be absent: {reason}"
    return report
