from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from klods.db.database import Database
from klods.db.people import sign_ins
from klods.db.people.accounts import Account
from klods.db.people.links import Purpose
from klods.db.people.roles import Role
from klods.db.people.sign_ins import Visitor
from klods.db.people.stores import People
from klods.errors import InvalidName, LastAdministrator, LinkSpent, NameTaken, NoSuchToken
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.auth.secrets import digest

SECRET = digest("secret")
HOUR = timedelta(hours=1)


@pytest.fixture
def database(host_database):
    with Database(host_database) as opened:
        yield opened


@pytest.fixture
def people(database):
    return People(database)


@pytest.fixture
def ada(people):
    return people.accounts.create(Account(0, "Ada", "Ada Holm"))


def run(database, statement):
    with database.connection() as connection:
        return (
            connection.execute(statement).fetchall()
            if statement.startswith("select")
            else connection.execute(statement)
        )


def test_a_login_is_found_whatever_its_capitals(people, ada):
    assert people.accounts.find("aDA") == ada
    assert people.accounts.find("adam") is None


def test_a_login_is_taken_whatever_its_capitals(people, ada):
    with pytest.raises(NameTaken):
        people.accounts.create(Account(0, "ADA"))


@pytest.mark.parametrize("login", ["", "new", " ada", "a\nb", "admin\u200b", "\u202enimda", "a\0", "a/b", ".."])
def test_nobody_gets_a_login_that_looks_like_another_or_that_nobody_can_type(people, login):
    with pytest.raises(InvalidName):
        people.accounts.create(Account(0, login))


def test_the_first_admin_is_made_once_however_many_ask_at_the_same_moment(people):
    with ThreadPoolExecutor(8) as threads:
        admins = set(threads.map(lambda _: people.accounts.first_admin().id, range(16)))
    assert len(admins) == len(people.accounts.all()) == 1


def test_a_disabled_admin_is_no_first_admin(people, database):
    people.accounts.first_admin()
    run(database, "update klods.user_account set disabled_at = now()")
    assert people.accounts.first_admin().login == "admin-2"


def test_a_vendor_or_an_admin_of_one_platform_is_no_first_admin(people):
    people.accounts.create(Account(0, "vera", kind=FrontendType.VENDOR))
    people.accounts.create(Account(0, "per", platform_id=1))
    assert people.accounts.first_admin().login == "admin"


def test_a_session_belongs_to_whom_it_was_opened_for(people, ada):
    people.sign_ins.open(SECRET, ada.on(1), Visitor("10.0.0.7", "Browser"))
    assert people.sign_ins.subject(SECRET) == Subject(ada.id, "Ada", "Ada Holm", is_everywhere=True)
    assert people.accounts.find("ada").signed_in_at is not None


@pytest.mark.parametrize(
    "end",
    [
        "update klods.user_session set expires_at = now()",
        "update klods.user_account set disabled_at = now()",
        "delete from klods.user_account",
    ],
)
def test_a_session_ends(people, database, ada, end):
    people.sign_ins.open(SECRET, ada.on(1), Visitor())
    run(database, end)
    assert people.sign_ins.subject(SECRET) is None


def test_a_session_that_is_closed_is_gone(people, ada):
    people.sign_ins.open(SECRET, ada.on(1), Visitor())
    people.sign_ins.close(SECRET)
    assert people.sign_ins.subject(SECRET) is None


def test_a_used_session_lasts_longer_but_not_for_ever(people, database, ada):
    people.sign_ins.open(SECRET, ada.on(1), Visitor())
    age = "update klods.user_session set created_at = now() - interval '{} days', seen_at = now() - interval '1 day'"
    for days, left in ((1, sign_ins.IDLE), (58, timedelta(days=2))):
        run(database, age.format(days))
        people.sign_ins.subject(SECRET)
        (row,) = run(database, "select expires_at - now() as left from klods.user_session")
        assert abs(row["left"] - left) < timedelta(minutes=1)


def test_using_a_session_again_and_again_writes_nothing(people, database, ada):
    people.sign_ins.open(SECRET, ada.on(1), Visitor())
    before = run(database, "select xmin::text from klods.user_session")
    for _ in range(3):
        people.sign_ins.subject(SECRET)
    assert run(database, "select xmin::text from klods.user_session") == before


def test_expired_sessions_are_swept_when_somebody_signs_in(people, database, ada):
    people.sign_ins.open(digest("old"), ada.on(1), Visitor())
    run(database, "update klods.user_session set expires_at = now() - interval '1 second'")
    people.sign_ins.open(SECRET, ada.on(1), Visitor())
    assert len(run(database, "select 1 from klods.user_session")) == 1


def test_a_new_password_ends_the_other_sessions(people, ada):
    other = digest("other")
    for session in (SECRET, other):
        people.sign_ins.open(session, ada.on(1), Visitor())
    people.accounts.set_password(ada.id, "hash", keep_session=SECRET)
    assert people.sign_ins.subject(SECRET)
    assert people.sign_ins.subject(other) is None


def test_secrets_are_nowhere_in_the_database(people, database, ada):
    people.sign_ins.open(digest("s3cret-session"), ada.on(1), Visitor())
    people.tokens.create("t", digest("klods_s3cret-token"), ada.on(1))
    people.links.create(digest("s3cret-link"), ada.id, HOUR)
    rows = [
        run(database, f"select t::text from klods.{name} t") for name in ("user_session", "api_token", "login_link")
    ]
    assert "s3cret" not in str(rows)


def test_a_token_acts_for_its_maker_and_says_its_name(people, ada):
    people.tokens.create("scanner", SECRET, ada.on(1))
    assert people.tokens.subject(SECRET) == Subject(ada.id, "Ada", "Ada Holm", token="scanner", is_everywhere=True)


