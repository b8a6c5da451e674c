"""What the history says beside the files."""

from pathlib import Path

from klods.db.migrating.ledger import Direction, Record, compare
from klods.kernel.migrations import Chain, Revision


def chain(*names: str) -> Chain:
    parents = [None, *names]
    revisions = [Revision(n, Path(f"{n}.sql"), "sql", n, p) for n, p in zip(names, parents, strict=False)]
    return Chain("shop", tuple(revisions))


def ran(*names: str, direction: Direction = Direction.UP) -> dict[str, Record]:
    return {name: Record("shop", name, direction, name, f"{name}.sql") for name in names}


def test_without_a_position_everything_is_pending():
    assert compare(chain("a", "b"), None, {}).pending == ("a", "b")


def test_what_comes_after_the_position_is_pending():
    status = compare(chain("a", "b", "c"), "b", ran("a", "b"))
    assert (status.pending, status.drift) == (("c",), ())


def test_what_was_taken_back_is_pending_and_no_drift_when_its_file_goes():
    assert compare(chain("a"), "a", ran("a") | ran("b", direction=Direction.DOWN)).drift == ()


def test_a_changed_a_lost_and_a_slipped_in_file_are_told_apart():
    lines = ran("a", "c", "d") | {"a": Record("shop", "a", Direction.UP, "other")}
    status = compare(chain("a", "b", "c"), "c", lines)
    assert {(drift.revision, drift.how) for drift in status.drift} == {
        ("a", "changed"),
        ("b", "skipped"),
        ("d", "vanished"),
    }


def test_a_position_without_file_and_history_is_drift():
    assert [drift.how for drift in compare(chain("a"), "gone", {}).drift] == ["vanished"]


def test_what_is_owed_comes_before_what_is_pending_and_may_change():
    lines = ran("a") | {"b": Record("shop", "b", Direction.OWED, "other", detail="why")}
    status = compare(chain("a", "b", "c"), "b", lines)
    assert (status.remaining, dict(status.owed), status.drift) == (("b", "c"), {"b": "why"}, ())
