"""Calls from one module into another: whose role, whose transaction, and what may pass between them."""

# ruff: noqa: PT012 — what is tested here is what a block that fails leaves behind

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import psycopg
import pytest
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods.db.crossing import api
from klods.db.scope import ScopeKind, current_scope, scope, unit
from klods.db.statements import execute_insert, execute_query, execute_update, get_db, savepoint
from klods.errors import (
    EndedUnit,
    ModuleNotEnabled,
    NoScope,
    NotPlain,
    NotSynchronous,
    ReadOnlyModule,
    SwallowedFailure,
    UndeclaredCall,
)
from klods.kernel.definition import Requirement
from klods.kernel.switches import Switches

__all__ = ["isolated"]

CARDS = {"001_a.sql": "create table cards_cards(id serial primary key, hours int check (hours >= 0));"}
DESK = {"001_a.sql": "create table desk_tickets(id serial primary key, title text);"}


class Base(DeclarativeBase):
    """The tables of cards as classes."""


class Card(Base):
    """A prepaid card."""

    __tablename__ = "cards_cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    hours: Mapped[int]


@dataclass(frozen=True)
class Balance:
    """A contract."""

    hours: int


@dataclass
class Loose:
    """No contract: anybody could change it afterwards."""

    hours: int


class LooseModel(BaseModel):
    """No contract either."""

    hours: int


class FrozenModel(BaseModel, frozen=True):
    """A contract."""

    hours: int


def of_cards(function):
    """As if the function stood in the module's api.py."""
    function.__module__ = "klods.modules.cards.api"
    return api(function)


@of_cards
def top_up(hours):
    return execute_insert("insert into cards_cards(hours) values (%s)", [hours])


@of_cards
def who():
    return execute_query("select current_user as role, current_setting('klods.platform') as platform")[0]


@of_cards
def run(sql):
    return execute_update(sql)


@of_cards
def same(value):
    return value


@of_cards
def add_by_session(hours, *, ending="keep"):
    db = get_db()
    db.add(Card(hours=hours))
    if ending == "commit":
        db.commit()
    elif ending == "rollback":
        db.rollback()
    return db.query(Card).count()


@of_cards
def swallow():
    with suppress(psycopg.Error):
        execute_query("select nonsense")


@of_cards
def add_then_fail(hours):
    top_up(hours)
    raise ZeroDivisionError


class Service:
    """Functions of a class."""

    @staticmethod
    @of_cards
    def inside(hours):
        return top_up(hours)

    def _outside(hours):
        return top_up(hours)

    _outside.__module__ = "klods.modules.cards.api"
    outside = api(staticmethod(_outside))


@pytest.fixture
def hub(isolated, tmp_path):
    cards, desk = module_of(tmp_path, CARDS, "cards"), module_of(tmp_path, DESK, "desk")
    desk = replace(desk, definition=replace(desk.definition, requires=(Requirement("cards"),)))
    for module in (cards, desk):
        install(isolated, module)
    isolated.catalog = {"cards": cards, "desk": desk}
    return isolated


def at_desk(hub, **fields):
    return working(hub, "desk", catalog=hub.catalog, **fields)


def outside(hub, query):
    with psycopg.connect(hub.conninfo) as connection:
        return connection.execute(query).fetchall()


def hours(hub):
    return [row[0] for row in outside(hub, "select hours from cards_cards order by id")]


def role():
    return execute_query("select current_user as role")[0]["role"]


