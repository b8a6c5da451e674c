import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klods.cli.main import main
from klods.scaffold.structure import read_structure

ROOT = Path(__file__).parents[2]
HARD = "Æble \"å\" \\ \\n {x} {{ y }} <b>&amp; '№ 1' `code` # 1. - |é|\nand a line"

PLAIN_STYLE = """
from klods import execute_insert, execute_query, unit


def test_a_plain_function_may_ask_the_database():
    assert execute_query("SELECT 1 as test")[0]["test"] == 1


def test_nothing_that_a_test_wrote_is_left_for_the_next():
    execute_insert("INSERT INTO {prefix}items (name) VALUES (%s)", ("left",))


def test_a_database_is_fresh():
    assert execute_query("SELECT count(*) AS rows FROM {prefix}items")[0]["rows"] == 0


def test_requests_see_what_a_unit_has_kept(client):
    with unit():
        execute_insert("INSERT INTO {prefix}items (name) VALUES (%s)", ("kept",))
    assert client.get("/api/v1/{code}/items").json()["total"] == 1


def test_a_test_sees_what_requests_have_stored(client, unit, module_code):
    client.post("/api/v1/{code}/items", json={{"name": "stored"}})
    assert execute_query("SELECT name FROM {prefix}items") == [{{"name": "stored"}}]
    assert unit.module == module_code == "{code}"


def test_a_dry_client_keeps_nothing(client, dry_client):
    answer = dry_client.post("/api/v1/{code}/items", json={{"name": "tried"}})
    assert (answer.status_code, answer.headers["x-klods-dry-run"]) == (201, "true")
    assert client.get("/api/v1/{code}/items").json()["total"] == 0


def test_other_people_come_in_as_their_kind_may(sign_in):
    assert sign_in("klods.log.read").get("/api/v1/{code}/items").status_code == 200
    assert sign_in().get("/api/v1/log").status_code == 403
    assert sign_in(kind="vendor").get("/api/v1/{code}/items").status_code == 403


def test_the_description_is_text_on_the_page(client):
    assert "&lt;b&gt;" in client.get("/{code}").text
"""


