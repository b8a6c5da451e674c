"""The table, as the migrations made it."""

from klods import execute_insert, execute_query


def test_the_first_migration_fills_in_platform_and_times() -> None:
    item_id = execute_insert("INSERT INTO sample_table_items (name) VALUES (%s)", ("Bare",))
    row = execute_query("SELECT * FROM sample_table_items WHERE id = %s", (item_id,))[0]
    assert (row["platform_id"], row["notes"], row["archived_at"]) == (1, "", None)
    assert row["created_at"] == row["updated_at"]
