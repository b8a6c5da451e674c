"""Whatever a handler does with both views and savepoints, the database holds what a simple model says."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from support.units import Card, request

from klods.db.database import Database
from klods.db.statements import execute_insert, execute_query, get_db, savepoint

STEPS = st.sampled_from(["sql", "add", "add and flush", "commit", "rollback", "look", "fail"])
PROGRAMS = st.recursive(
    st.lists(STEPS, max_size=4),
    lambda inner: st.lists(st.one_of(STEPS, st.tuples(st.booleans(), inner)), max_size=5),
    max_leaves=12,
)


class Enough(Exception):
    """What a block that fails raises."""


@dataclass
class Model:
    """The rows, and what a rollback of the Session would go back to."""

    rows: list[str] = field(default_factory=list)
    back: list[str] | None = None
    blocked: bool = False

    def step(self, step, name):
        if step == "sql":
            self.rows = [*self.rows, name]
        elif step.startswith("add"):
            self.back = self.rows if self.back is None else self.back
            self.rows = [*self.rows, name]
        elif step == "look":
            self.back = self.rows if self.back is None else self.back
        elif step in ("commit", "rollback"):
            if step == "rollback" and self.back is not None:
                self.rows = self.back
            self.back = self.rows if self.blocked else None

    def block(self, fails, run):
        before = self.rows, self.back, self.blocked
        busy = self.back is not None
        self.back, self.blocked = (self.rows, True) if busy else (None, False)
        run()
        if fails:
            self.rows = before[0]
        self.back = before[1] if busy or fails else self.back
        self.blocked = before[2]


def run_model(program, model, names):
    for step in program:
        if isinstance(step, tuple):
            model.block(step[0], lambda inner=step[1]: run_model(inner, model, names))
        else:
            model.step(step, next(names))


def run_really(program, names):
    for step in program:
        if isinstance(step, tuple):
            run_block(*step, names)
        else:
            do(step, next(names))


def run_block(fails, program, names):
    try:
        with savepoint():
            run_really(program, names)
            if fails:
                raise Enough
    except Enough:
        pass


def do(step, name):
    db = get_db()
    if step == "sql":
        execute_insert("insert into card(name) values (%s)", [name])
    elif step.startswith("add"):
        db.add(Card(name=name))
        if step.endswith("flush"):
            db.flush()
    elif step == "look":
        db.query(Card).all()
    elif step == "fail":
        with pytest.raises(ZeroDivisionError), savepoint():
            execute_insert("insert into card(name) values (%s)", [name])
            1 / 0  # noqa: B018
    else:
        getattr(db, step)()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=PROGRAMS)
def test_both_views_and_savepoints_do_what_the_model_says(program, shared, outside):
    note(f"{program}")
    model = Model()
    run_model(program, model, (f"card {number}" for number in itertools.count()))
    outside.ask("truncate card cascade")
    with request(shared) as scope:
        run_really(program, (f"card {number}" for number in itertools.count()))
        seen = [row["name"] for row in execute_query("select name from card order by id")]
        assert outside.names() == []
        scope.end(keep=True)
    assert seen == model.rows
    assert outside.names() == model.rows


@pytest.fixture
def shared(conninfo):
    with Database(conninfo, pool_size=2) as database:
        yield database
