"""The items in the database: every SQL statement of the module stands here.

There is no commit: a request is one transaction, kept when the answer is a success and undone when it is not.
"""

from klods import execute_insert, execute_query, execute_update

from .schemas import Item, ItemIn, ItemPage

ALL = "SELECT id, name, notes, updated_at FROM sample_table_items"
"""What the table on the page chooses from."""


def find_items(search: str = "", page: int = 1, per_page: int = 25) -> ItemPage:
    """One page of the items whose name contains the search text, by name."""
    counted = execute_query(
        "SELECT count(*) AS total FROM sample_table_items WHERE strpos(lower(name), lower(%s)) > 0",
        (search,),
    )
    rows = execute_query(
        """
        SELECT id, name, notes, created_at, updated_at
          FROM sample_table_items
         WHERE strpos(lower(name), lower(%s)) > 0
         ORDER BY lower(name), id
         LIMIT %s OFFSET %s
        """,
        (search, per_page, (page - 1) * per_page),
    )
    total = counted[0]["total"]
    return ItemPage(items=[Item(**row) for row in rows], total=total, page=page, per_page=per_page)


def get_item(item_id: int) -> Item | None:
    """The item, or None when there is none with that id."""
    rows = execute_query(
        "SELECT id, name, notes, created_at, updated_at FROM sample_table_items WHERE id = %s",
        (item_id,),
    )
    return Item(**rows[0]) if rows else None


def add_item(values: ItemIn) -> int:
    """Store a new item and return its id."""
    item_id: int = execute_insert(
        "INSERT INTO sample_table_items (name, notes) VALUES (%s, %s)",
        (values.name, values.notes),
    )
    return item_id


def change_item(item_id: int, values: ItemIn) -> bool:
    """Replace what an item says; False when there is none with that id."""
    changed = execute_update(
        "UPDATE sample_table_items SET name = %s, notes = %s, updated_at = now() WHERE id = %s",
        (values.name, values.notes, item_id),
    )
    return changed > 0


def remove_item(item_id: int) -> bool:
    """Delete an item; False when there is none with that id."""
    return execute_update("DELETE FROM sample_table_items WHERE id = %s", (item_id,)) > 0
