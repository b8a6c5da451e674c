"""What module code tries at run time, through `execute_query`, the Session and a cursor of it."""

from support.attacks.model import TELL, Attack, Way, everywhere, on_prefix

LOOT = (
    "select password_hash from klods.user_account",
    "select name from other_items",
    "select name from shop_items",
    "insert into other_items values (66, 'left behind')",
    "update klods.generation set number = 66",
)
"""What somebody would do who has left the role."""


def code(name: str, sql: str, *then: str, **more) -> Attack:
    """A statement through `execute_query`."""
    return Attack(name, Way.CODE, sql, then, **more)


def escape(name: str, sql: str, way: Way = Way.CODE, **more) -> Attack:
    """A statement that would leave the role, and what could be had then."""
    return Attack(name, way, sql, LOOT, only_with_roles=True, **more)


def open_code(name: str, sql: str, *then: str, **more) -> Attack:
    """A statement that only roles stop."""
    return Attack(name, Way.CODE, sql, then, on_prefix(), **more)


OWN_TABLES = (
    open_code("alter an own table", "alter table shop_items add x int"),
    open_code("drop an own table", "drop table shop_items cascade"),
    open_code("truncate an own table", "truncate shop_items"),
    open_code("make a table", "create table shop_more(id int)"),
    open_code("make a table from a query", "create table shop_more as select * from shop_items"),
    open_code("make a table with SELECT INTO", "select * into shop_more from shop_items"),
    open_code("make an index on an own table", "create index shop_i on shop_items(name)"),
    open_code("make a view", "create view shop_all as select * from shop_items"),
    open_code("make a function", "create function shop_f() returns int language sql as 'select 1'"),
    open_code("replace an own function", "create or replace function shop_touch() returns trigger language plpgsql as 'begin return null; end'"),
    open_code("disable the triggers of an own table", "alter table shop_items disable trigger user"),
    open_code("drop an own trigger", "drop trigger shop_touched on shop_items"),
    open_code("switch row security off", "alter table shop_items disable row level security", "select name from shop_items"),
    code("drop the policy of platforms", "drop policy klods_platform on shop_items", only_with_roles=True),
    code("change the policy of platforms", "alter policy klods_platform on shop_items using (true)", only_with_roles=True),
    code("add a policy of one's own", "create policy shop_all on shop_items using (true)", not_stopped=on_prefix()),
    open_code("rename an own table", "alter table shop_items rename to shop_gone"),
    open_code("comment on an own table", "comment on table shop_items is 'x'"),
    code("label an own table for a security provider", "security label on table shop_items is 'x'"),
    open_code("move the numbers of an own table", f"select {TELL} from setval('shop_items_id_seq', 1000)"),
    open_code("make a rule on an own table", "create rule shop_r as on insert to shop_items do instead nothing"),
    code("grant an own table to everybody", "grant select on shop_items to public"),
    code("drop all rights of the own role", "drop owned by current_user cascade"),
)  # fmt: skip

PLATFORMS = (
    open_code("read the rows of another platform", "select name from shop_items"),
    open_code("read them through a view", "select name from shop_names"),
    open_code("write a row for another platform", "insert into shop_items(platform_id, name) values (2, 'forged')"),
    open_code("move a row to another platform", "update shop_items set platform_id = 2"),
    open_code("change the rows of another platform", "update shop_items set price = 0 where platform_id = 2"),
    open_code("delete the rows of another platform", "delete from shop_items where platform_id = 2"),
    open_code("read them with a function that raises what it sees", "select * from shop_items where shop_tell(name)"),
    code("work for another platform with SET", "set klods.platform = '2'", "select name from shop_items", only_with_roles=True),
    code("work for another platform with set_config", "select set_config('klods.platform', '2', true)", "select name from shop_items", only_with_roles=True),
    code("switch row security off for the session", "set row_security = off", "select name from shop_items", only_with_roles=True),
    open_code("write beside the policy with MERGE", "merge into shop_items i using (select 2 as p) s on i.platform_id = s.p when matched then update set price = 0 when not matched then insert (platform_id, name) values (2, 'forged')"),
    open_code("upsert over a row of another platform", "insert into shop_words(word) values ('guessed') on conflict (word) do update set platform_id = 1"),
    code(
        "guess a row of another platform with ON CONFLICT on a key that leaves the platform out",
        f"with tried as (insert into shop_words(word) values ('guessed') on conflict do nothing returning 1) select {TELL} where not exists (select from tried)",
        not_stopped=everywhere("a unique key answers for all rows; put platform_id into it"),
    ),
    code("read what statistics say about other platforms", "select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = 'shop_items'"),
)  # fmt: skip

