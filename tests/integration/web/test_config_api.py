"""The configuration of modules over HTTP: layers, faults by field, locking, secrets, history and the page."""

import logging
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient
from support.hub import PASSWORD, open_hub, paper_module

from klods.db.backup import back_up
from klods.db.programs import find_program
from klods.testing.postgres import copied

SECRET = "hunter2-hunter2"
DEFINITION = """
from pydantic import BaseModel, Field, SecretStr, field_validator

class Config(BaseModel):
    trial_days: int = Field(default=14, ge=0, le=365, description="How long a trial lasts")
    region: str = "dk"
    live: bool = False
    token: SecretStr | None = None

    @field_validator("token")
    @classmethod
    def known(cls, value):
        if value and value.get_secret_value().startswith("wrong"):
            raise ValueError(f"{value.get_secret_value()} is no token")
        return value

config_schema = Config
"""


def written(code, folder):
    (folder / code).mkdir()
    (folder / code / "definition.py").write_text(DEFINITION)
    return paper_module(code, folder, default_config={"trial_days": 30})


@pytest.fixture(scope="module")
def hub(postgres_server, host_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    plain = paper_module("plain", folder, default_config={"rows": 5, "tags": ["a"], "on": True})
    with (
        copied(postgres_server, host_template) as conninfo,
        open_hub(conninfo, [written("billing", folder), written("fixed_here", folder), plain]) as opened,
    ):
        opened.conninfo = conninfo
        opened.admin()
        yield opened


@pytest.fixture(scope="module")
def client(hub):
    token = hub.token(hub.people.accounts.find("admin"), "config")
    return TestClient(hub.app, headers={"authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def browser(hub):
    opened = TestClient(hub.app, headers={"sec-fetch-site": "same-origin", "accept": "text/html"})
    opened.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    return opened


def path(code):
    return f"/api/v1/modules/{code}/config"


def settings(answer):
    assert answer.status_code == 200, answer.text
    return {it["name"]: it for it in answer.json()["settings"]}


def shown(answer):
    return {name: (it["value"], it["source"]) for name, it in settings(answer).items()}


def test_a_value_of_the_platform_covers_the_default_until_it_is_unset(client):
    assert shown(client.get(path("plain")))["rows"] == (5, "default")
    assert shown(client.patch(path("plain"), json={"values": {"ROWS": "7"}}))["rows"] == (7, "platform")
    wrong = client.patch(path("plain"), json={"values": {"rows": "many", "tags": ["b"], "no": 1, "read_only": True}})
    assert set(wrong.json()["data"]["fields"]) == {"no", "read_only"}
    wrong = client.patch(path("plain"), json={"values": {"rows": "many", "tags": ["b"]}})
    assert (wrong.status_code, set(wrong.json()["data"]["fields"])) == (422, {"rows"})
    assert shown(client.get(path("plain")))["tags"] == (["a"], "default")
    assert shown(client.patch(path("plain"), json={"unset": ["rows"]}))["rows"] == (5, "default")


def test_what_cannot_be_stored_is_a_fault_of_its_field(client):
    for code, name, value in (("plain", "rows", [1]), ("billing", "region", "a\0b")):
        answer = client.patch(path(code), json={"values": {name: value}})
        assert (answer.status_code, set(answer.json()["data"]["fields"])) == (422, {name})


def test_the_schema_checks_the_whole_and_names_every_field(client):
    wrong = client.patch(path("billing"), json={"values": {"trial_days": 999, "live": "perhaps"}})
    assert wrong.status_code == 422
    assert set(wrong.json()["data"]["fields"]) == {"trial_days", "live"}
    right = client.patch(path("billing"), json={"values": {"trial_days": "20", "live": "yes"}, "why": "a test"})
    assert shown(right) == {
        "trial_days": (20, "platform"), "region": ("dk", "default"), "live": (True, "platform"), "token": ({"set": False}, "none"),
    }  # fmt: skip


def test_what_the_environment_says_is_shown_and_cannot_be_covered(client):
    found = shown(client.get(path("fixed_here")))
    assert found["region"] == ("dk", "environment")
    assert found["token"] == ({"set": True}, "environment")
    refused = client.patch(path("fixed_here"), json={"values": {"region": "se"}})
    assert refused.status_code == 422
    assert "MODULES__FIXED_HERE__REGION" in refused.json()["data"]["fields"]["region"]


def test_of_two_people_who_saw_the_same_version_the_second_is_told_so(client):
    seen = client.get(path("plain")).headers["etag"]

    def save(rows):
        return client.patch(path("plain"), json={"values": {"rows": rows}}, headers={"if-match": seen})

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(save, (11, 12)), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    stale = answers[1].json()
    assert (stale["error"], stale["data"]["version"]) == ("stale_config", int(answers[0].headers["etag"].strip('"')))
    assert client.patch(path("plain"), json={"values": {}}, headers={"if-match": "soon"}).status_code == 422


def test_replacing_unsets_what_is_not_named_and_keeps_a_secret_that_says_so(client):
    client.patch(path("billing"), json={"values": {"region": "se", "token": SECRET}})
    found = shown(client.put(path("billing"), json={"values": {"trial_days": 5, "token": {"set": True}}}))
    assert (found["region"], found["trial_days"]) == (("dk", "default"), (5, "platform"))
    assert found["token"] == ({"set": True}, "platform")


def test_an_undone_change_brings_back_the_secret_that_stood_before(client, hub):
    client.patch(path("billing"), json={"values": {"token": SECRET}})
    client.patch(path("billing"), json={"values": {"token": "another-one", "region": "no"}})
    newest = client.get(f"{path('billing')}/history").json()[0]
    assert newest["changes"][1] == {"name": "token", "secret": True, "was_set": True, "is_set": True}
    assert newest["actor"].startswith("admin")
    assert client.post(f"{path('billing')}/history/{newest['id']}/undo").status_code == 200
    stored = hub.services.configuration.rows.read("billing", 1)
    assert hub.services.configuration.cipher.open("billing/1/token", stored.secrets["token"]) == f'"{SECRET}"'
    again = client.post(f"{path('billing')}/history/{newest['id']}/undo")
    assert (again.status_code, again.json()["error"]) == (409, "changed_since")


def test_a_secret_stands_nowhere_in_the_clear(client, browser, hub, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    answers = [client.patch(path("billing"), json={"values": {"token": SECRET}}).text]
    refused = client.patch(path("billing"), json={"values": {"token": f"wrong {SECRET}"}})
    assert (refused.status_code, list(refused.json()["data"]["fields"])) == (422, ["token"])
    answers += [refused.text, client.get(path("billing")).text, client.get(f"{path('billing')}/history").text]
    answers += [client.get("/api/v1/log").text, browser.get("/admin/modules/billing/config").text]
    answers.append(browser.post("/admin/modules/billing/config", data={"token": f"wrong {SECRET}"}).text)
    back_up(hub.conninfo, tmp_path / "hub.backup")
    reading = [find_program("pg_restore", hub.conninfo), "--file=-", tmp_path / "hub.backup"]
    everything_kept = subprocess.run(reading, capture_output=True, check=True, text=True).stdout
    assert "billing" in everything_kept
    for place in (*answers, everything_kept, caplog.text):
        assert SECRET not in place


def test_a_secret_that_no_key_opens_is_named_and_can_be_entered_anew(client, hub):
    client.patch(path("billing"), json={"values": {"token": SECRET, "region": "dk"}})
    stored = hub.services.configuration.rows.read("billing", 1).secrets["token"]
    with hub.database.connection() as connection:
        connection.execute(
            "update klods.module_config set secrets = '{\"token\": \"gAAAAlost\"}' where module = 'billing'"
        )
    assert stored != "gAAAAlost"
    assert shown(client.get(path("billing")))["token"] == ({"set": True}, "platform")
    refused = client.patch(path("billing"), json={"values": {"region": "se"}})
    assert (refused.status_code, list(refused.json()["data"]["fields"])) == (422, ["token"])
    assert client.patch(path("billing"), json={"values": {"region": "se", "token": SECRET}}).status_code == 200


def test_the_page_has_a_field_for_every_setting_and_says_where_values_come_from(browser, client):
    client.put(path("fixed_here"), json={"values": {}})
    page = browser.get("/admin/modules/fixed_here/config")
    assert page.status_code == 200
    assert re.search(r'name="trial_days"[^>]* max="365"', page.text)
    assert re.search(r'name="region"[^>]* disabled', page.text)
    assert "MODULES__FIXED_HERE__REGION" in page.text
    version = re.search(r'name="version" value="(\d+)"', page.text)[1]
    wrong = browser.post("/admin/modules/fixed_here/config", data={"trial_days": "999", "version": version})
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text, 'value="999"' in wrong.text) == (422, True, True)
    saved = browser.post(
        "/admin/modules/fixed_here/config", data={"trial_days": "9", "live": "yes", "version": version}
    )
    assert saved.status_code == 200
    assert shown(client.get(path("fixed_here")))["live"] == (True, "platform")
    assert shown(client.get(path("fixed_here")))["region"] == ("dk", "environment")
    stale = browser.post("/admin/modules/fixed_here/config", data={"trial_days": "8", "version": version})
    assert (stale.status_code, "was changed by somebody else" in stale.text) == (409, True)
    assert "<span>a</span>" in browser.get("/admin/modules/plain/config").text
    # Sent once more as it stands there, it must not take back what the other one changed.
    assert ('value="9"' in stale.text, 'value="8"' in stale.text) == (True, False)
    assert browser.post("/admin/modules/fixed_here/config", data={"version": "9" * 5000}).status_code == 409
    browser.post("/admin/modules/fixed_here/config/unset", data={"name": "trial_days"})
    assert shown(client.get(path("fixed_here")))["trial_days"] == (30, "default")
