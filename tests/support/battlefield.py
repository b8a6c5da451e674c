"""A database with two modules, secrets planted in it, and a way to see everything that an attack has achieved."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from support.attacks.model import (
    SECRET_OF_HOST,
    SECRET_OF_OTHER,
    SECRET_OF_PLATFORM,
    SECRETS,
    TOLD,
    Attack,
    Server,
    Way,
)
from support.catalogue import PARTS, difference
from support.isolated import install, working
from support.migrating import module_of, python

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator
from klods.db.own_connection import own_transaction
from klods.db.processes import CHANNEL
from klods.db.roles.isolating import Isolation, isolate
from klods.db.scope import current_scope
from klods.db.statements import execute_query, get_db, savepoint
from klods.testing.databases import copied

SHOP = """
    create table shop_items(
        id int generated always as identity primary key,
        platform_id bigint not null default klods.platform() references klods.platform,
        name text, price int default 1
    );
    create table shop_words(word text unique, platform_id bigint not null default klods.platform());
    create view shop_names as select name from shop_items;
    create function shop_tell(text) returns boolean language plpgsql cost 0.0001 as
        $$ begin if $1 <> 'chair' then raise exception 'the row says %', $1; end if; return true; end $$;
    create function shop_touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger shop_touched before update on shop_items for each row execute function shop_touch();
"""
OTHER = f"""
    create table other_items(id int primary key, name text);
    create table other_numbered(id serial primary key);
    create index other_names on other_items(name);
    create view other_view as select name from other_items;
    create function other_secret() returns text language sql stable as 'select name from other_items limit 1';
    insert into other_items values (1, '{SECRET_OF_OTHER}');
"""
PLANTED = f"""
    insert into klods.platform(id, code, name) values (2, 'second', 'Second');
    insert into klods.user_account(login, name, password_hash) values ('root', '{SECRET_OF_HOST}', '{SECRET_OF_HOST}');
    insert into klods.user_session(token_hash, user_id, platform_id, expires_at, user_agent)
        select sha256('x'), id, 1, 'infinity', '{SECRET_OF_HOST}' from klods.user_account;
    insert into shop_items(platform_id, name) values (1, 'chair'), (2, '{SECRET_OF_PLATFORM}');
    insert into shop_words(platform_id, word) values (2, 'guessed');
    insert into klods.stored_file(module, platform_id, path, sha256, size) values
        ('shop', 2, '{SECRET_OF_PLATFORM}', repeat('a', 64), 1), ('other', 1, '{SECRET_OF_OTHER}', repeat('a', 64), 1);
    insert into klods.outgoing_mail(module, platform_id, recipients, subject, parts, message)
        values ('other', 1, '{{anna@example.com}}', '{SECRET_OF_OTHER}', '{{}}', '');
