"""What is found in SQL that a module brings along, and what is left in peace."""

import pytest

from klods.db.roles.escapes import body_escapes, escapes


@pytest.mark.parametrize(
    "body",
    [
        "begin raise notice 'Set the price, then reset the counter'; end",
        "begin update shop_items set role = 'a' where set = 1; return new; end",
        "begin execute 'select name from shop_items where id = $1' into x using y; end",
        "begin execute format('select * from %I where name = %L', t, n) into x; end",
        "begin execute format($q$select 100 %% 3 from %1$I$q$, lower(t)); end",
        "begin for r in execute 'select 1' loop perform 1; end loop; end",
        "begin return query execute 'select name from shop_items'; end",
        "begin insert into shop_items(name) values ('a') on conflict do nothing; end",
        "select name from shop_items where executed and notified",
    ],
)
def test_an_ordinary_body_is_left_in_peace(body):
    assert list(body_escapes(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        "begin execute 'set role x'; end",
        "begin execute t; end",
        "begin execute 'select 1;' || t; end",
        "begin execute 'se'\n't role x'; end",
        "begin execute e'\\x73et role x'; end",
        "begin execute U&'\\0073et role x'; end",
        "begin execute format('%s', t); end",
        "begin execute format(t, 'a'); end",
        "begin execute format('select %I', t) || u; end",
        "begin execute format('select ' || t); end",
        "begin execute concat('a', 'b'); end",
        "begin execute (select t from shop_items); end",
        "begin execute",
        "begin set local klods.platform = 2; end",
        "begin if a then reset all; end if; end",
        "begin perform pg_advisory_lock(1); end",
        "begin update pg_settings set setting = 'x'; end",
        "begin drop owned by current_user; end",
        "begin perform e'a'\n'\\''; execute t; perform ''; end",
        "declare \U0001f600$q$ int; begin execute t; perform 1 as \U0001f600$q$; end",
        "begin perform 5 %(length('a)s')); execute t; perform ''; end",
        "declare \u00a0$q$ int; begin execute t; perform 1 as \u00a0$q$; end",
    ],
)
def test_a_body_that_reaches_beyond_its_unit_is_found(body):
    assert list(body_escapes(body))


@pytest.mark.parametrize(
    "sql",
    [
        "create aggregate shop_a(text, boolean) (sfunc = set_config, stype = text)",
        "create aggregate shop_a(text, boolean) (sfunc = pg_catalog.set_config, stype = text)",
        "create view shop_v as select U&\"set\\005fconfig\"('role', 'x', true)",
        "create view shop_v as select * from pg_settings",
    ],
)
def test_a_call_that_a_migration_hides_is_found(sql):
    assert list(escapes(sql))
