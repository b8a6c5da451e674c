"""What somebody types who finds a query of a module that is put together from text.

It arrives inside ``select name from shop_items where name = '<typed>'``.
"""

from support.attacks.by_statement import LOOT
from support.attacks.model import TELL, Attack, Way, on_prefix


def typed(name: str, text: str, *then: str, **more) -> Attack:
    """A piece of SQL that somebody types."""
    return Attack(name, Way.INJECTION, text, then, **more)


def leaked(name: str, text: str) -> Attack:
    """The same, where only roles stop it."""
    return typed(name, text, not_stopped=on_prefix())


def left(name: str, text: str) -> Attack:
    """The same, to get out of the role; what the module does next would be done as somebody else."""
    return typed(name, text, *LOOT, only_with_roles=True)


STACKED = tuple(
    typed(f"a second statement: {name}", f"'; {sql} --", *then, **more)
    for name, sql, then, more in (
        ("drop an own table", "drop table shop_items cascade", (), {}),
        ("truncate an own table", "truncate shop_items", (), {}),
        ("alter an own table", "alter table shop_items add x int", (), {}),
        ("switch row security off", "alter table shop_items disable row level security", (), {}),
        ("drop the policy of platforms", "drop policy klods_platform on shop_items", (), {}),
        ("disable the triggers of an own table", "alter table shop_items disable trigger user", (), {}),
        ("delete rows", "delete from shop_items", (), {}),
        ("drop a core table", "drop table klods.user_session cascade", (), {}),
        ("alter a core table", "alter table klods.installation add x int", (), {}),
        ("truncate a core table", "truncate klods.user_session", (), {}),
        ("write a core table", "update klods.generation set number = 66", (), {}),
        ("index a core table", "create index shop_i on klods.user_account(name)", (), {}),
        ("drop a table of another module", "drop table other_items cascade", (), {}),
        ("truncate a table of another module", "truncate other_items", (), {}),
        ("write a table of another module", "update other_items set name = 'x'", (), {}),
        ("index a table of another module", "create index shop_i on other_items(id)", (), {}),
        ("SET ROLE", "set role {other}", LOOT, {"only_with_roles": True}),
        ("RESET ROLE", "reset role", LOOT, {"only_with_roles": True}),
        ("COMMIT", "commit; drop table shop_items", (), {}),
        ("a DO block", "do $$ begin delete from shop_items; end $$", (), {}),
        ("COPY … TO PROGRAM", "copy shop_items to program 'id'", (), {}),
        ("LISTEN", "listen klods", (), {}),
        ("NOTIFY", "notify klods", (), {}),
        ("a session lock", "select pg_advisory_lock(1)", (), {}),
        ("a function that runs as its owner", "create function f() returns int security definer language sql as 'select 1'", (), {}),
        ("a statement after a unicode blank", "\u00a0drop table shop_items cascade", (), {}),
    )
)  # fmt: skip

INSIDE = (
    leaked("UNION with the accounts", "' union select password_hash from klods.user_account --"),
    leaked("UNION with the sessions", "' union all select user_agent from klods.user_session --"),
    leaked("UNION with a table of another module", "' union select name from other_items --"),
    leaked("UNION with a view of another module", "' union select name from other_view --"),
    leaked("UNION with a function of another module", "' union select other_secret() --"),
    leaked("a condition that is always true", "' or '1' = '1"),
    leaked("yes or no about the accounts", f"' union select {TELL} where exists (select from klods.user_account where password_hash like 'can%') --"),
    leaked("UNION with the rows of another platform", "' or platform_id = 2 --"),
    leaked("UNION with the own table without its condition", "' union select name from shop_items --"),
    leaked("UNION with the own table through its view", "' union select name from shop_names --"),
    typed("an error that tells a row of the accounts", "' or 1 = (select (name || 'x')::int from klods.user_account) --", not_stopped=on_prefix()),
    typed("an error that tells a row of another module", "' or 1 = (select name::int from other_items) --", not_stopped=on_prefix()),
    typed("an error that tells a row of another platform", "' or platform_id = 2 and name::int = 1 --", not_stopped=on_prefix()),
    typed("an error that tells it through XML", "' or xmlparse(content '<' || (select name from other_items))::text = '' --", not_stopped=on_prefix()),
    typed("the verifiers of passwords", "' union select rolpassword from pg_authid --"),
    typed("a file of the server", "' union select pg_read_file('/etc/passwd') --"),
    typed("a large object from a file", "' union select lo_import('/etc/passwd')::text --"),
    typed("a large object", "' union select lo_create(0)::text --"),
    typed("a session lock", "' union select pg_advisory_lock(1)::text --"),
    typed("a session lock in quotes", "' union select \"pg_try_advisory_lock\" (1)::text --"),
    typed("a notification to the host", "' union select pg_notify('klods', 'x')::text --"),
    typed("a setting that stays", "' union select set_config('default_transaction_read_only', 'on', false) --"),
    typed("a sequence of another module", "' union select nextval('other_numbered_id_seq')::text --", not_stopped=on_prefix()),
    typed("a number for the own sequence", f"' union select {TELL} from setval('shop_items_id_seq', 1000) --", not_stopped=on_prefix()),
    typed("the end of a connection of somebody else", f"' union select case when pg_terminate_backend(pid) then {TELL} end from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() --", not_stopped=on_prefix("modules share the login of the host")),
    typed("the statements that others have prepared", "' union select statement from pg_prepared_statements --"),
    typed("the statements that others have prepared, through XML", "' union select table_to_xml(('pg_prepared'||'_statements')::regclass, true, false, '')::text --"),
    left("set_config of the role", "' or set_config('role', '{other}', true) is null --"),
    left("set_config behind comments", "' or/**/set_config/*(*//*)*/('role', '{other}', true) is null --"),
    left("set_config in quotes", "' or \"set_config\"('role', '{other}', true) is null --"),
    left("set_config in unicode numbers", "' or U&\"set\\005fconfig\"('role', '{other}', true) is null --"),
    left("set_config in a CTE that is closed first", "' union select * from (with x as (select set_config('role', '{other}', true) as r) select r from x) y --"),
    left("set_config in a text that query_to_xml runs", "' or query_to_xml('select set_' || 'config(''role'', ''{other}'', true)', true, true, '') is null --"),
    left("set_config in a text that ts_stat runs", "' or exists (select from ts_stat('select set_' || 'config(''role'', ''{other}'', true)::tsvector')) --"),
    left("set_config after a dollar quote", "' or $a$'$a$ = set_config('role', '{other}', true) --"),
    left("set_config after an escaped quote", "' or e'\\'' = set_config('role', '{other}', true) --"),
    left("set_config after a plain backslash", "' or '\\' = set_config('role', '{other}', true) or '\\' = '"),
    left("set_config after a dollar sign in a name", "' union select a$b$ from (select set_config('role', '{other}', true) as a$b$) x --"),
    left("set_config after a name that ends with a dollar quote beyond the basic plane", "' union select \U0001f600$b$ from (select set_config('role', '{other}', true) as \U0001f600$b$) x --"),
    left("set_config after a number with a dollar quote", "' or 1$b$ = set_config('role', '{other}', true) --"),
    left("set_config after a percent sign that looks like a placeholder", "' or 5 %(length('a)s')) < 0 or set_config('role', '{other}', true) is null --"),
    left("the platform by set_config", "' or set_config('klods.platform', '2', true) is null --"),
)  # fmt: skip

GROUPS = {"A second statement in an injected text": STACKED, "Inside the injected query": INSIDE}
