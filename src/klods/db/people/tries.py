"""Counted tries, so that guessing takes too long."""

from datetime import timedelta

from klods.db.rows import Rows


class Tries:
    """The store of counted tries."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def count(self, key: bytes, window: timedelta) -> tuple[int, float]:
        """Count one more try under the key; return how many there are and for how many seconds they count."""
        row = self._rows.one(_COUNT, {"key": key, "window": window})
        return (row["tries"], row["seconds"]) if row else (0, 0.0)

    def forget(self, key: bytes) -> None:
        """Start counting anew under the key, and sweep what counts no longer."""
        self._rows.run("delete from klods.sign_in_try where key = %s or since < now() - interval '1 day'", key)


_COUNT = """
    insert into klods.sign_in_try as row(key, tries) values (%(key)s, 1)
    on conflict (key) do update set
        tries = case when row.since < now() - %(window)s then 1 else row.tries + 1 end,
        since = case when row.since < now() - %(window)s then now() else row.since end
    returning tries, extract(epoch from since + %(window)s - now())::float as seconds"""
