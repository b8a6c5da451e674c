"""Whether the module can do its work."""

from klods import execute_query


def check() -> dict[str, object]:
    """Healthy when the table answers; what is raised here counts as unhealthy."""
    rows = execute_query("SELECT count(*) AS items FROM sample_table_items")
    return {"status": "healthy", "details": {"items": rows[0]["items"]}}
