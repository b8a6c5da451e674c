"""The trigger that notes what a dry run would change: permanent on every table of a module, asleep otherwise."""

from psycopg import sql

from klods.db.own_connection import Connection

CAPTURE = "klods_capture"
_UNARMED = """
    select c.relname as name, t.oid is not null as there from pg_class c
      left join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'klods_capture'
     where c.relnamespace = 'public'::regnamespace and starts_with(c.relname, %s)
       and c.relkind in ('r', 'p') and not c.relispartition
       and (t.oid is null or t.tgenabled <> 'O' or t.tgfoid <> 'klods.capture'::regproc)
     order by 1"""
_TRIGGER = """
    create trigger klods_capture after insert or update or delete on {} for each row
      when (current_setting('klods.dry', true) = 'on') execute function klods.capture()"""


def arm(connection: Connection, prefix: str) -> None:
    """Give the tables under a prefix the trigger, as far as they have not got it; partitions have that of their table."""
    for row in connection.execute(_UNARMED, [prefix]).fetchall():
        table = sql.Identifier("public", row["name"])
        if row["there"]:
            connection.execute(sql.SQL("drop trigger klods_capture on {}").format(table))
        connection.execute(sql.SQL(_TRIGGER).format(table))
