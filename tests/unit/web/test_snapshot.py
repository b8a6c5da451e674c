"""What a process serves is one value; requests in flight keep what they entered."""

import asyncio
from pathlib import Path

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.problems import Problem
from klods.web.engine.snapshot import Entry, Snapshot, Standing, Switchboard


def module(code: str) -> Module:
    return Module(ModuleDefinition(code=code, name=code), Source(code, Path(code), code))


def snapshot(*codes: str, enabled=frozenset()) -> Snapshot:
    return Snapshot(1, {code: Entry(module(code), "one") for code in codes}, {1: frozenset(enabled)})


def test_a_successor_keeps_what_stays_the_same_and_nothing_else():
    first = snapshot("a", "b", "c")
    first.entries["c"].fail(Problem("c", "import", "broken"))
    second = first.successor(2, [(module("a"), "one"), (module("b"), "two"), (module("c"), "one")], {})
    assert second.entries["a"] is first.entries["a"]
    assert second.entries["b"] is not first.entries["b"]
    assert second.entries["c"].state is Standing.LOADING


def test_wanted_is_what_is_enabled_anywhere():
    both = Snapshot(1, {}, {1: frozenset("ab"), 2: frozenset("bc")})
    assert both.wanted == frozenset("abc")
    assert both.is_open("c", 2)
    assert not both.is_open("c", 1)
    assert not both.is_open("c", 3)


def test_the_catalog_of_a_snapshot_is_made_once():
    served = snapshot("a")
    assert served.modules is served.modules
    assert served.modules["a"].code == "a"


def test_swap_tells_which_entries_are_gone():
    first = snapshot("a", "b")
    board = Switchboard(first)
    gone = board.swap(first.successor(2, [(module("a"), "one"), (module("b"), "two")], {}))
    assert gone == (first.entries["b"],)


def test_draining_waits_for_the_closed_platform_only():
    first = snapshot("a", enabled={"a"})
    entry = first.entries["a"]
    board = Switchboard(Snapshot(2, first.entries, {1: frozenset(), 2: frozenset("a")}))
    entry.in_flight.update({1: 1, 2: 1})

    async def journey():
        draining = asyncio.create_task(board.drain(["a"], 2))
        await asyncio.sleep(0.01)
        assert not draining.done()
        entry.leave(1)
        return await draining

    assert asyncio.run(journey())
    assert entry.in_flight[2] == 1


def test_an_entry_that_was_replaced_is_drained_wherever_its_module_is_open():
    first = snapshot("a", enabled={"a"})
    board = Switchboard(first)
    old = first.entries["a"]
    old.in_flight[1] = 1
    board.swap(first.successor(2, [(module("a"), "two")], {1: frozenset("a")}))

    async def journey():
        assert not await board.drain(["a"], 0.01)
        old.leave(1)
        return await board.drain(["a"], 1)

    assert asyncio.run(journey())


def test_draining_what_nobody_is_inside_takes_no_time():
    board = Switchboard(snapshot("a"))
    assert asyncio.run(board.drain(["a", "unknown"], 0.01))


def test_a_stream_that_begins_while_its_module_is_drained_is_ended_too():
    board = Switchboard(snapshot("a"))
    entry = board.current.entries["a"]
    entry.in_flight[1] = 1

    async def journey():
        draining = asyncio.create_task(board.drain(["a"], 1))
        await asyncio.sleep(0.01)
        entry.add_open_ended(1, lambda: entry.leave(1))
        return await draining

    assert asyncio.run(journey())
