"""What a module's migrations try, while they run and with what they leave behind."""

from collections.abc import Mapping

from support.attacks.by_statement import LOOT
from support.attacks.model import Attack, Way, everywhere, on_prefix

UNSEEN = "without roles nobody looks into functions"
NAMES_ONLY = "the migration runs as the login of the host"


def migration(name: str, sql: str, *then: str, **more) -> Attack:
    """A migration, and what the module does afterwards at run time."""
    return Attack(name, Way.MIGRATION, sql, then, **more)


def reader(name: str, sql: str) -> Attack:
    """A migration that takes rows which only roles keep from it."""
    return migration(name, sql, "select * from shop_kept", not_stopped=on_prefix(NAMES_ONLY))


def function(body: str, language: str = "plpgsql", head: str = "") -> str:
    """A function that the module can call afterwards."""
    return f"create function shop_f() returns text {head} language {language} as $body$ {body} $body$"


def planted(name: str, body: str, **more) -> Attack:
    """A function whose body does something, and its call."""
    return migration(name, function(f"begin {body}; return ''; end"), "select shop_f()", *LOOT, **more)


def lasting(name: str, body: str, **more) -> Attack:
    """A function that reaches beyond the unit in which it is called."""
    call = function(f"begin {body}; return ''; end")
    return migration(name, call, "select shop_f()", may_build=True, **{"only_with_roles": True, **more})


FENCE = (
    migration("make a table outside the prefix", "create table stuff(id int)"),
    migration("make a table in the schema of the core", "create table klods.shop_more(id int)"),
    migration("make a temporary table", "create temp table other_items(id int)"),
    migration("make a function outside the prefix", "create function stray() returns int language sql as 'select 1'"),
    migration("make a schema", "create schema shop"),
    migration("make an extension", "create extension hstore"),
    migration("make a role", "create role shop_role"),
    migration("make an operator that shadows a usual one", "create operator public.= (leftarg = text, rightarg = text, function = pg_catalog.textne)"),
    migration("make a cast that hides a call", "create cast (text as boolean) with function shop_tell(text)"),
    migration("make a large object", "select lo_create(4711)"),
    migration("make an event trigger", "create event trigger shop_e on ddl_command_start execute function shop_touch()"),
    migration("make a publication", "create publication shop_p"),
    migration("grant a table to PUBLIC", "grant select on shop_items to public"),
    migration("grant a column to PUBLIC", "grant select (name) on shop_items to public"),
    migration("grant a table to another module", "grant all on shop_items to {other}", only_with_roles=True),
    migration("grant the own role to another module", "grant {owner} to {other}", only_with_roles=True),
    migration("grant the owner to the writer", "grant {owner} to {writer}", "drop table shop_items", only_with_roles=True),
    migration("change default privileges", "alter default privileges grant select on tables to public"),
    migration("change a setting of the own role", "alter role {owner} set search_path = pg_temp", only_with_roles=True),
    migration("change the password of the login", "alter role {login} password 'x'", only_with_roles=True),
    migration("change a setting of the database", "do $$ begin execute format('alter database %I set work_mem = ''1MB''', current_database()); end $$"),
    migration("alter a core table", "alter table klods.installation add x int"),
    migration("drop a core table", "drop table klods.login_link"),
    migration("truncate a core table", "truncate klods.user_session"),
    migration("index a core table", "create index shop_i on klods.user_account(name)"),
    migration("put a trigger on a core table", "create trigger shop_t before insert on klods.user_account for each row execute function shop_touch()"),
    migration("reference a core table", "create table shop_more(a bigint references klods.user_account)", not_stopped=on_prefix(NAMES_ONLY)),
    migration("alter a table of another module", "alter table other_items add x int"),
    migration("drop a table of another module", "drop table other_items cascade"),
    migration("truncate a table of another module", "truncate other_items"),
    migration("index a table of another module", "create index shop_i on other_items(id)"),
    migration("take over a table of another module", "alter table other_items rename to shop_taken"),
    migration("put a trigger on a table of another module", "create trigger shop_t before insert on other_items for each row execute function shop_touch()"),
    migration("put a policy on a table of another module", "create policy shop_p on other_items using (true)"),
    migration("reference a table of another module", "create table shop_more(id int references other_items)", not_stopped=on_prefix(NAMES_ONLY)),
    migration("inherit from a table of another module", "create table shop_more() inherits (other_items)"),
    reader("copy the accounts", "create table shop_kept as select * from klods.user_account"),
    reader("copy the sessions into a materialized view", "create materialized view shop_kept as select user_agent from klods.user_session"),
    reader("copy rows of another module", "create table shop_kept as select * from other_items"),
    migration("make a view of another module's table, and read it", "create view shop_kept as select * from other_items", "select * from shop_kept", not_stopped=on_prefix(NAMES_ONLY), may_build=True),
    reader("call a function of another module", "create table shop_kept as select other_secret()"),
    migration("write a core table", "update klods.generation set number = 66", not_stopped=on_prefix(NAMES_ONLY)),
    migration("write a table of another module", "update other_items set name = 'x'", not_stopped=on_prefix(NAMES_ONLY)),
    migration("tell the accounts in an error", "do $$ begin raise exception '%', (select name from klods.user_account); end $$", not_stopped=on_prefix(NAMES_ONLY)),
    migration("read a file", "create table shop_more(line text); copy shop_more from '/etc/passwd'"),
    migration("run a program", "create table shop_more(line text); copy shop_more from program 'id'"),
)  # fmt: skip