def test_a_call_works_in_the_role_of_its_module_and_comes_back(hub):
    with at_desk(hub, platform_id=7):
        assert role() == hub.family.writer("desk")
        assert who() == {"role": hub.family.writer("cards"), "platform": "7"}
        assert role() == hub.family.writer("desk")
        execute_insert("insert into desk_tickets(title) values ('a')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), savepoint():
            execute_query("select * from cards_cards")


def test_a_call_is_part_of_the_transaction_of_its_caller(hub):
    with at_desk(hub):
        assert top_up(5) == 1
        assert hours(hub) == []
    assert hours(hub) == [5]
    with pytest.raises(ZeroDivisionError), at_desk(hub):
        top_up(6)
        raise ZeroDivisionError
    assert hours(hub) == [5]


def test_a_call_before_any_statement_of_the_caller_leaves_the_caller_its_role(hub):
    with at_desk(hub):
        top_up(1)
        assert role() == hub.family.writer("desk")


def test_a_call_that_raises_leaves_nothing_and_the_caller_can_go_on(hub):
    with at_desk(hub):
        with pytest.raises(ZeroDivisionError):
            add_then_fail(5)
        with pytest.raises(psycopg.errors.CheckViolation):
            top_up(-1)
        assert role() == hub.family.writer("desk")
        top_up(7)
    assert hours(hub) == [7]


def test_a_failure_that_the_called_one_swallowed_is_said_and_harms_only_the_call(hub):
    with at_desk(hub):
        with pytest.raises(SwallowedFailure):
            swallow()
        top_up(3)
    assert hours(hub) == [3]


def test_a_savepoint_of_the_caller_takes_calls_inside_it_back(hub):
    with at_desk(hub):
        top_up(1)
        with pytest.raises(ZeroDivisionError), savepoint():
            top_up(2)
            raise ZeroDivisionError
        assert role() == hub.family.writer("desk")
        assert who()["role"] == hub.family.writer("cards")
        top_up(3)
    assert hours(hub) == [1, 3]


@pytest.mark.parametrize(("ending", "kept"), [("keep", [4, 5]), ("commit", [4, 5]), ("rollback", [4])])
def test_a_session_of_the_called_one_is_its_own_and_ends_with_the_call(hub, ending, kept):
    with at_desk(hub):
        top_up(4)
        add_by_session(5, ending=ending)
        assert role() == hub.family.writer("desk")
    assert hours(hub) == kept


def test_what_the_session_of_the_caller_holds_back_is_sent_before_a_call(hub):
    class Desk(DeclarativeBase):
        pass

    class Ticket(Desk):
        __tablename__ = "desk_tickets"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]

    with at_desk(hub):
        get_db().add(Ticket(title="first"))
        top_up(1)
        get_db().add(Ticket(title="second"))
        add_by_session(2, ending="rollback")
        get_db().rollback()
        assert role() == hub.family.writer("desk")
    assert outside(hub, "select title from desk_tickets") == []
    assert hours(hub) == []  # a rollback reaches back to the caller's last commit, and takes its calls along


def test_commit_and_rollback_of_the_caller_around_a_call(hub):
    with at_desk(hub):
        db = get_db()
        db.connection()
        db.commit()
        top_up(1)
        db.rollback()
        assert role() == hub.family.writer("desk")
        top_up(2)
        db.commit()
    assert hours(hub) == [1, 2]


def test_a_unit_or_a_scope_inside_a_call(hub):
    @of_cards
    def in_blocks():
        with unit():
            execute_insert("insert into cards_cards(hours) values (1)")
        with scope() as own:
            execute_insert("insert into cards_cards(hours) values (2)")
            return own.module

    with pytest.raises(ZeroDivisionError), at_desk(hub):
        assert in_blocks() == "cards"
        raise ZeroDivisionError
    assert hours(hub) == [2]  # a scope is a transaction of its own, a unit in a call is not


def test_a_read_only_caller_makes_read_only_calls(hub):
    with at_desk(hub, read_only=True):
        assert who()["role"] == hub.family.reader("cards")
        with pytest.raises(psycopg.Error):
            top_up(1)


def test_the_called_one_knows_its_own_module_and_the_caller_again_its_own(hub):
    @of_cards
    def which():
        return current_scope().module

    with at_desk(hub):
        assert which() == "cards"
        assert current_scope().module == "desk"


def test_static_methods_can_be_called(hub):
    with at_desk(hub):
        assert Service.inside(1) == 1
        assert Service.outside(2) == 2
    assert hours(hub) == [1, 2]


def test_a_module_calls_itself_without_ado(hub):
    with working(hub, "cards", catalog=hub.catalog):
        card = Card(hours=1)
        assert same(card) is card
        assert who()["role"] == hub.family.writer("cards")


def test_who_does_not_require_a_module_may_not_call_it(hub):
    with working(hub, "stranger", catalog=hub.catalog), pytest.raises(UndeclaredCall) as refusal:
        who()
    assert refusal.value.advice == 'Add "cards" to requires of stranger.'


def test_a_module_that_is_off_for_the_platform_says_so(hub):
    def only_on_the_first(code, platform_id):
        return platform_id == 1

    with at_desk(hub, platform_id=2, is_enabled=only_on_the_first), pytest.raises(ModuleNotEnabled):
        who()
    with at_desk(hub, is_enabled=only_on_the_first):
        who()


