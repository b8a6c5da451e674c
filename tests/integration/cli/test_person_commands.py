import json
import stat


def test_a_person_is_handed_out_and_erased_when_that_is_confirmed(klods, tmp_path):
    klods("login-link")  # makes the first administrator
    klods("user create karen --email Karen@example.com")
    assert klods("person export karen@example.com --output karen.json")[0] == 0
    file = tmp_path / "karen.json"
    assert json.loads(file.read_text())["sections"][0]["data"]["accounts"][0]["login"] == "karen"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert klods("person erase karen@example.com") == (3, "erasure_not_confirmed")
    assert klods("person erase karen") == (2, "invalid_person")
    done = klods("person erase KAREN@example.com --yes --platform default")[1]
    assert done["sections"][0]["changes"]["accounts"]["updated"] == 1
    assert "karen" not in {it["login"] for it in klods("user list")[1]}
    assert klods("person erase karen@example.com --yes")[1]["sections"][0]["changes"] == {}


def test_rules_are_applied_when_that_is_confirmed(klods):
    assert klods("retention list") == (0, [])
    assert klods("retention apply") == (3, "erasure_not_confirmed")
    assert klods("retention apply --yes") == (0, [])
