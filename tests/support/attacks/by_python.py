"""What the Python of a module tries that goes round `execute_query`: in migrations, and with the driver's connection."""

from collections.abc import Mapping

from support.attacks.by_migration import NAMES_ONLY
from support.attacks.model import TELL, Attack, Way, everywhere, on_prefix

HARM = "code that means harm"
READ = "rows = op.get_bind().exec_driver_sql({text!r}).fetchall(); raise LookupError(rows)"
RAW = "raw = op.get_bind().connection.cursor().connection; "
SIGN_IN = "import os, psycopg\n    with psycopg.connect(os.environ.get('DATABASE_URL') or op.get_bind().connection.info.dsn) as mine:\n        "
ACCOUNTS = "select password_hash from klods.user_account"
OF_OTHER = "select name from other_items"


def body(name: str, text: str, **more) -> Attack:
    """What stands in ``upgrade``."""
    return Attack(name, Way.PYTHON, text, **more)


def sent(name: str, statement: str, **more) -> Attack:
    """One statement through ``op.execute``."""
    return body(f"op.execute: {name}", f"op.execute({statement!r})", **more)


def left(name: str, *statements: str) -> Attack:
    """Statements to leave the role, then the loot told in an error, as a migration that fails leaves nothing else."""
    lines = [f"op.execute({statement!r})" for statement in statements]
    return body(name, "; ".join([*lines, READ.format(text=OF_OTHER)]), only_with_roles=True)


def driven(name: str, *statements: str, **more) -> Attack:
    """Statements on the connection of the driver, which a handler takes out of a cursor; the last one has rows."""
    return Attack(name, Way.DRIVER, statements[0], statements[1:], **more)


IN_MIGRATIONS = (
    sent("make a table outside the prefix", "create table other_more(id int)"),
    sent("alter a core table", "alter table klods.installation add x int"),
    sent("drop a table of another module", "drop table other_items cascade"),
    sent("write a core table", "update klods.generation set number = 66", not_stopped=on_prefix(NAMES_ONLY)),
    sent("write a table of another module", "update other_items set name = 'x'", not_stopped=on_prefix(NAMES_ONLY)),
    body("op.get_bind(): read the accounts", READ.format(text=ACCOUNTS), not_stopped=on_prefix(NAMES_ONLY)),
    body("op.get_bind(): read a table of another module", READ.format(text=OF_OTHER), not_stopped=on_prefix(NAMES_ONLY)),
    body("op.get_bind(): read a file", READ.format(text="select pg_read_file('/etc/passwd')")),
    body("op.bulk_insert into a table of another module", "op.bulk_insert(sa.table('other_items', sa.column('id'), sa.column('name')), [{'id': 6, 'name': 'x'}, {'id': 7, 'name': 'y'}])", not_stopped=on_prefix(NAMES_ONLY)),
    sent("COMMIT", "commit"),
    sent("COMMIT after another statement", "create table other_more(id int); commit"),
    sent("ROLLBACK", "rollback; create table other_more(id int)"),
    sent("a savepoint of the host", "rollback to savepoint klods_within"),
    body("commit() of the bind", "op.execute('create table other_more(id int)'); op.get_bind().commit(); raise LookupError"),
    body("commit() of the borrowed connection", "op.execute('create table other_more(id int)'); op.get_bind().connection.commit(); raise LookupError"),
    body("COMMIT through a cursor of the borrowed connection", "op.get_bind().connection.cursor().execute('create table other_more(id int); commit')"),
    body("COMMIT through executemany of that cursor", "op.get_bind().connection.cursor().executemany('commit', [()])"),
    body("COMMIT through stream of that cursor", "list(op.get_bind().connection.cursor().stream('commit'))"),
    body("autocommit_block of Alembic", "with op.get_context().autocommit_block():\n        op.execute('create table other_more(id int)')\n    raise LookupError"),
    body("another connection of the bind's engine", "op.get_bind().engine.connect().exec_driver_sql('create table other_more(id int)')"),
    body("a raw connection of the bind's engine", "op.get_bind().engine.raw_connection().cursor().execute('create table other_more(id int)')"),
)  # fmt: skip