def test_there_must_be_a_scope():
    with pytest.raises(NoScope):
        who()


class Pair(NamedTuple):
    """A tuple with names."""

    left: int
    right: int


@pytest.mark.parametrize(
    "value",
    [
        1,
        "a",
        None,
        [1, (2, {"a": {3}})],
        Balance(1),
        FrozenModel(hours=1),
        Pair(1, 2),
        {"a": Balance(2)},
        ScopeKind.JOB,
    ],
    ids=repr,
)
def test_plain_values_and_contracts_pass(hub, value):
    with at_desk(hub):
        assert same(value) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Loose(1), "Loose, which is not frozen"),
        (LooseModel(hours=1), "LooseModel, which is not frozen"),
        ([Balance(1), {"a": Card(hours=1)}], "Card"),
        ((n for n in range(3)), "generator"),
        (Balance(Loose(1)), "Loose"),
        (print, "builtin_function"),
        (object(), "object"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_nothing_else_passes_in_or_out(hub, value, said):
    @of_cards
    def make():
        return value

    with at_desk(hub):
        with pytest.raises(NotPlain, match=f"argument 1 of same cannot pass .*{said}"):
            same(value)
        with pytest.raises(NotPlain, match="the result of"):
            make()


def test_a_result_that_may_not_pass_undoes_nothing_silently(hub):
    @of_cards
    def add_loosely():
        execute_insert("insert into cards_cards(hours) values (9)")
        return Loose(9)

    with at_desk(hub), pytest.raises(NotPlain):
        add_loosely()
    assert hours(hub) == []


def test_what_ends_after_its_call_cannot_be_called_by_others():
    async def later():
        return 1

    def one_by_one():
        yield 1

    for function in (later, one_by_one):
        with pytest.raises(NotSynchronous, match=function.__name__):
            api(function)


def test_a_cancelled_unit_ends_calls_too(hub):
    @of_cards
    def end_it():
        current_scope().cancel()
        execute_query("select 1")

    with pytest.raises((EndedUnit, NoScope)), at_desk(hub):
        end_it()


def test_calls_from_call_to_call_come_back_one_by_one(hub, tmp_path):
    bank = module_of(tmp_path, {}, "bank")
    install(hub, bank)
    cards = hub.catalog["cards"]
    needs_bank = replace(cards, definition=replace(cards.definition, requires=(Requirement("bank"),)))
    catalog = {**hub.catalog, "bank": bank, "cards": needs_bank}

    def of_bank():
        return role()

    of_bank.__module__ = "klods.modules.bank.api"
    called = api(of_bank)

    @of_cards
    def through():
        return [role(), called(), role()]

    with working(hub, "desk", catalog=catalog):
        names = [role(), *through(), role()]
    assert names == [hub.family.writer(code) for code in ("desk", "cards", "bank", "cards", "desk")]


def switched(**switches):
    return {"switches": lambda code, platform_id: Switches(**{"read_only": False, "dry_run": False} | switches)}


def test_what_a_dry_module_does_for_a_live_one_is_undone_and_answered(hub):
    with at_desk(hub, **switched(dry_run=True)):
        assert top_up(5) == 1
        assert role() == hub.family.writer("desk")
        execute_insert("insert into desk_tickets(title) values ('kept')")
        assert add_by_session(6) == 1
        execute_insert("insert into desk_tickets(title) values ('kept too')")
    assert hours(hub) == []
    assert outside(hub, "select title from desk_tickets order by id") == [("kept",), ("kept too",)]
    assert outside(hub, "select count(*) from klods.captured") == [(0,)]


def test_what_a_live_module_does_for_a_dry_one_is_undone_with_it(hub):
    with at_desk(hub, dry=True, **switched()):
        top_up(5)
    assert hours(hub) == []


def test_a_read_only_module_reads_for_a_live_one_and_says_why_it_does_not_write(hub):
    with at_desk(hub, **switched(read_only=True)):
        assert who()["role"] == hub.family.reader("cards")
        with pytest.raises(ReadOnlyModule, match="cards is read-only"):
            top_up(1)
        execute_insert("insert into desk_tickets(title) values ('kept')")
    assert (hours(hub), outside(hub, "select title from desk_tickets")) == ([], [("kept",)])
