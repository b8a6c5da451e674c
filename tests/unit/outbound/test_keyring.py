"""Keys: made once, read by their owner alone, and several at a time."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from klods.errors import InvalidSettings, UnreadableSecret
from klods.kernel.configuring import resealed
from klods.kernel.state import StoredConfig
from klods.outbound.keyring import Keyring

FIRST, SECOND = (Fernet.generate_key().decode() for _ in range(2))


def test_a_key_is_made_when_it_is_needed_and_only_its_owner_can_read_it(tmp_path):
    file = tmp_path / "home" / "secret.key"
    with pytest.raises(UnreadableSecret, match="neither KLODS_SECRET_KEY nor"):
        Keyring(None, file).open("a", "gAAAA")
    assert not file.exists()
    sealed = Keyring(None, file).seal("shop/1/token", "quiet")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["secret.key"]
    assert "quiet" not in sealed
    assert Keyring(None, file).open("shop/1/token", sealed) == "quiet"


def test_of_many_who_make_the_key_at_once_all_use_the_same(tmp_path):
    rings = [Keyring(None, tmp_path / "secret.key") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda ring: ring.seal("a", "b"), rings))
    assert {Keyring(None, tmp_path / "secret.key").open("a", text) for text in sealed} == {"b"}


def test_of_many_who_add_and_make_keys_at_once_none_loses_that_of_another(tmp_path):
    rings = [Keyring(None, tmp_path / "secret.key") for _ in range(12)]

    def work(number):
        if number % 3:
            rings[number].add()
        return rings[number].seal("a", "b")

    with ThreadPoolExecutor(12) as pool:
        sealed = list(pool.map(work, range(12)))
    assert {Keyring(None, tmp_path / "secret.key").open("a", text) for text in sealed} == {"b"}
    assert len((tmp_path / "secret.key").read_text().split()) >= 8


def test_what_was_encrypted_for_one_place_opens_nowhere_else(tmp_path):
    ring = Keyring(FIRST, tmp_path / "k")
    with pytest.raises(UnreadableSecret, match="was encrypted for shop/1/token"):
        ring.open("shop/2/token", ring.seal("shop/1/token", "quiet"))


def test_the_first_key_encrypts_and_the_others_still_open(tmp_path):
    old = Keyring(FIRST, tmp_path / "k").seal("shop/1/token", "quiet")
    both = Keyring(f"{SECOND}, {FIRST}", tmp_path / "k")
    assert (both.open("shop/1/token", old), both.is_current(old)) == ("quiet", False)
    row = StoredConfig("shop", 1, secrets={"token": old, "lost": "gAAAAnothing"})
    secrets, lost = resealed(row, both)
    assert (lost, secrets["lost"]) == (("shop/1/lost",), "gAAAAnothing")
    assert Keyring(SECOND, tmp_path / "k").open("shop/1/token", secrets["token"]) == "quiet"
    with pytest.raises(UnreadableSecret, match="None of the present keys fits"):
        Keyring(FIRST, tmp_path / "k").open("shop/1/token", secrets["token"])


def test_a_running_process_finds_a_key_that_was_added_to_the_file(tmp_path):
    running = Keyring(None, tmp_path / "k")
    running.seal("a", "b")
    other = Keyring(None, tmp_path / "k")
    other.add()
    assert running.open("a", other.seal("a", "c")) == "c"


@pytest.mark.parametrize("text", ["short", f"{FIRST},nothing", "€" * 44], ids=["short", "one of two", "no ASCII"])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path, text):
    with pytest.raises(InvalidSettings, match="KLODS_SECRET_KEY holds something that is no key") as caught:
        Keyring(text, tmp_path / "k").seal("a", "b")
    assert text not in str(caught.value)
    with pytest.raises(InvalidSettings, match="put the new one before them"):
        Keyring(FIRST, tmp_path / "k").add()