CORE_TABLES = (
    open_code("read the accounts", "select * from klods.user_account"),
    open_code("read the sessions", "select user_agent from klods.user_session"),
    open_code("read core tables with TABLE", "table klods.user_account"),
    code("read core tables by the search path", "select * from user_account"),
    open_code("count the rows of a core table", f"select {TELL} from klods.api_token having count(*) = 0"),
    open_code("write a core table", "update klods.generation set number = 66"),
    open_code("delete from a core table", "delete from klods.user_session"),
    open_code("insert an account", "insert into klods.user_account(login) values ('intruder')"),
    open_code("write a core table in a CTE", "with w as (update klods.generation set number = 66 returning 1) select * from w"),
    open_code("write a core table under EXPLAIN ANALYZE", "explain analyze update klods.generation set number = 66"),
    open_code("alter a core table", "alter table klods.installation add x int"),
    open_code("drop a core table", "drop table klods.login_link"),
    open_code("truncate a core table", "truncate klods.user_session"),
    open_code("index a core table", "create index shop_i on klods.user_account(name)"),
    open_code("reference a core table", "create table shop_more(a bigint references klods.user_account)"),
    open_code("put a trigger on a core table", "create trigger shop_t before insert on klods.user_account for each row execute function shop_touch()"),
    open_code("drop a function of the core", "drop function klods.platform() cascade"),
    open_code("replace a function of the core", "create or replace function klods.platform() returns bigint language sql stable as 'select 2::bigint'"),
    open_code("make something in the schema of the core", "create table klods.shop_more(id int)"),
    open_code("drop the schema of the core", "drop schema klods cascade"),
    open_code("lock a core table", "lock table klods.installation", f"select {TELL} from pg_locks l where pid = pg_backend_pid() and mode = 'AccessExclusiveLock' and relation = to_regclass('klods.installation')"),
    code("copy a core table through XML", "select table_to_xml('klods.user_account', true, false, '')"),
)  # fmt: skip

OTHER_MODULES = (
    open_code("read a table of another module", "select * from other_items"),
    open_code("read a view of another module", "select * from other_view"),
    open_code("call a function of another module", "select other_secret()"),
    open_code("write a table of another module", "update other_items set name = 'x'"),
    open_code("insert into a table of another module", "insert into other_items values (66, 'x')"),
    open_code("delete from a table of another module", "delete from other_items"),
    open_code("merge into a table of another module", "merge into other_items o using (select 1 as id) s on o.id = s.id when matched then delete"),
    open_code("write a table of another module in a CTE", "with w as (delete from other_items returning name) select * from w"),
    open_code("alter a table of another module", "alter table other_items add x int"),
    open_code("drop a table of another module", "drop table other_items cascade"),
    open_code("truncate a table of another module", "truncate other_items"),
    open_code("index a table of another module", "create index shop_i on other_items(id)"),
    open_code("reference a table of another module", "create table shop_more(id int references other_items)"),
    open_code("inherit from a table of another module", "create table shop_more() inherits (other_items)"),
    open_code("copy the shape of a table with its rows", "create table shop_more as table other_items"),
    open_code("take numbers of another module", "select nextval('other_numbered_id_seq')"),
    open_code("read the numbers of another module", f"select {TELL} from other_numbered_id_seq"),
    open_code("lock a table of another module", "lock table other_items", f"select {TELL} from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock' and relation = to_regclass('other_items')"),
    open_code("lock rows of another module", "select name from other_items for update"),
    open_code("drop an index of another module", "drop index other_names"),
    open_code("own a table of another module", "alter table other_items owner to current_user", "alter table other_items add x int"),
    code("read what statistics say about another module", "select most_common_vals::text from pg_stats where tablename = 'other_items'"),
)  # fmt: skip