TRANSACTION = tuple(
    migration(f"{name} inside a migration", f"create table shop_more(id int); {sql}; create table stuff(id int)", **more)
    for name, sql, more in (
        ("COMMIT", "commit", {}),
        ("COMMIT in a DO block", "do $$ begin commit; end $$", {}),
        ("COMMIT hidden in a DO block", "do $$ begin execute 'com' || 'mit'; end $$", {}),
        ("ROLLBACK", "rollback", {}),
        ("COMMIT in a procedure", "create procedure shop_p() language plpgsql as 'begin commit; end'; call shop_p()", {}),
        ("PREPARE TRANSACTION", "prepare transaction 'x'", {}),
        ("a savepoint of the host", "rollback to savepoint klods_text", {}),
    )
)  # fmt: skip

TENANTS = (
    migration("drop the policy of platforms", "drop policy klods_platform on shop_items", "select name from shop_items", only_with_roles=True),
    migration("change the policy of platforms", "alter policy klods_platform on shop_items using (true) with check (true)", "select name from shop_items", only_with_roles=True),
    migration("replace the policy of platforms", "drop policy klods_platform on shop_items; create policy klods_platform on shop_items using (true)", "select name from shop_items", only_with_roles=True),
    migration("narrow the policy of platforms to one role", "alter policy klods_platform on shop_items to {owner}", "select name from shop_items", only_with_roles=True),
    migration("make the policy before the host does", "create table shop_more as select * from shop_items; alter table shop_more enable row level security; create policy klods_platform on shop_more using (true)", "select name from shop_more", only_with_roles=True, may_build=True),
    migration("switch row security off", "alter table shop_items disable row level security", "select name from shop_items", only_with_roles=True),
    migration("disable a trigger of the core", "alter table klods.module_log disable trigger module_log_append_only"),
    migration("keep the rows of all platforms in a materialized view", "create materialized view shop_kept as select * from shop_items", "select * from shop_kept", only_with_roles=True),
    migration("keep them through a view", "create materialized view shop_kept as select * from shop_names", "select * from shop_kept", only_with_roles=True),
    migration("keep those of a table made at the same time", "create table shop_more as select * from shop_items; create materialized view shop_kept as select name from shop_more", "select * from shop_kept", only_with_roles=True),
    migration("make a view that looks with the eyes of its owner", "create view shop_kept with (security_invoker = false) as select name from shop_items; create table shop_x()", "select * from shop_kept", only_with_roles=True, may_build=True),
    migration("make a function that looks with the eyes of its owner", function("select string_agg(name, ' ') from shop_items", "sql", "security definer"), "select shop_f()", only_with_roles=True),
    migration("make a rule that works with the power of the owner", "create rule shop_r as on insert to shop_words do also insert into shop_words select name, 1 from shop_items", "insert into shop_words(word) values ('x')", "select * from shop_words", only_with_roles=True, may_build=True),
    migration("copy the rows of all platforms into a table without platform_id", "create table shop_kept as select name from shop_items", "select * from shop_kept", not_stopped=everywhere("a migration works on the rows of all platforms, and a table without platform_id is shared")),
)  # fmt: skip

WITH_ROLES: Mapping[str, bool] = {"only_with_roles": True}
STEAL = "create table shop_kept as select password_hash from klods.user_account"
DEFERRED = f"""create table shop_more(id int);
    {function("begin {0}; return null; end").replace("returns text", "returns trigger")};
    create constraint trigger shop_t after insert on shop_more deferrable initially deferred
    for each row execute function shop_f(); insert into shop_more values (1)"""
