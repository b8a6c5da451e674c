"""Any chain of any mixture, to any place and back again, ends in the same catalogue."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.catalogue import difference, snapshot
from support.migrating import downgrade, module_of, python, upgrade

from klods.db.database import Database

KINDS = st.lists(
    st.tuples(st.sampled_from(["sql", "py"]), st.sampled_from(["table", "column", "index", "view"])),
    min_size=1,
    max_size=5,
)
MAKE = {
    "table": ("create table {p}t{n}(id int primary key, x text)", "drop table {p}t{n}"),
    "column": ("alter table {p}t0 add c{n} int default {n}", "alter table {p}t0 drop column c{n}"),
    "index": ("create index {p}i{n} on {p}t0(id)", "drop index {p}i{n}"),
    "view": ("create view {p}v{n} as select id from {p}t0", "drop view {p}v{n}"),
}


@pytest.fixture
def database(host_database):
    with Database(host_database) as it:
        yield it


def files(code: str, kinds: list[tuple[str, str]]) -> dict[str, str]:
    found = {"000_t.sql": f"create table {code}_t0(id int);", "000_t.down.sql": f"drop table {code}_t0;"}
    for n, (kind, what) in enumerate(kinds, 1):
        up, down = (text.format(p=f"{code}_", n=n) for text in MAKE[what])
        if kind == "sql":
            found |= {f"{n:03}_x.sql": up, f"{n:03}_x.down.sql": down}
        else:
            parent = f"{code}_{n - 1:03}"
            text = python(f"{code}_{n:03}", parent, f"op.execute({up!r})", f"op.execute({down!r})")
            found[f"versions/{code}_{n:03}_x.py"] = text
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=KINDS, data=st.data())
def test_up_down_and_up_again_is_the_same_as_up(database, tmp_path, kinds, data):
    code = f"m{uuid.uuid4().hex[:6]}"
    module = module_of(tmp_path, files(code, kinds), code)
    names = [f"{code}_{n:03}" for n in range(len(kinds) + 1)]
    empty = snapshot(database.conninfo)
    stop = data.draw(st.sampled_from(names), label="stop")
    upgrade(database, module, stop)
    partial = snapshot(database.conninfo)
    upgrade(database, module)
    whole = snapshot(database.conninfo)
    downgrade(database, module, stop)
    assert difference(partial, snapshot(database.conninfo)) == []
    upgrade(database, module)
    assert difference(whole, snapshot(database.conninfo)) == []
    downgrade(database, module, "base")
    left = difference(empty, snapshot(database.conninfo))
    assert all(f"{code}_alembic_version" in line for line in left), left
