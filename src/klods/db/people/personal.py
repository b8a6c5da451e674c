"""What the hub itself holds about a person: accounts and what hangs on them, and mail."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from klods.db.announcing import LOCK_SECONDS, announced
from klods.db.database import Database
from klods.db.own_connection import Connection, own_transaction
from klods.db.people.roles import keeping_an_administrator
from klods.kernel.mailing import content_of
from klods.kernel.person_reports import Counts, Erased, Found, Reach
from klods.kernel.personal import Kept

_KNOWN = "(lower(u.email) = %(email)s or lower(u.login) = %(email)s)"
_MEANT = f"{_KNOWN} and (u.platform_id = any(%(platforms)s) or (u.platform_id is null and %(hub_wide)s))"
_TO = """
    platform_id = any(%(platforms)s) and exists (select from unnest(recipients) r where lower(r) = %(email)s)"""
_OTHERS_WAIT = "(state = 'waiting' and cardinality(recipients) > 1)"
_BY = "lower(split_part(actor, ' (', 1)) = any(%(logins)s)"

EXPORT: Mapping[str, str] = {
    "accounts": f"""
        select u.id, u.login, u.name, u.email, u.kind, u.locale, p.code as platform, v.code as vendor, u.created_at,
               u.signed_in_at, u.disabled_at, u.password_hash is not null as has_password,
               array(select r.code from klods.user_role h join klods.role r on r.id = h.role_id
                      where h.user_id = u.id order by 1) as roles
          from klods.user_account u left join klods.platform p on p.id = u.platform_id
          left join klods.vendors v on v.id = u.vendor_id where {_MEANT} order by u.id""",
    "sign_ins": f"""
        select u.login, s.created_at, s.seen_at, s.expires_at, s.user_agent, s.ip
          from klods.user_session s join klods.user_account u on u.id = s.user_id where {_MEANT} order by s.id""",
    "tokens": f"""
        select u.login, t.name, t.created_at, t.last_used_at, t.revoked_at
          from klods.api_token t join klods.user_account u on u.id = t.user_id where {_MEANT} order by t.id""",
    "mail": f"""
        select at, module, recipients, subject, state, sent_at, message
          from klods.outgoing_mail where {_TO} order by at, id""",
}
LOGINS = f"select u.id, lower(u.login) as login from klods.user_account u where {_MEANT} order by u.id for update"
ENTRIES = f"""
    select (select count(*) from klods.module_log where {_BY}) +
           (select count(*) from klods.module_config_history where {_BY}) as rows"""
WAITING = f"select count(*) as rows from klods.outgoing_mail where {_TO} and {_OTHERS_WAIT}"
HUB_WIDE = f"select count(*) as rows from klods.user_account u where {_KNOWN} and u.platform_id is null"
USER_IDS = f"""
    select u.id from klods.user_account u
     where {_KNOWN} and (u.platform_id is null or u.platform_id = %(platform)s) order by u.id"""

ERASE: Mapping[str, str] = {
    "sign_in_tries": """
        delete from klods.sign_in_try where key in (
            select sha256(convert_to('login ' || lower(u.login) || coalesce(' from ' || s.ip, ''), 'UTF8'))
              from klods.user_account u
              left join (select user_id, ip from klods.user_session union all select id, null from klods.user_account) s
                on s.user_id = u.id
             where u.id = any(%(ids)s))""",
    "sign_ins": "delete from klods.user_session where user_id = any(%(ids)s)",
    "links": "delete from klods.login_link where user_id = any(%(ids)s)",
    "tokens": "delete from klods.api_token where user_id = any(%(ids)s)",
    "roles": "delete from klods.user_role where user_id = any(%(ids)s)",
    "dry_runs": """
        delete from klods.dry_run where platform_id = any(%(platforms)s)
           and position(%(email)s in lower(changes::text)) > 0""",
    "mail": f"delete from klods.outgoing_mail where {_TO} and not {_OTHERS_WAIT}",
}
EMPTY = """
    update klods.user_account
       set login = 'erased-' || id, name = '', email = '', locale = '', password_hash = null, vendor_id = null,
           signed_in_at = null, disabled_at = coalesce(disabled_at, now())
     where id = any(%(ids)s)"""


class _Undone(Exception):
    """Takes a transaction back, and goes no further."""


class PersonRows:
    """The hub's own data about people, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def user_ids(self, email: str, platform_id: int) -> tuple[int, ...]:
        """The accounts with that address which may act on a platform."""
        with self._database.connection() as connection:
            rows = connection.execute(USER_IDS, {"email": email, "platform": platform_id})
            return tuple(row["id"] for row in rows)

    def meant(self, email: str, reach: Reach) -> tuple[int, ...]:
        """The accounts that `erase` would empty."""
        with self._database.connection() as connection:
            return tuple(row["id"] for row in connection.execute(LOGINS, _values(email, reach)))

    def export(self, email: str, reach: Reach) -> Found:
        """Everything that is held, by what it is."""
        values = _values(email, reach)
        with self._database.connection() as connection:
            found = {name: [*map(_plain, connection.execute(query, values))] for name, query in EXPORT.items()}
            logins = [row["login"].lower() for row in found["accounts"]]
            entries = _count(connection, ENTRIES, {"logins": logins})
        return {**found, "log_entries": [{"entries": entries, "logins": logins}] if entries else []}

    def preview(self, email: str, reach: Reach) -> Erased:
        """What `erase` would do; raises what it would raise, and keeps nothing."""
        erased = Erased()
        with suppress(_Undone), own_transaction(self._database, LOCK_SECONDS) as connection:
            erased = _erase(connection, email, reach)
            raise _Undone
        return erased

    def erase(self, email: str, reach: Reach, notes: Mapping[int, str], *, actor: str) -> Erased:
        """Erase it, and note in the log what was erased on each platform; raise `LastAdministrator`."""
        erased: Erased | None = None
        # Each platform has an entry of its own, because its people see no others.
        for platform_id, note in notes.items():
            with announced(self._database, actor) as change:
                erased = erased or _erase(change.connection, email, reach)
                rows = sum(sum(counts) for counts in erased.changes.values())
                said = "; ".join(filter(None, (note, f"klods: {rows} rows")))
                change.log("person.erase", "personal data", platform_id=platform_id, after=said)
        return erased or Erased()

    def note_export(self, notes: Mapping[int, str], *, actor: str) -> None:
        """Note in the log what was handed out on each platform."""
        for platform_id, note in notes.items():
            with announced(self._database, actor) as change:
                change.log("person.export", "personal data", platform_id=platform_id, after=note)