OUT_OF_THE_ROLE = (
    left("op.execute: RESET ROLE", "reset role"),
    left("op.execute: SET ROLE to another module", "set role {other}"),
    left("op.execute: SET SESSION AUTHORIZATION", "set session authorization default"),
    left("op.execute: set_config of the role", "select set_config('role', '{other}', true)"),
    left("op.execute: set_config in unicode numbers", "select U&\"set\\005fconfig\"('role', '{other}', true)"),
    left("op.execute: RESET ROLE behind another statement", "select 1; reset role"),
    left("op.execute: RESET ROLE in a DO block", "do $$ begin reset role; end $$"),
    left("op.execute: RESET ROLE in a text of two pieces", "do $$ begin execute 'reset ' || 'role'; end $$"),
    left("op.execute: RESET ROLE in a function that is called at once", "create function shop_f() returns int language plpgsql as $$ begin execute 'reset ' || 'role'; return 1; end $$", "select shop_f()", "drop function shop_f()"),
    body("op.get_bind(): SET ROLE", "op.get_bind().execute(sa.text('set role {other}')); " + READ.format(text=OF_OTHER), only_with_roles=True),
    body("a cursor: RESET ROLE in executemany", "op.get_bind().connection.cursor().executemany('reset role', [()]); " + READ.format(text=OF_OTHER), only_with_roles=True),
)  # fmt: skip

DRIVERS = (
    driven("read a table of another module in its role", "set role {other}", OF_OTHER, not_stopped=everywhere(HARM)),
    driven("write a table of another module in its role", "set role {other}", "update other_items set name = 'x' returning name", "commit", not_stopped=everywhere(HARM)),
    driven("commit half of a request", "insert into shop_items(name) values ('x') returning name", "commit", "select 1 / 0", not_stopped=everywhere(HARM)),
    driven("read the accounts without a role", "reset role", ACCOUNTS, not_stopped=on_prefix(HARM)),
    driven("read a table of another module without a role", "reset role", OF_OTHER, not_stopped=on_prefix(HARM)),
    driven("read the accounts as the host", "set role {host}", ACCOUNTS, not_stopped=on_prefix(HARM)),
    driven("read a table of another module as its owner", "set role {owner_of_other}", OF_OTHER, not_stopped=on_prefix(HARM)),
    driven("write a core table", "reset role", "update klods.generation set number = 66", "commit", not_stopped=on_prefix(HARM)),
    driven("make a table", "reset role", "create table public.shop_more(id int)", "commit", not_stopped=on_prefix(HARM)),
    driven("change the password of the login", "reset role", "alter role {login} password 'known'", "commit", only_with_roles=True),
    driven("end a connection of the host", "reset role", f"select case when pg_terminate_backend(pid) then {TELL} end from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usename = '{{host}}'", not_stopped=on_prefix("modules share the login of the host")),
    body("in a migration: read the accounts without a role", f"{RAW}raw.execute('reset role'); raise LookupError(raw.execute({ACCOUNTS!r}).fetchall())", not_stopped=everywhere(HARM)),
    body("in a migration: commit half of it", f"op.execute('create table other_more(id int)'); {RAW}raw.execute('commit'); raise LookupError", not_stopped=everywhere(HARM)),
    body("in a migration: a connection of its own with what the hub signs in with", f"{SIGN_IN}raise LookupError(mine.execute({ACCOUNTS!r}).fetchall())", not_stopped=everywhere(HARM)),
)  # fmt: skip

GROUPS: Mapping[str, tuple[Attack, ...]] = {
    "A migration in Python": IN_MIGRATIONS,
    "A migration in Python that leaves its role": OUT_OF_THE_ROLE,
    "Python that takes the connection of the driver": DRIVERS,
}
