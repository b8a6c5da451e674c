"""What people read in the tables and sentences of commands."""

from datetime import UTC, datetime

import pytest

from klods.cli import modules, show
from klods.cli.output import print_table
from klods.kernel.plan import Action, Do, Plan, Step
from klods.kernel.problems import Problems


def test_a_table_says_values_as_people_do(capsys):
    print_table(
        ("what", "value"), [("at", datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)), ("users", (1, 2)), ("no", ())]
    )
    assert capsys.readouterr().out.splitlines()[1:] == ["at\t2026-01-02 03:04:05+00:00", "users\t1, 2", "no\t"]


@pytest.mark.parametrize(("before", "said"), [("", "(1.0)"), ("1.0", "(1.0, new content)"), ("0.9", "(0.9 → 1.0)")])
def test_a_plan_says_what_is_new_about_a_module(capsys, before, said):
    show.print_plan(Plan(Action.ENABLE, "a", 1, (Step(Do.INSTALL, "a", before=before, after="1.0"),)))
    assert capsys.readouterr().out == f"  1. install   a  {said}\n"


def test_a_plan_says_what_a_module_may_do_with_tables_of_others(capsys):
    grants = ("read customers_customers (id, name)", "reference customers_customers (id)")
    show.print_plan(
        Plan(Action.ENABLE, "a", 1, (Step(Do.INSTALL, "a", after="1.0", grants=grants), Step(Do.ENABLE, "a")))
    )
    assert capsys.readouterr().out.splitlines() == [
        "  1. install   a  (1.0)",
        "     +  may read customers_customers (id, name)",
        "     +  may reference customers_customers (id)",
        "  2. enable    a",
    ]


def test_one_module_is_not_several():
    assert list(modules._lines(Problems(), 1)) == ["1 module checked: 0 errors, 0 warnings."]