"""
NEXT = f"""
    select current_user as role, session_user as login, current_setting('search_path') as path,
           current_setting('klods.platform', true) as platform, current_setting('transaction_read_only') as read_only,
           (select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where source = 'session') as settings,
           (select string_agg(c, ' ') from pg_listening_channels() c) as listens,
           (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
           to_regclass('pg_temp.shop_items') is not null as shadowed, (select count(*) from other_items where name <> '{SECRET_OF_OTHER} in a text put together') as rows"""
_OWN = re.compile(r"^. [a-z' ]+(klods\.)?shop_|rows of klods.module_migration")
ROLES = """
    select 'member ' || roleid::regrole || ' ' || member::regrole, admin_option::text from pg_auth_members
     where starts_with(member::regrole::text, '{hub}') or starts_with(roleid::regrole::text, '{hub}')
     union all select 'role ' || rolname, concat_ws(' ', rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolinherit, rolbypassrls)
      from pg_roles where starts_with(rolname, '{hub}')
     union all select 'setting of ' || setrole::regrole, setconfig::text from pg_db_role_setting
     where setrole <> 0 and (starts_with(setrole::regrole::text, '{hub}') or setrole = current_user::regrole)"""
TABLES = """
    select c.oid::regclass::text from pg_class c
     where (relkind = 'r' or relname = 'other_numbered_id_seq') and relnamespace in (select oid from pg_namespace where nspname in ('klods', 'public')) order by 1"""


WRITTEN = "select pg_snapshot_xmax(pg_current_snapshot())::text as before"
"""Grows with every transaction on the server that writes anything, a number of a sequence included."""


class Undone(Exception):
    """What was tried has been looked at and is rolled back."""


class Battlefield:
    """One server's database, for all attacks; when one of them left something behind, another copy of how it began."""

    def __init__(self, server: Server, login: str, template: str, admin: str) -> None:
        self.server = server
        self._login = login
        self._admin = admin
        self._folder = Path(tempfile.mkdtemp(prefix="klods-attacks-"))
        self._stack, self._whole = ExitStack(), ExitStack()
        self._hub = self._build(template)
        self._make()

    def attempt(self, attack: Attack) -> list[str]:
        """Try it, and say everything that it achieved; an empty list means that it was denied.

        Where modules are kept apart by names only, what is known to get through is looked at in its own transaction and
        undone: making the database anew after each would take minutes.
        """
        undone = self.server in attack.not_stopped and self.server is Server.PREFIX and not attack.may_build
        tried = self._migration if attack.way in {Way.MIGRATION, Way.PYTHON} else self._statements
        heard: list[str] = []
        inside = tried(attack, heard, undone=undone)
        try:
            return self._achieved(attack, "\n".join(heard), inside)
        except psycopg.OperationalError as error:
            self.close()
            self._make()
            return [f"a connection of the host was ended: {error}"]

    def _achieved(self, attack: Attack, said: str, inside: list[str]) -> list[str]:
        found = [f"told: {secret}" for secret in (*SECRETS, TOLD) if secret in said]
        found += [f"notified: {note.payload}" for note in self._notes()]
        after = self._before if self._untouched() else self._snapshot()
        found += self._next()
        self._written = self._how_far()
        changes = inside + difference(self._before, after)
        found += [change for change in changes if not (attack.may_build and _OWN.search(change))]
        if after != self._before or (found and not self._alive()):
            self.close()
            self._make()
        return found

    def close(self) -> None:
        """Give everything back."""
        self._stack.close()

    def end(self) -> None:
        """Close for good."""
        self.close()
        self._whole.close()
        shutil.rmtree(self._folder)

    def _build(self, template: str) -> str:
        """Make what every copy begins as, and with it the roles; return its name."""
        conninfo = self._whole.enter_context(self._copied(template))
        with Database(conninfo, pool_size=1) as database:
            isolation = isolate(database)
            assert isolation is (Isolation.PREFIX if self.server is Server.PREFIX else Isolation.ROLES)
            install(database, module_of(self._folder, {"001_a.sql": SHOP}))
            install(database, module_of(self._folder, {"001_a.sql": OTHER}, "other"))
        with psycopg.connect(conninfo) as host:
            host.execute(PLANTED)
        return str(conninfo_to_dict(conninfo)["dbname"])

    def _make(self) -> None:
        self._stack = ExitStack()
        enter = self._stack.enter_context
        self.conninfo = enter(self._copied(self._hub))
        database = self.database = enter(Database(self.conninfo, pool_size=1, wait_seconds=3))
        isolate(database)
        self._host = enter(psycopg.connect(self.conninfo, autocommit=True))
        self._listener = enter(psycopg.connect(self.conninfo, autocommit=True))
        self._listener.execute(f"listen {CHANNEL}")
        self._before = self._snapshot()
        self._usual = self._asked()
        self._written = self._how_far()

    @contextmanager
    def _copied(self, template: str) -> Iterator[str]:
        """A database that belongs to the host's login."""
        with copied(self._admin, template) as conninfo:
            name = conninfo_to_dict(conninfo)["dbname"]
            if self._admin != self._login:
                owner = conninfo_to_dict(self._login)["user"]
                with psycopg.connect(self._admin, autocommit=True) as connection:
                    text = sql.SQL("alter database {} owner to {}")
                    connection.execute(text.format(*map(sql.Identifier, (name, owner))))
            yield make_conninfo(self._login, dbname=name)

    def spelled(self, text: str) -> str:
        """The SQL with the names of this server's roles in it."""
        names = dict.fromkeys(("other", "owner", "writer", "login", "owner_of_other"), "nobody")
        if family := self.database.family:
            names = {"other": family.writer("other"), "owner": family.owner("shop"), "writer": family.writer("shop")}
            names |= {"login": family.login, "owner_of_other": family.owner("other")}
        names["host"] = conninfo_to_dict(self.conninfo)["user"]
        for name, role in names.items():
            text = text.replace(f"{{{name}}}", str(role))
        return text

    def _statements(self, attack: Attack, heard: list[str], *, undone: bool) -> list[str]:
        found: list[str] = []
        with suppress(Exception), working(self.database, "shop", read_only=attack.read_only):
            self._send(heard, attack.way, attack.sql)
            for statement in attack.then:
                self._send(heard, Way.DRIVER if attack.way is Way.DRIVER else Way.CODE, statement)
            if undone:
                with current_scope().unit.wire() as transaction:
                    found = difference(self._before, self._snapshot(transaction.connection))
                raise Undone
        return found

    def _send(self, heard: list[str], way: Way, text: str) -> None:
        with suppress(Exception), savepoint():
            try:
                heard.append(str(_run(way, self.spelled(text))))
            except Exception as error:
                heard.append(_told(error))
                if self._failed():  # otherwise the driver alone was not content, and what was sent counts
                    raise

    def _failed(self) -> bool:
        with current_scope().unit.wire() as transaction:
            return transaction.failed

    def _migration(self, attack: Attack, heard: list[str], *, undone: bool) -> list[str]:
        found: list[str] = []
        text = self.spelled(attack.sql)
        second = (
            {"002_b.sql": text} if attack.way is Way.MIGRATION else {"versions/b.py": python("b", "shop_001", text)}
        )
        module = module_of(self._folder, {"001_a.sql": SHOP, **second})
        try:
            with self._environment(), own_transaction(self.database, lock_seconds=2) as connection:
                ModuleMigrator(self.database).upgrade(connection, module)
                if undone:
                    found = difference(self._before, self._snapshot(connection))
                    heard += [str(connection.execute(text.encode()).fetchall()) for text in attack.then]
                    raise Undone
        except Exception as error:
            heard.append(_told(error))
        if attack.then and not undone:
            self._statements(
                replace(attack, way=Way.CODE, sql=attack.then[0], then=attack.then[1:]), heard, undone=False
            )
        return found

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """What a hub on a server of somebody's own finds there; on the embedded one it signs in with a file."""
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("DATABASE_URL", raising=False)
            if self.server is not Server.EMBEDDED:
                patch.setenv("DATABASE_URL", self.conninfo)
            yield

    def _notes(self) -> list[psycopg.Notify]:
        self._listener.execute("select 1")
        return list(self._listener.notifies(timeout=0))

    def _asked(self) -> dict[str, Any]:
        with working(self.database, "other"):
            row = execute_query(NEXT)[0]
            row["written"] = execute_query("update other_items set name = name returning id")
        return row

    def _next(self) -> list[str]:
        """What is different for the next module on the same connection."""
        try:
            now = self._asked()
        except Exception as error:
            return [f"the next unit fails: {error}"]
        return [f"the next unit has {key} {now[key]}" for key in now if now[key] != self._usual[key]]

    def _alive(self) -> bool:
        return not self._next()

    def _how_far(self) -> object:
        return self._host.execute(WRITTEN).fetchone()

    def _untouched(self) -> bool:
        """Whether nobody has written anything since it was looked last, so that there is no need to look again."""
        return self._how_far() == self._written

    def _snapshot(self, connection: psycopg.Connection[Any] | None = None) -> dict[str, str]:
        with (connection or self._host).cursor(row_factory=tuple_row) as cursor:
            tables = cursor.execute(TABLES).fetchall()
            parts = [
                f"select '{part.replace(chr(39), '')} ' || n, t from ({text}) p(n, t)" for part, text in PARTS.items()
            ]
            parts += [f"select 'rows of {t}', {_content(t)} from {t} x" for (t,) in tables]
            return {
                name: str(text)
                for name, text in cursor.execute(
                    " union all ".join([*parts, ROLES.replace("{hub}", self._hub)]).encode()
                )
            }


def _content(table: str) -> str:
    return (
        "last_value::text || is_called" if table.endswith("_seq") else "string_agg(x::text, chr(10) order by x::text)"
    )


def _run(way: Way, text: str) -> object:
    if way is Way.INJECTION:
        return execute_query(f"select name from shop_items where name = '{text}'")
    if way is Way.SESSION:
        result = get_db().connection().exec_driver_sql(text)
        return result.fetchall() if result.returns_rows else ""
    if way is Way.DRIVER:
        cursor = get_db().connection().connection.cursor().connection.execute(text)
        return cursor.fetchall() if cursor.description else ""
    if way is Way.STREAM:
        return list(get_db().connection().connection.cursor().stream(text))
    if way is Way.COPY:
        with get_db().connection().connection.cursor().copy(text) as rows:
            return [bytes(row) for row in rows]
    return execute_query(text)


def _told(error: BaseException) -> str:
    """Everything that an error says, also to a log."""
    said = [str(error)]
    while error is not None:
        diag = getattr(error, "diag", None)
        said += [
            str(getattr(diag, part, "")) for part in ("message_primary", "message_detail", "message_hint", "context")
        ]
        said.append(str(getattr(error, "data", "")))
        error = getattr(error, "orig", None) or error.__cause__
    return "\n".join(said)