ESCAPES = (
    migration("RESET ROLE", f"reset role; {STEAL}", "select * from shop_kept", **WITH_ROLES),
    migration("RESET ROLE and back", f"reset role; {STEAL}; alter table shop_kept owner to {{owner}}; set role {{owner}}", "select * from shop_kept", **WITH_ROLES),
    migration("SET ROLE to another module", "set role {other}; update other_items set name = 'x'; set role {owner}", **WITH_ROLES),
    migration("SET SESSION AUTHORIZATION", f"set session authorization default; {STEAL}", "select * from shop_kept", **WITH_ROLES),
    migration("set_config of the role", f"select set_config('role', 'none', true); {STEAL}", "select * from shop_kept", **WITH_ROLES),
    migration("set_config in unicode numbers", "select U&\"set\\005fconfig\"('role', 'none', true); update klods.generation set number = 66; select U&\"set\\005fconfig\"('role', '{owner}', true)", **WITH_ROLES),
    migration("RESET ROLE in a DO block", "do $$ begin reset role; update klods.generation set number = 66; set role {owner}; end $$", **WITH_ROLES),
    migration("RESET ROLE hidden in a DO block, and back", "do $$ begin execute 'res' || 'et role'; update klods.generation set number = 66; execute 'set ro' || 'le {owner}'; end $$", **WITH_ROLES),
    migration("RESET ROLE in an escaped text, and back", "do $$ begin execute e'\\x72eset role'; update klods.generation set number = 66; execute e'\\x73et role {owner}'; end $$", **WITH_ROLES),
    migration("RESET ROLE in a text of two pieces, and back", "do $$ begin execute 're'\n'set role'; update klods.generation set number = 66; execute 'se'\n't role {owner}'; end $$", **WITH_ROLES),
    migration("RESET ROLE in a function that the migration calls", function("begin execute 'res' || 'et role'; update klods.generation set number = 66; execute 'set ro' || 'le {owner}'; return ''; end") + "; select shop_f(); drop function shop_f()", **WITH_ROLES),
    migration("a function with RESET ROLE set on it", function("begin update klods.generation set number = 66; return ''; end", head="set role from current") + "; select shop_f()", **WITH_ROLES),
    migration("a deferred trigger that reads the accounts at the end", DEFERRED.replace("{0}", "raise exception '%', (select name from klods.user_account)"), **WITH_ROLES),
    migration("a deferred trigger that writes core tables at the end", DEFERRED.replace("{0}", "update klods.generation set number = 66"), **WITH_ROLES),
    migration("a deferred trigger that makes a table outside the prefix", DEFERRED.replace("{0}", "create table stuff(id int)")),
)  # fmt: skip

