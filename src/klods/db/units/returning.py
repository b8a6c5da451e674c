"""Makes an INSERT answer with the row it made."""

from functools import lru_cache

from klods.db.units.lexing import tokens


@lru_cache(maxsize=1024)
def with_returning(sql: str) -> str:
    """The statement with ``RETURNING *`` behind its last word, or as it is when it has a RETURNING of its own."""
    depth = end = 0
    for token in tokens(sql):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text.lower() == "returning":
            return sql
        if token.text != ";":
            end = token.end
    return f"{sql[:end]} RETURNING *{sql[end:]}"
