"""A module that another one calls is held by its own switches, and by those of the caller."""

from dataclasses import replace

import pytest
from support.isolated import install, isolated, working
from support.migrating import module_of
from support.other_server import other_server

from klods.db.crossing import api
from klods.db.mail_queue import MailQueue
from klods.errors import NotSent, ReadOnlyModule
from klods.kernel.definition import Requirement
from klods.kernel.switches import LIVE, Switches
from klods.outbound import http, mail

__all__ = ["isolated"]

DRY, READ_ONLY = Switches(read_only=False, dry_run=True), Switches(read_only=True, dry_run=False)


def of_cards(function):
    """As if the function stood in the module's api.py."""
    function.__module__ = "klods.modules.cards.api"
    return api(function)


@of_cards
def order(address):
    return http.post(address).status_code


@of_cards
def look(address):
    return http.get(address).status_code


@of_cards
def tell():
    mail.send("anna@example.com", "from cards", "Hi")


@pytest.fixture
def other():
    with other_server() as server:
        yield server


@pytest.fixture
def calling(isolated, tmp_path):
    """The module desk at work, which may call cards; the switches are those of cards."""
    cards = module_of(tmp_path, {"001_a.sql": "create table cards_cards(id int);"}, "cards")
    desk = module_of(tmp_path, {"001_a.sql": "create table desk_tickets(id int);"}, "desk")
    desk = replace(desk, definition=replace(desk.definition, requires=(Requirement("cards"),)))
    for module in (cards, desk):
        install(isolated, module)

    def work(switches=LIVE, **fields):
        catalog = {"cards": cards, "desk": desk}
        of = {"cards": switches}
        return working(isolated, "desk", catalog=catalog, switches=lambda code, _: of.get(code, LIVE), **fields)

    return work


def kept(isolated):
    return [(one.module, one.subject) for one in MailQueue(isolated).newest(9)]


def test_a_live_module_sends_what_another_one_asks_for(calling, isolated, other):
    with calling():
        assert order(other.address) == 200
        tell()
    assert (other.got, kept(isolated)) == (["POST /"], [("cards", "from cards")])


def test_a_dry_module_sends_nothing_for_a_live_one(calling, isolated, other):
    with calling(DRY):
        assert look(other.address) == 200
        with pytest.raises(NotSent, match="dry run of cards"):
            order(other.address)
        tell()
        assert http.post(other.address).status_code == 200
        mail.send("anna@example.com", "from desk", "Hi")
    assert other.got == ["GET /", "POST /"]
    assert kept(isolated) == [("desk", "from desk")]


def test_a_live_module_sends_nothing_for_a_dry_one(calling, isolated, other):
    with calling(dry=True) as dry:
        with pytest.raises(NotSent):
            order(other.address)
        tell()
    assert (other.got, kept(isolated), dry.changes.header) == ([], [], "http=1, mail=1")


@pytest.mark.parametrize("act", [lambda other: order(other.address), lambda other: tell()])
def test_a_read_only_module_sends_nothing_for_a_live_one(calling, isolated, other, act):
    with calling(READ_ONLY):
        assert look(other.address) == 200
        with pytest.raises(ReadOnlyModule, match="cards"):
            act(other)
    assert (other.got, kept(isolated)) == (["GET /"], [])
