"""Retention rules as SQL."""

import pytest

from klods.db.retention import spelled
from klods.errors import RetentionFailed
from klods.kernel.personal import Retention

COLUMNS = {
    "at": {"type": "timestamptz", "category": "D", "needed": True},
    "ip": {"type": "inet", "category": "I", "needed": False},
    "name": {"type": "text", "category": "S", "needed": True},
    "age": {"type": "int4", "category": "N", "needed": True},
}
RULE = Retention("crm_visits", "at", 30)


def test_a_rule_is_about_what_is_older_and_not_empty_yet():
    assert spelled("crm", RULE, COLUMNS).due == '"at" < now() - make_interval(days => %(days)s)'
    cleared = spelled("crm", Retention("crm_visits", "at", 30, ["ip", "name"]), COLUMNS)
    assert cleared.emptied == '"ip" = null, "name" = \'\''
    assert cleared.due.endswith('("ip" is not null or "name" <> \'\')')


def test_a_rule_stays_on_its_platform_also_where_modules_have_no_roles():
    columns = COLUMNS | {"platform_id": {"type": "int8", "category": "N", "needed": True}}
    assert "platform_id = klods.platform()" in spelled("crm", RULE, columns).due


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Retention("crm_visits", "gone", 30), "has no column gone"),
        (Retention("crm_visits", "name", 30), "neither a date nor a time"),
        (Retention("crm_visits", "at", 30, ["gone"]), "has no column gone"),
        (Retention("crm_visits", "at", 30, ["age"]), "cannot be emptied"),
    ],
)
def test_a_rule_that_does_not_fit_its_table_says_why(rule, said):
    with pytest.raises(RetentionFailed, match=said):
        spelled("crm", rule, COLUMNS)


def test_a_rule_for_a_table_that_is_not_there_says_so():
    with pytest.raises(RetentionFailed, match="no such table"):
        spelled("crm", RULE, {})