ROLES = (
    escape("SET ROLE to another module", "set role {other}"),
    escape("SET LOCAL ROLE", "set local role {other}"),
    escape("SET SESSION ROLE", "set session role {other}"),
    escape("SET ROLE NONE", "set role none"),
    escape("RESET ROLE", "reset role"),
    escape("RESET ALL", "reset all"),
    escape("SET ROLE to the own owner", "set role {owner}"),
    escape("SET ROLE to the host", "set role {host}"),
    escape("SET SESSION AUTHORIZATION", "set session authorization {host}"),
    escape("SET SESSION AUTHORIZATION DEFAULT", "set session authorization default"),
    escape("SET as an assignment", "set role = '{other}'"),
    escape("SET ROLE", "set role {other}", Way.SESSION),
    escape("RESET ROLE", "reset role", Way.SESSION),
    escape("RESET ROLE", "reset role", Way.STREAM),
    escape("SET ROLE to another module", "set role {other}", Way.STREAM),
    escape("set_config of the role", "select set_config('role', '{other}', true)", Way.STREAM),
    escape("SET ROLE to another module", "set role {other}", Way.COPY),
    escape("stacked statements", "select 1; set role {other}", Way.COPY),
    escape("COPY of a query that sets the role", "copy (select set_config('role', '{other}', true)) to stdout", Way.COPY),
    escape("set_config of the role", "select set_config('role', '{other}', true)"),
    escape("set_config of the role to none", "select set_config('role', 'none', false)"),
    escape("set_config", "select set_config('role', '{other}', true)", Way.SESSION),
    escape("set_config with its schema", "select pg_catalog.set_config('role', '{other}', true)"),
    escape("set_config in quotes", "select \"pg_catalog\" . \"set_config\" ('role', '{other}', true)"),
    escape("set_config behind comments", "select set_config/* a /* b */ c */ -- d\n ('role', '{other}', true)"),
    escape("set_config in a CTE", "with x as materialized (select set_config('role', '{other}', true)) select * from x"),
    escape("set_config in the condition of an update", "update shop_items set price = 2 where set_config('role', '{other}', true) is not null"),
    escape("set_config in RETURNING", "insert into shop_items(name) values ('x') returning set_config('role', '{other}', true)"),
    escape("set_config in FROM", "select * from set_config('role', '{other}', true)"),
    escape("set_config with LATERAL", "select * from shop_items, lateral set_config('role', '{other}', true)"),
    escape("set_config under EXPLAIN ANALYZE", "explain analyze select set_config('role', '{other}', true)"),
    escape("set_config spelled in unicode numbers", "select U&\"set\\005fconfig\"('role', '{other}', true)"),
    escape("set_config spelled in unicode numbers with another sign", "select U&\"set!005fconfig\" uescape '!' ('role', '{other}', true)"),
    escape("set_config with named arguments", "select set_config(is_local => true, setting_name => 'role', new_value => '{other}')"),
    escape("set_config hidden in a text that query_to_xml runs", "select query_to_xml('select set_config(''role'', ''{other}'', true)', true, true, '')"),
    escape("set_config hidden in a text that ts_stat runs", "select * from ts_stat('select set_config(''role'', ''{other}'', true)::tsvector')"),
    escape("set_config hidden in a text that ts_rewrite runs", "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, set_config(''role'', ''{other}'', true)::tsquery')"),
    escape("set_config as an aggregate, made on the spot", "create aggregate shop_agg(text, boolean) (sfunc = set_config, stype = text, initcond = 'role')"),
    escape("set_config as an operator, made on the spot", "create operator === (leftarg = text, function = set_config)"),
    escape("update pg_settings", "update pg_settings set setting = '{other}' where name = 'role'"),
    escape("update pg_settings with its schema and an alias", "update only \"pg_catalog\".\"pg_settings\" as s set setting = '{other}' where name = 'role'"),
    escape("update pg_settings in a CTE", "with w as (update pg_settings set setting = '{other}' where name = 'role' returning 1) select * from w"),
    escape("a DO block", "do $$ begin execute 'reset role'; end $$"),
    escape("a DO block of another language", "do language plpgsql 'begin set role {other}; end'"),
    escape("PREPARE and EXECUTE", "prepare p as select set_config('role', '{other}', true)"),
    escape("DECLARE a cursor", "declare c cursor with hold for select set_config('role', '{other}', true)"),
    escape("change what the own role starts with", "alter role current_user set role = '{other}'"),
    escape("change what the login starts with", "alter role {login} set role = '{other}'"),
    escape("change the password of the login", "alter role {login} password 'x'"),
    escape("join the role of another module", "grant {other} to current_user"),
    escape("make a role", "create role shop_role"),
    escape("make a function that runs as its owner", "create function shop_f() returns text security definer language sql as 'select name from other_items'"),
    escape("make a function with a role set on it", "create function shop_f() returns int set role = '{other}' language sql as 'select 1'"),
    escape("make a temporary function", "create function pg_temp.f() returns void language plpgsql as 'begin reset role; end'"),
)  # fmt: skip