PLANTED = (
    planted("a function with RESET ROLE inside", "reset role", **WITH_ROLES),
    planted("a function with SET ROLE inside", "set local role {other}", **WITH_ROLES),
    planted("a function with SET ROLE in a text", "execute 'set local role {other}'", **WITH_ROLES),
    planted("a function with SET ROLE in a text put together", "execute 'set local ro' || 'le {other}'", **WITH_ROLES),
    planted("a function with SET ROLE in a text of two pieces", "execute 'set local ro'\n'le {other}'", **WITH_ROLES),
    planted("a function with SET ROLE in an escaped text", "execute e'\\x73et local role {other}'", **WITH_ROLES),
    planted("a function with SET ROLE in a text in unicode numbers", "execute U&'\\0073et local role {other}'", **WITH_ROLES),
    planted("a function with SET ROLE in a text from format", "execute format('%s local role {other}', 'set')", **WITH_ROLES),
    planted("a function with SET ROLE in a text from a table", "execute (select 'set local ro' || 'le {other}' from shop_items limit 1)", **WITH_ROLES),
    planted("a function with SET ROLE after a harmless text", "execute 'select 1;' || ' set local ro' || 'le {other}'", **WITH_ROLES),
    planted("a function with SET ROLE behind a name that looks like a quote", "declare \U0001f600$q$ int; begin execute 'set local ro' || 'le {other}'; end; begin perform 1 as \U0001f600$q$; end", **WITH_ROLES),
    planted("a function with SET ROLE behind a text that goes on after the end of a line", "perform e'a'\n'\\''; execute 'set local ro' || 'le {other}'; perform '''", **WITH_ROLES),
    planted("a function with set_config inside", "perform set_config('role', '{other}', true)", **WITH_ROLES),
    planted("a function with set_config in quotes", "perform \"set_config\"('role', '{other}', true)", **WITH_ROLES),
    planted("a function with set_config in unicode numbers", "perform U&\"set\\005fconfig\"('role', '{other}', true)", **WITH_ROLES),
    planted("a function with an update of pg_settings", "update pg_settings set setting = '{other}' where name = 'role'", **WITH_ROLES),
    planted("a function that works for another platform", "set local klods.platform = '2'", **WITH_ROLES),
    planted("a function that works for another platform by set_config", "perform set_config('klods.platform', '2', true)", **WITH_ROLES),
    planted("a function that works for another platform by a text put together", "execute 'set local klods.plat' || 'form = 2'", **WITH_ROLES),
    migration("a function with SET role on it", function("select ''", "sql", "set role = '{other}'"), "select shop_f()", **WITH_ROLES),
    migration("a function with SET klods.platform on it", function("select string_agg(name, ' ') from shop_items", "sql", "set klods.platform = '2'"), "select shop_f()", **WITH_ROLES),
    migration("a function with SET klods.platform on it, set later", function("select string_agg(name, ' ') from shop_items", "sql") + "; alter function shop_f() set klods.platform = '2'", "select shop_f()", **WITH_ROLES),
    migration("a function with SECURITY DEFINER", function("select password_hash from klods.user_account", "sql", "security definer"), "select shop_f()", not_stopped=on_prefix(NAMES_ONLY)),
    migration("a function in C", "create function shop_f(text, text, boolean) returns text language internal as 'set_config_by_name'", "select shop_f('role', '{other}', true)", **WITH_ROLES),
    migration("an aggregate that hides set_config", "create aggregate shop_agg(text, boolean) (sfunc = set_config, stype = text, initcond = 'role')", "select shop_agg('{other}', true)", *LOOT, **WITH_ROLES),
    migration("a view that hides set_config", "create view shop_v as select set_config('role', '{other}', true)", "select * from shop_v", *LOOT, **WITH_ROLES),
    migration("a view that hides set_config in unicode numbers", "create view shop_v as select U&\"set\\005fconfig\"('role', '{other}', true)", "select * from shop_v", *LOOT, **WITH_ROLES),
    migration("a view of pg_settings that can be updated", "create view shop_v as select * from pg_settings", "update shop_v set setting = '{other}' where name = 'role'", *LOOT, **WITH_ROLES),
    migration("a default that hides set_config", "create table shop_more(a text default U&\"set\\005fconfig\"('role', '{other}', true))", "insert into shop_more values (default)", *LOOT, **WITH_ROLES),
    lasting("a function that leaves a setting", "set default_transaction_read_only = on", only_with_roles=False, not_stopped=on_prefix(UNSEEN)),
    lasting("a function that leaves a setting by a text put together", "execute 'se' || 't default_transaction_read_only = on'"),
    lasting("a function that leaves a session lock", "perform pg_advisory_lock(1)"),
    lasting("a function that leaves a session lock by a text put together", "execute 'select pg_advis' || 'ory_lock(1)'"),
    lasting("a function that leaves a LISTEN", "listen klods"),
    lasting("a function that leaves a LISTEN by a text put together", "execute 'lis' || 'ten klods'"),
    lasting("a function that leaves a prepared statement", "prepare _pg3_9 as select 1"),
    lasting("a function that takes the prepared statements of others away", "deallocate all"),
    lasting("a function that makes a temporary table", "create temp table other_items(id int, name text)"),
    lasting("a function that notifies the host", "notify klods, 'x'"),
    lasting("a function that notifies the host with pg_notify", "perform pg_notify('klods', 'x')"),
    lasting("a function that makes a large object", "perform lo_create(0)"),
    lasting("a function that makes a large object in a read-only unit", "perform lo_create(0)", read_only=True),
    lasting("a function that switches writing on", "set local transaction_read_only = off; insert into shop_items(name) values ('x')", read_only=True),
)  # fmt: skip

GROUPS = {
    "What a migration builds": FENCE,
    "A migration that ends its transaction": TRANSACTION,
    "A migration that opens the rows of other platforms": TENANTS,
    "A migration that leaves its role": ESCAPES,
    "Functions and views that a migration plants": PLANTED,
}
