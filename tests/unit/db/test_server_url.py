"""DATABASE_URL as people write it."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from klods.db.server import open_server, read_url
from klods.errors import NoDatabase


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_spelling_of_the_scheme_means_the_same(scheme):
    read = conninfo_to_dict(read_url(f"{scheme}://ib:hemmelig@db.example:6432/hub?sslmode=require"))
    assert read == {
        "user": "ib", "password": "hemmelig", "host": "db.example", "port": "6432", "dbname": "hub",
        "sslmode": "require", "connect_timeout": "10",
    }  # fmt: skip


def test_a_conninfo_of_libpq_is_taken_as_well():
    assert conninfo_to_dict(read_url("host=/run/pg dbname=hub connect_timeout=3"))["connect_timeout"] == "3"


@pytest.mark.parametrize("url", ["mysql://ib:hemmelig@db/hub", "postgresql://ib:hemmelig@[::1/hub", "ib hemmelig"])
def test_an_address_that_cannot_be_read_is_refused_without_showing_its_password(url):
    with pytest.raises(NoDatabase) as caught:
        read_url(url)
    assert "hemmelig" not in str(caught.value)


def test_a_server_that_does_not_answer_is_said_to_be_out_of_reach(tmp_path):
    with pytest.raises(NoDatabase, match="No such file"), open_server(tmp_path, f"host={tmp_path} dbname=hub"):
        pass
    assert list(tmp_path.iterdir()) == []