def _erase(connection: Connection, email: str, reach: Reach) -> Erased:
    values = _values(email, reach)
    accounts = connection.execute(LOGINS, values).fetchall()
    values |= {"ids": [row["id"] for row in accounts], "logins": [row["login"] for row in accounts]}
    left = tuple(_kept(connection, reach, values))
    changes = {}
    with keeping_an_administrator(connection):
        for name, statement in ERASE.items():
            changes[name] = (0, 0, connection.execute(statement, values).rowcount)
        changes["accounts"] = (0, connection.execute(EMPTY, values).rowcount, 0)
    return Erased(_some(changes), left)


def _kept(connection: Connection, reach: Reach, values: dict[str, Any]) -> list[Kept]:
    kept = [
        Kept("log entries", _count(connection, ENTRIES, values), "Who changed what must stay known."),
        Kept("waiting mail", _count(connection, WAITING, values), "It goes to others as well, and is deleted later."),
    ]
    if reach.sees_all and not reach.hub_wide:
        why = "It is for all platforms: erase on all of them."
        kept.append(Kept("account for all platforms", _count(connection, HUB_WIDE, values), why))
    return [one for one in kept if one.rows]


def _values(email: str, reach: Reach) -> dict[str, Any]:
    return {"email": email, "platforms": reach.ids, "hub_wide": reach.hub_wide}


def _count(connection: Connection, query: str, values: dict[str, Any]) -> int:
    row = connection.execute(query, values).fetchone()
    return int(row["rows"]) if row else 0


def _some(changes: Mapping[str, tuple[int, int, int]]) -> Counts:
    return {name: counts for name, counts in changes.items() if any(counts)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return content_of(value).text
    return value.isoformat() if isinstance(value, datetime) else value
