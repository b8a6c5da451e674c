import asyncio
import threading
from types import SimpleNamespace

from klods.kernel.subject import Subject
from klods.web.auth import authenticator
from klods.web.auth.authenticator import Authenticator
from klods.web.auth.secrets import digest

ADA = Subject(1, "ada")


class Rows:
    """Sessions and tokens by digest, counting how often they are looked up."""

    def __init__(self, *secrets: str) -> None:
        self.known = {digest(secret): ADA for secret in secrets}
        self.asked = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    @property
    def sources(self):
        """What sessions and tokens are looked up in."""
        return SimpleNamespace(subject=self.session), SimpleNamespace(subject=self.token)

    def session(self, token_hash):
        self.asked.append("session")
        found = self.known.get(token_hash)
        self.entered.set()
        self.open.wait(5)
        return found

    def token(self, token_hash):
        self.asked.append("token")
        return self.known.get(token_hash)


def request(**headers):
    return {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}


SESSION = request(cookie="klods_session=abc")


def ask(asked, *scopes):
    async def one_after_another():
        return [await asked.subject(scope) for scope in scopes]

    return asyncio.run(one_after_another())


def test_a_session_is_looked_up_once_for_many_requests():
    rows = Rows("abc")
    assert ask(Authenticator(*rows.sources), *[SESSION] * 50) == [ADA] * 50
    assert rows.asked == ["session"]


def test_many_requests_at_the_same_moment_cost_one_lookup():
    rows = Rows("abc")
    asked = Authenticator(*rows.sources)

    async def together():
        return await asyncio.gather(*(asked.subject(SESSION) for _ in range(50)))

    assert asyncio.run(together()) == [ADA] * 50
    assert rows.asked == ["session"]


def test_what_is_remembered_is_looked_up_again_after_a_while():
    rows, now = Rows("abc"), [0.0]
    asked = Authenticator(*rows.sources, seconds=3, clock=lambda: now[0])
    ask(asked, SESSION)
    now[0] = 3.1
    rows.known.clear()
    assert ask(asked, SESSION) == [None]


def test_who_is_forgotten_is_looked_up_at_once():
    rows = Rows("abc")
    asked = Authenticator(*rows.sources)
    ask(asked, SESSION)
    rows.known.clear()
    asked.forget()
    assert ask(asked, SESSION) == [None]


def test_forgetting_outruns_a_lookup_that_is_under_way():
    rows = Rows("abc")
    asked = Authenticator(*rows.sources)

    async def revoke_meanwhile():
        rows.open.clear()
        first = asyncio.create_task(asked.subject(SESSION))
        await asyncio.to_thread(rows.entered.wait, 5)
        rows.known.clear()
        asked.forget()
        rows.open.set()
        return await first, await asked.subject(SESSION)

    assert asyncio.run(revoke_meanwhile()) == (ADA, None)


def test_a_request_that_is_cancelled_takes_no_other_with_it():
    rows = Rows("abc")
    asked = Authenticator(*rows.sources)

    async def leave_early():
        rows.open.clear()
        first, second = (asyncio.create_task(asked.subject(SESSION)) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        rows.open.set()
        return await second

    assert asyncio.run(leave_early()) == ADA


def test_unknown_secrets_fill_no_memory():
    asked = Authenticator(*Rows().sources)
    ask(asked, *(request(cookie=f"klods_session={number}") for number in range(20)))
    assert not asked._known


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(authenticator, "REMEMBER_AT_MOST", 5)
    asked = Authenticator(*Rows(*map(str, range(20))).sources)
    ask(asked, *(request(cookie=f"klods_session={number}") for number in range(20)))
    assert len(asked._known) == 5


def test_a_bearer_token_is_looked_up_among_tokens():
    rows = Rows("klods_abc")
    assert ask(Authenticator(*rows.sources), request(authorization="Bearer klods_abc")) == [ADA]
    assert rows.asked == ["token"]


def test_beside_a_wrong_token_the_session_counts_for_nothing():
    rows = Rows("abc")
    assert ask(Authenticator(*rows.sources), request(authorization="Bearer klods_no", cookie="klods_session=abc")) == [
        None
    ]


def test_a_token_of_somebody_else_costs_no_lookup():
    rows = Rows()
    assert ask(Authenticator(*rows.sources), request(authorization="Bearer ghp_secret"), request()) == [None, None]
    assert rows.asked == []


def test_a_lookup_that_fails_is_tried_again_by_the_next_request():
    rows = Rows("abc")
    asked = Authenticator(*rows.sources)
    lookup, rows.session = rows.session, lambda _: 1 / 0

    async def twice():
        try:
            await asked.subject(SESSION)
        except ZeroDivisionError:
            rows.session = lookup
        return await asked.subject(SESSION)

    assert asyncio.run(twice()) == ADA


def test_a_token_is_no_session_even_while_it_is_remembered():
    rows = Rows("klods_abc")
    as_token, as_session = request(authorization="Bearer klods_abc"), request(cookie="klods_session=klods_abc")
    assert ask(Authenticator(*rows.sources), as_token, as_session) == [ADA, None]
