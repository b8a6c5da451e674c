import asyncio
import threading

import pytest

from klods.errors import InvalidPassword, TooManyTries
from klods.web.auth.passwords import WAITING, Passwords, hash_password

HASH = hash_password("four quiet herons")


@pytest.mark.parametrize(("password", "right"), [("four quiet herons", True), ("four quiet heron", False), ("", False)])
def test_only_the_right_password_matches(password, right):
    assert asyncio.run(Passwords().matches(HASH, password)) is right


def test_a_password_is_hashed_with_argon2id():
    assert HASH.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1001])
def test_too_short_and_too_long_passwords_are_refused(password):
    with pytest.raises(InvalidPassword):
        hash_password(password)


def test_nobody_has_no_password_but_a_hash_is_computed_all_the_same():
    passwords = Passwords()
    verified = []
    verify = passwords._hasher.verify
    passwords._hasher = type(
        "Spy", (), {"verify": lambda _, *args: verified.append(args) or verify(*args), "hash": passwords._hasher.hash}
    )()
    assert asyncio.run(passwords.matches(None, "nobody has this password")) is False
    assert len(verified) == 1


def test_a_stored_hash_that_is_damaged_matches_nothing():
    assert asyncio.run(Passwords().matches("$argon2id$damaged", "four quiet herons")) is False


def test_hashes_are_computed_off_the_event_loop_and_few_at_a_time():
    passwords, running, most, threads = Passwords(), [0], [0], set()

    def slow(password_hash, password):
        threads.add(threading.get_ident())
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.01)
        running[0] -= 1
        return True

    async def crowd():
        await asyncio.gather(*(passwords.matches(HASH, "x") for _ in range(10)))
        return threading.get_ident()

    passwords._verify = slow
    assert asyncio.run(crowd()) not in threads
    assert most[0] <= 2


def test_a_crowd_is_sent_away_instead_of_queued():
    passwords, release = Passwords(), threading.Event()
    passwords._verify = lambda *_: release.wait(5)

    async def crowd():
        calls = [asyncio.create_task(passwords.matches(HASH, "x")) for _ in range(WAITING + 10)]
        await asyncio.sleep(0.1)
        release.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(crowd())
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 10