def run(*command, cwd, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return subprocess.run(
        command, cwd=cwd, env=kept | environment, capture_output=True, text=True, timeout=300, check=False
    )


def klods(*arguments):
    return main(["module", *map(str, arguments)])


def test_new_modules_pass_their_own_tests_and_keep_types_and_style(tmp_path):
    """The larger template in every run, both in a long one: together they pay once for the types, the style and the server."""
    made = {"dev-tools": "full"} | ({"invoice_scanner": "basic"} if os.environ.get("KLODS_LONG") else {})
    folders = {code: Path("modules", code.replace("-", "_")) for code in made}
    for code, template in made.items():
        assert klods("create", code, HARD, "--template", template, "--modules-dir", tmp_path / "modules") == 0
    types = run(sys.executable, "-m", "mypy", "--strict", *folders.values(), cwd=tmp_path)
    assert types.stdout.startswith("Success"), types.stdout
    style = run("ruff", "check", *folders.values(), cwd=tmp_path, PATH=str(Path(sys.executable).parent))
    assert style.returncode == 0, style.stdout
    for code, folder in folders.items():
        plain = PLAIN_STYLE.format(code=code, prefix=f"{folder.name}_")
        (tmp_path / folder / "tests" / f"test_{folder.name}_plain.py").write_text(plain, "utf-8")
    tests = run(sys.executable, "-m", "pytest", "-q", "-W", "error", *folders.values(), cwd=tmp_path)
    assert tests.returncode == 0, tests.stdout[-3000:]


def test_create_says_what_to_do_next_in_words_and_as_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLODS_MODULES_DIR", "parts")
    assert klods("create", "invoice_scanner", "Scan og parse fakturaer") == 0
    words = capsys.readouterr().out
    assert klods("create", "other", "Ø", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert {"klods module enable invoice_scanner", "pytest parts/invoice_scanner"} <= {
        line.strip().split("  ")[0] for line in words.splitlines()
    }
    assert made["next"][0]["step"] == "klods module enable other"
    assert (made["folder"], made["description"]) == (str(tmp_path / "parts/other"), "Ø")
    assert sorted(made["files"]) == sorted(
        str(path.relative_to(made["folder"])) for path in Path(made["folder"]).rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("code", "exit_code", "reason"),
    [
        ("", 2, "empty"),
        ("Invoice", 2, "lower-case"),
        ("../up", 2, "lower-case"),
        ("a" * 41, 2, "longer"),
        ("admin", 2, "addresses"),
        ("modules", 2, "addresses"),
        ("dry_runs", 2, "addresses"),
        ("class", 2, "Python"),
        ("match", 2, "Python"),
        ("taken", 3, "taken exists"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(tmp_path, capsys, code, exit_code, reason):
    (tmp_path / "taken").mkdir()
    assert klods("create", code, "x", "--modules-dir", tmp_path) == exit_code
    assert reason in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.fixture
def clone(tmp_path):
    for part in ("src", "scripts"):
        shutil.copytree(ROOT / part, tmp_path / "clone" / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "clone"


def test_the_script_works_in_a_fresh_clone_without_any_package(clone):
    script = [sys.executable, "-I", "-S", "scripts/create_module.py"]
    made = run(*script, "invoice_scanner", "Scan", "--template", "full", "--json", cwd=clone)
    assert made.returncode == 0, made.stderr
    assert (clone / "modules/invoice_scanner/module.json").is_file()
    assert json.loads(made.stdout)["code"] == "invoice_scanner"
    again = run(*script, "invoice_scanner", "Scan", cwd=clone)
    wrong = run(*script, "Wrong", "x", cwd=clone)
    assert (again.returncode, wrong.returncode) == (3, 2)
    assert "exists" in again.stderr


def test_the_script_uses_the_environment_beside_it_whatever_python_started_it(clone):
    (clone / ".venv").symlink_to(Path(sys.prefix))
    made = run(sys.executable, "-I", "-S", "scripts/create_module.py", "x", "X", "--modules-dir", "here", cwd=clone)
    assert made.returncode == 0, made.stderr
    assert (clone / "here/x/module.json").is_file()


def test_a_create_that_is_killed_leaves_the_whole_module_or_none(tmp_path):
    seed = random.randrange(10**6)
    print("seed", seed)
    times = random.Random(seed)
    program = (
        "from klods.scaffold.create import create_module, Words; from pathlib import Path; import sys;"
        "print('ready', flush=True); create_module(Words('x'), Path(sys.argv[1]), 'full')"
    )
    whole = len(read_structure().templates["full"].files())
    for _ in range(25):
        child = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(times.uniform(0, 0.05))
        child.kill()
        child.communicate()
        visible = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
        assert visible in ([], [tmp_path / "x"])
        if visible:
            assert len([path for path in visible[0].rglob("*") if path.is_file()]) == whole
            shutil.rmtree(visible[0])
    assert klods("create", "x", "X", "--modules-dir", tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_plugin_costs_projects_that_have_no_modules_nothing(tmp_path):
    (tmp_path / "test_elsewhere.py").write_text(
        "import sys\n"
        "def test_nothing_was_imported():\n"
        "    heavy = {'klods.testing.fixtures', 'klods.db', 'psycopg', 'fastapi', 'pydantic', 'sqlalchemy'}\n"
        "    assert 'klods.testing.plugin' in sys.modules\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    alone = run(sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:schemathesis", cwd=tmp_path)
    assert alone.returncode == 0, alone.stdout


def test_a_module_that_cannot_be_enabled_says_why_in_one_line(tmp_path):
    klods("create", "x", "X", "--modules-dir", tmp_path / "modules")
    (tmp_path / "modules/x/backend/router.py").write_text("import nowhere\n")
    tests = run(sys.executable, "-m", "pytest", "-q", "modules/x", "-k", "healthy", cwd=tmp_path)
    assert tests.returncode == 1
    assert "x cannot be enabled" in tests.stdout
    assert "nowhere" in tests.stdout
    assert "Traceback" not in tests.stdout
