from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klods.errors import MigrationFailed
from klods.kernel.migrations import Chain, read_chain


@pytest.fixture
def chain(tmp_path: Path):
    def make(**files: str | bytes) -> Chain:
        return read_chain("shop", laid(tmp_path, {_name(key): text for key, text in files.items()}))

    return make


def _name(key: str) -> str:
    """``s001_init`` is 001_init.sql, ``d001_init`` its way back, and ``p…`` a file of versions/."""
    kind, rest = key[0], key[1:]
    return {"s": f"{rest}.sql", "d": f"{rest}.down.sql", "p": f"versions/{rest}.py"}[kind]


def laid(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def py(revision: str, parent: str | None, more: str = "") -> str:
    return f'"""A migration."""\nrevision = {revision!r}\ndown_revision = {parent!r}\n{more}'


def names(chain: Chain) -> list[str]:
    return [revision.revision for revision in chain]


def only(chain: Chain) -> str:
    (problem,) = chain.problems
    return f"{Path(problem.file).name}:{problem.line}: {problem.message}"


def test_a_module_without_migrations_has_an_empty_chain(chain):
    assert (names(chain()), len(chain().problems), chain().head) == ([], 0, None)


def test_sql_files_follow_each_other_by_number(chain):
    made = chain(s002_more="select 2", s001_init="select 1", d001_init="select 0")
    assert names(made) == ["shop_001", "shop_002"]
    assert [revision.parent for revision in made] == [None, "shop_001"]
    assert made.revisions[0].down_file is not None
    assert made.revisions[1].down_file is None
    assert not made.problems


def test_python_files_are_chained_by_what_they_say(chain):
    made = chain(pb_first=py("b", None), pa_second=py("a", "b"))
    assert names(made) == ["b", "a"]
    assert not made.problems


def test_both_kinds_share_one_line_in_any_order(chain):
    made = chain(s001_init="", pshop_002_more=py("shop_002", "shop_001"), s003_last="")
    assert names(made) == ["shop_001", "shop_002", "shop_003"]
    assert [revision.kind for revision in made] == ["sql", "py", "sql"]
    assert not made.problems


def test_a_hyphen_in_the_code_is_an_underscore_in_revisions(tmp_path):
    assert names(read_chain("dev-tools", laid(tmp_path, {"001_init.sql": ""}))) == ["dev_tools_001"]


def test_annotated_metadata_is_read_too(chain):
    made = chain(p001_x='revision: str = "x"\ndown_revision: str | None = None\ndepends_on = None\n')
    assert names(made) == ["x"]
    assert not made.problems


def test_python_is_never_run(chain, tmp_path):
    chain(p001_x=py("x", None, f"open({str(tmp_path / 'ran')!r}, 'w')"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"s001_init": "", "s003_late": ""}, "003_late.sql:1: number 002 is missing before 003_late.sql"),
        ({"s002_init": ""}, "002_init.sql:1: number 001 is missing before 002_init.sql"),
        ({"s001_a": "", "s001_b": ""}, "001_b.sql:1: number 001 is taken by 001_a.sql"),
        ({"sinit": ""}, "init.sql:1: the file has no number, so its turn is unknown"),
        ({"d001_init": ""}, "001_init.down.sql:1: there is no migration that this file could take back"),
        ({"s001_init": "", "d001_init": "", "d001_x": ""}, "001_x.down.sql:1: 001_init.down.sql takes the same one back"),
        ({"s001_init": b"select\n'\xe6'"}, "001_init.sql:2: the file is not UTF-8"),
        ({"s001_a": "-- klods:no-transactions\n"}, "001_a.sql:1: -- klods:no-transactions means nothing"),
        (
            {"s001_a": "select 1;\n\n-- klods:no-transaction\n"},
            "001_a.sql:3: -- klods:no-transaction must stand above the first statement",
        ),
        ({"p001_x": "x = 1\n"}, "001_x.py:1: the file does not say its revision as a text"),
        ({"p001_x": "x = 1\ny = = 2\n"}, "001_x.py:2: the file cannot be parsed: invalid syntax"),
        ({"p001_x": py("x", "gone")}, "001_x.py:3: x follows gone, which does not exist"),
        ({"pa": py("a", None), "pb": py("b", "a"), "pc": py("c", "a")}, "c.py:3: b and c both follow a, so there would be two heads"),
        ({"pa": py("a", None), "pb": py("b", None)}, "b.py:3: a and b both say they are the first, so there would be two heads"),
        ({"pa": py("a", "b"), "pb": py("b", "a")}, "a.py:3: these follow each other in a ring: a → b → a"),
        ({"pa": "revision = 'a'\ndown_revision = ('b', 'c')\n"}, "a.py:2: down_revision merges two lines"),
        ({"pa": "revision = 'a'\ndown_revision = other\n"}, "a.py:2: down_revision is not a text"),
        ({"pa": py("a", None, "depends_on = 'cms_001'\n")}, "a.py:4: depends_on is not followed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_line(chain, files, told):
    assert only(chain(**files)) == told


def test_a_sql_file_that_alembic_would_overlook_is_reported(tmp_path):
    made = read_chain("shop", laid(tmp_path, {"versions/001_init.sql": ""}))
    assert "would never run" in only(made)


def test_the_header_takes_a_file_out_of_the_transaction(chain):
    made = chain(s001_a="\n-- An index.\n-- klods:no-transaction\ncreate index concurrently …", s002_b="-- plain\n")
    assert [revision.transactional for revision in made] == [False, True]
    assert not made.problems


def test_line_ends_do_not_change_a_checksum(tmp_path):
    one = read_chain("shop", laid(tmp_path / "a", {"001_a.sql": "select 1;\nselect 2;\n"}))
    two = read_chain("shop", laid(tmp_path / "b", {"001_a.sql": "select 1;\r\nselect 2;\r\n"}))
    assert one.revisions[0].checksum == two.revisions[0].checksum


def test_after_gives_what_is_left_to_run(chain):
    made = chain(s001_a="", s002_b="", s003_c="")
    assert [revision.revision for revision in made.after("shop_001")] == ["shop_002", "shop_003"]
    assert made.after(None) == made.revisions
    assert made.after("shop_003") == ()


def test_a_database_ahead_of_the_files_is_an_error_not_nothing_to_do(chain):
    with pytest.raises(MigrationFailed, match="shop_009"):
        chain(s001_a="").after("shop_009")


def test_caches_and_hidden_files_are_no_migrations(tmp_path):
    folder = laid(tmp_path, {"001_a.sql": "", "versions/__init__.py": "", "versions/.x.py": "", "__init__.py": ""})
    assert not read_chain("shop", folder).problems


FILES = st.dictionaries(
    st.builds(lambda kind, number, name: kind.format(number, name),
              st.sampled_from(["{:03}_{}.sql", "{:03}_{}.down.sql", "versions/shop_{:03}_{}.py", "versions/{1}.py"]),
              st.integers(0, 5), st.sampled_from("ab")),
    st.one_of(
        st.text(max_size=30),
        st.builds(py, st.sampled_from("abc"), st.sampled_from([None, "a", "b", "shop_001"])),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_any_folder_gives_one_line_or_problems(files, tmp_path_factory):
    made = read_chain("shop", laid(tmp_path_factory.mktemp("chain"), files))
    assert [revision.parent for revision in made] == [None, *names(made)][: len(made)]
    upward = {name for name in files if not name.endswith(".down.sql")}
    assert len(made) == len(upward) or made.problems
