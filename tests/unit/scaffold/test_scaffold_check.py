import pytest

from klods.scaffold.check import compare


@pytest.fixture
def module(tmp_path):
    def make(*paths):
        for path in ("module.json", *paths):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        return [(finding.rule, finding.path, finding.warning) for finding in compare(tmp_path)]

    return make


def test_a_module_may_be_as_small_as_it_likes(module):
    assert module() == []


def test_own_code_and_deep_folders_are_nobodys_business(module):
    assert module("parser.py", "ocr/engine.py", "services/deep/er.py", "tests/test_x.py", "tests/data/x.csv") == []


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("backend/routes2.py", "backend"),
        ("frontend/x.py", "frontend"),
        ("locales/da.json", "locales"),
        ("routes/x.py", "routes"),
    ],
)
def test_a_folder_without_what_the_host_looks_for_is_reported(module, path, folder):
    assert ("missing-file", folder, True) in module(path)


@pytest.mark.parametrize(
    "path", ["router.py", "views.py", "001_init.sql", "page.html", "en.json", "sql/001_init.sql", "pages/index.html"]
)
def test_a_file_that_is_looked_for_elsewhere_is_an_error(module, path):
    assert module(path) == [("misplaced-file", path, False)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("defintion.py", "defintion.py"),
        ("template/x.py", "template"),
        ("migration/x.py", "migration"),
        ("data/x.csv", "data"),
    ],
)
def test_what_is_misspelled_or_unknown_is_a_warning(module, path, name):
    assert module(path) == [("unknown-file", name, True)]


def test_a_file_that_is_never_read_is_reported(module):
    assert ("unknown-file", "locales/da.yaml", True) in module("locales/en.json", "locales/da.yaml")


def test_what_tools_leave_behind_is_not_seen(module):
    assert (
        module("__pycache__/x.pyc", ".git/config", ".DS_Store", "backend/router.py", "backend/__pycache__/y.pyc") == []
    )


def test_a_hint_says_where_to_move_a_file(tmp_path):
    (tmp_path / "router.py").touch()
    assert [finding.hint for finding in compare(tmp_path)] == ["Move it to backend/router.py."]
