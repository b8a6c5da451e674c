import json

import pytest

from klods.cli.main import main


@pytest.fixture
def klods(host_database, tmp_path, monkeypatch, capsys):
    """Runs a command against a database of its own and gives the exit code and what it printed."""
    monkeypatch.setenv("DATABASE_URL", host_database)
    monkeypatch.setenv("KLODS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(line):
        code = main([*line.split(), "--json"])
        said = capsys.readouterr()
        return (code, json.loads(said.out)) if code == 0 else (code, json.loads(said.err)["error"])

    return run