SPELLINGS = (
    *(escape(f"RESET ROLE behind {what}", f"{before}reset role")
    for what, before in {
        "blanks and empty statements": " \t\r\n\f ; ; ",
        "a vertical tab": "\v",
        "a non-breaking space": "\u00a0",
        "a zero-width space": "\u200b",
        "a byte order mark": "\ufeff",
        "an ideographic space": "\u3000",
        "a line comment": "-- a note\n",
        "a line comment that ends with a carriage return": "-- a note\r",
        "nested comments": "/* a /* b */ */",
        "a comment that holds a quote": "/* ' */ -- '\n",
        "a statement": "select 1; ",
        "an EXPLAIN": "explain analyze ",
        "a parenthesis": "(",
    }.items()),
    escape("RESET ROLE in capitals", "RESET ROLE"),
    escape("RESET ROLE in full-width letters", "ｒｅｓｅｔ ｒｏｌｅ"),
    escape("RESET ROLE with a comment between", "reset/**/role"),
    escape("SET ROLE with the name in quotes", 'set role "{other}"'),
    escape('SET "role"', "set \"role\" to '{other}'"),
    escape("SET with the name in unicode numbers", "set U&\"r\\006fle\" to '{other}'"),
    escape("SET in unicode numbers", 'U&"se\\0074" role {other}'),
)  # fmt: skip

LEFT_BEHIND = (
    code("COMMIT", "commit", *LOOT[-2:], only_with_roles=True),
    code("ROLLBACK and go on without a transaction", "rollback", *LOOT, only_with_roles=True),
    code("COMMIT AND CHAIN", "commit and chain", *LOOT, only_with_roles=True),
    code("ABORT", "abort", *LOOT, only_with_roles=True),
    code("END", "end", *LOOT, only_with_roles=True),
    code("PREPARE TRANSACTION", "prepare transaction 'x'"),
    code("go back to before the role was set", "rollback to savepoint klods_1", *LOOT, only_with_roles=True),
    code("leave a setting on the connection", "set default_transaction_read_only = on"),
    code("leave a search path on the connection", "set search_path = pg_temp"),
    code("leave a setting with set_config", "select set_config('default_transaction_read_only', 'on', false)"),
    code("leave a session lock", "select pg_advisory_lock(1)"),
    code("leave a shared session lock", "select pg_try_advisory_lock_shared(1, 2)"),
    code("leave a session lock, spelled in unicode numbers", 'select U&"pg_advisory\\005flock"(1)'),
    code("leave a LISTEN", "listen klods"),
    code("leave a prepared statement in the way of others", "prepare _pg3_1 as select 1"),
    code("take the prepared statements of others away", "deallocate all"),
    code("DISCARD ALL", "discard all"),
    code("leave a cursor", "declare c cursor with hold for select 1"),
    code("shadow a table with a temporary one", "create temp table other_items(id int, name text)"),
    code("shadow a table in pg_temp", "create table pg_temp.other_items(id int, name text)"),
    code("shadow a table with SELECT INTO TEMP", "select 1 as id into temp other_items"),
    code("shadow a table with a temporary view", "create or replace local temporary view other_items as select 1 as id"),
    code("shadow a table with CREATE TEMP TABLE AS in an EXPLAIN", "explain analyze create temp table other_items as select 1 as id"),
    code("notify the processes of the host", "notify klods, 'x'"),
    code("notify with pg_notify", "select pg_notify('klods', 'x')"),
    code("end a connection of somebody else", f"select case when pg_terminate_backend(pid) then {TELL} end from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", not_stopped=on_prefix("modules share the login of the host")),
    code("cancel a statement of somebody else", f"select case when pg_cancel_backend(pid) then {TELL} end from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", not_stopped=on_prefix("modules share the login of the host")),
)  # fmt: skip