def test_a_token_of_a_disabled_person_is_worth_nothing(people, database, ada):
    people.tokens.create("scanner", SECRET, ada.on(1))
    run(database, "update klods.user_account set disabled_at = now()")
    assert people.tokens.subject(SECRET) is None


def test_a_revoked_token_is_worth_nothing_and_its_name_is_free(people, ada):
    people.tokens.create("scanner", SECRET, ada.on(1))
    people.tokens.revoke("scanner", 1)
    assert people.tokens.subject(SECRET) is None
    people.tokens.create("scanner", digest("another"), ada.on(1))


def test_a_token_name_is_taken_while_its_token_is_in_force(people, ada):
    people.tokens.create("scanner", SECRET, ada.on(1))
    with pytest.raises(NameTaken):
        people.tokens.create("scanner", digest("another"), ada.on(1))


def test_an_unknown_token_cannot_be_revoked(people):
    with pytest.raises(NoSuchToken):
        people.tokens.revoke("nothing", 1)


def test_the_last_use_of_a_token_is_kept_to_the_minute(people, database, ada):
    people.tokens.create("scanner", SECRET, ada.on(1))
    assert people.tokens.all(1)[0].last_used_at is None
    people.tokens.subject(SECRET)
    used = people.tokens.all(1)[0].last_used_at
    people.tokens.subject(SECRET)
    assert people.tokens.all(1)[0].last_used_at == used is not None


def test_a_link_works_once_even_when_it_is_clicked_twice_at_the_same_moment(people, ada):
    people.links.create(SECRET, ada.id, HOUR)

    def click(_):
        try:
            return people.links.spend(SECRET, 1).login
        except LinkSpent:
            return None

    with ThreadPoolExecutor(8) as threads:
        assert sorted(filter(None, threads.map(click, range(16)))) == ["Ada"]


def test_looking_at_a_link_does_not_spend_it(people, ada):
    people.links.create(SECRET, ada.id, HOUR)
    assert people.links.is_open(SECRET, 1)
    assert people.links.is_open(SECRET, 1)


def test_an_old_link_is_worth_nothing(people, ada):
    people.links.create(SECRET, ada.id, timedelta(seconds=-1))
    assert not people.links.is_open(SECRET, 1)
    with pytest.raises(LinkSpent):
        people.links.spend(SECRET, 1)


def test_a_disabled_person_is_let_in_by_no_link(people, database, ada):
    people.links.create(SECRET, ada.id, HOUR)
    run(database, "update klods.user_account set disabled_at = now()")
    with pytest.raises(LinkSpent):
        people.links.spend(SECRET, 1)


def test_tries_are_counted_across_processes(people, database):
    with ThreadPoolExecutor(8) as threads:
        counts = sorted(threads.map(lambda _: people.tries.count(SECRET, HOUR)[0], range(20)))
    assert counts == list(range(1, 21))


def test_tries_are_forgiven_when_their_window_is_over(people, database):
    people.tries.count(SECRET, HOUR)
    run(database, "update klods.sign_in_try set since = now() - interval '61 minutes'")
    tries, seconds = people.tries.count(SECRET, HOUR)
    assert tries == 1
    assert 3590 < seconds <= 3600


def test_counting_starts_anew_after_success(people):
    people.tries.count(SECRET, HOUR)
    people.tries.forget(SECRET)
    assert people.tries.count(SECRET, HOUR)[0] == 1


def test_no_change_of_a_role_shuts_out_the_last_who_may_do_everything(people):
    boss = people.accounts.first_admin()
    made = people.roles.create(Role("owner", "Owner", permissions=("*",)))
    people.roles.give(made, boss.id)
    people.roles.take(people.roles.find("administrator", 0), boss.id)
    with pytest.raises(LastAdministrator):
        people.roles.delete(made)
    with pytest.raises(LastAdministrator):
        people.roles.change(made, name="Owner", permissions=["klods.log.read"])
    assert people.roles.find("owner", 0).permissions == ("*",)


def test_the_roles_of_everybody_are_read_at_once(people, ada):
    clerk = people.roles.create(Role("clerk", "Clerk"))
    here = people.roles.create(Role("local", "Local", platform_id=1))
    for role in (clerk, here):
        people.roles.give(role, ada.id)
    assert [role.code for role in people.roles.held(1)[ada.id]] == ["clerk", "local"]
    assert [role.code for role in people.roles.held(2)[ada.id]] == ["clerk"]
    assert people.roles.held()[ada.id] == people.roles.of(ada.id)


def test_a_role_of_one_platform_never_hides_one_of_all(people):
    with pytest.raises(NameTaken, match="all platforms"):
        people.roles.create(Role("administrator", "", platform_id=1))
    people.roles.create(Role("clerk", "", platform_id=1))
    with pytest.raises(NameTaken, match="one platform"):
        people.roles.create(Role("clerk", ""))


@pytest.mark.parametrize("end", ["password", "address", "disabled"])
def test_links_that_wait_are_worth_nothing_once_their_reason_is_gone(people, ada, end):
    people.links.create(SECRET, ada.id, HOUR, Purpose.PASSWORD)
    people.accounts.change(ada.id, name="Ada Lund", email=ada.email, locale="")
    assert people.links.is_open(SECRET, 1, Purpose.PASSWORD)
    if end == "password":
        people.accounts.set_password(ada.id, "another hash")
    elif end == "address":
        people.accounts.change(ada.id, name=ada.name, email="ada@example.com", locale="")
    else:
        people.accounts.disable(ada.id)
        people.accounts.enable(ada.id)
    with pytest.raises(LinkSpent):
        people.links.spend(SECRET, 1, Purpose.PASSWORD)