SERVER = (
    code("run a program with COPY", "copy shop_items to program 'cat > /tmp/klods-attack'"),
    code("write a file with COPY", "copy shop_items to '/tmp/klods-attack'"),
    code("read a file with COPY", "copy shop_items(name) from '/etc/passwd'"),
    code("stream a table out with COPY", "copy (select name from shop_items) to stdout"),
    code("import a file as a large object", "select lo_import('/etc/passwd')"),
    code("make a large object", "select lo_create(0)"),
    code("make a large object in a read-only unit", "select lo_from_bytea(0, 'x')", read_only=True),
    code("read a file", "select pg_read_file('/etc/passwd')"),
    code("list a folder", "select pg_ls_dir('/')"),
    code("read the verifiers of passwords", f"select {TELL} from pg_authid limit 1"),
    code("read pg_shadow", f"select {TELL} from pg_shadow limit 1"),
    code("read statistics past their view", f"select {TELL} from pg_statistic limit 1"),
    code("load a library", "load 'auto_explain'"),
    code("change a setting of the server", "alter system set work_mem = '1MB'"),
    code("change a setting of the database", "do $$ begin end $$"),
    code("make an extension", "create extension hstore", not_stopped=on_prefix("the login of the host owns the database")),
    code("make a language", "create language plperl"),
    code("make an event trigger", "create event trigger shop_e on ddl_command_start execute function shop_touch()"),
    code("make a publication", "create publication shop_p", not_stopped=on_prefix("the login of the host owns the database")),
    code("make a schema", "create schema shop", not_stopped=on_prefix("the login of the host owns the database")),
    code("make a database", "create database shop_d"),
    code("make a tablespace", "create tablespace shop_t location '/tmp'"),
    code("make a server for foreign tables", "create server shop_s foreign data wrapper postgres_fdw"),
    code("read the statements that others have prepared on the connection", "select statement from pg_prepared_statements"),
    code("read what others are doing", "select query from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || 'user_sess' || 'ion%'"),
)  # fmt: skip

READ_ONLY = tuple(
    code(f"{name} in a read-only unit", sql, *then, read_only=True, **more)
    for name, sql, then, more in (
        ("write a row", "insert into shop_items(name) values ('x')", (), {}),
        ("write a row in a CTE", "with w as (delete from shop_items returning 1) select * from w", (), {}),
        ("write under EXPLAIN ANALYZE", "explain analyze delete from shop_items", (), {}),
        ("switch writing on", "set transaction read write", ("delete from shop_items",), {}),
        ("switch writing on with set_config", "select set_config('transaction_read_only', 'off', true)", ("delete from shop_items",), {}),
        ("switch writing on for the session", "set default_transaction_read_only = off", ("delete from shop_items",), {}),
        ("switch writing on by pg_settings", "update pg_settings set setting = 'off' where name = 'transaction_read_only'", ("delete from shop_items",), {}),
        ("end the transaction and write", "commit", ("delete from shop_items",), {}),
        ("take a number", "select nextval('shop_items_id_seq')", (), {}),
        ("lock rows", "select * from shop_items for update", (), {}),
        ("notify the processes of the host", "notify klods", (), {}),
    )
)  # fmt: skip

GROUPS = {
    "Its own tables at run time": OWN_TABLES,
    "Rows of other platforms": PLATFORMS,
    "The host's own tables": CORE_TABLES,
    "Tables of other modules": OTHER_MODULES,
    "Leaving the role": ROLES,
    "Spellings that hide a command": SPELLINGS,
    "What would be left on the connection": LEFT_BEHIND,
    "The server and its files": SERVER,
    "Read-only units": READ_ONLY,
}
