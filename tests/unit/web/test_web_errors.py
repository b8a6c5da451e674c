"""One table from situations to statuses, one shape of answers."""

import json
import math

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from klods import errors
from klods.web.errors import STATUS, Errors, body_of, report, status_of


def scope(path="/crm", accept="text/html", method="GET", query=b""):
    headers = [(b"accept", accept.encode())]
    return {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}


def every_situation(kind=errors.KlodsError):
    for sub in kind.__subclasses__():
        yield sub
        yield from every_situation(sub)


def test_every_situation_has_a_status_through_its_family():
    families = set(errors.KlodsError.__subclasses__())
    assert families <= set(STATUS)
    assert all(400 <= status_of(kind()) < 600 for kind in every_situation())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NoSuchModule(), 404), (errors.InvalidName(name="x"), 422), (errors.StalePlan(), 409),
        (errors.NotSignedIn(), 401), (errors.NotAllowed(), 403), (errors.TooManyTries(), 429), (errors.NoScope(), 500),
        (errors.CommitFailed(), 500), (errors.NoDatabase(), 503), (errors.LinkSpent(), 410),
        (HTTPException(418), 418), (RequestValidationError([]), 422), (LookupError(), 500),
    ],
)  # fmt: skip
def test_statuses_are_those_of_the_table(error, status):
    assert status_of(error) == status


def test_a_body_says_what_it_is_what_to_do_and_the_plain_facts_only():
    body = body_of(errors.ModuleNotEnabled(module="crm", secret=object()), "req-1")
    assert body == {
        "error": "module_not_enabled",
        "message": "The module crm is not enabled.",
        "hint": "Enable it with `klods module enable crm`.",
        "request_id": "req-1",
        "data": {"module": "crm"},
    }


def test_a_program_without_a_token_is_told_how_to_get_and_send_one():
    hint = body_of(errors.NotSignedIn())["hint"]
    assert "Authorization: Bearer" in hint
    assert "klods token create" in hint


def test_a_body_that_is_no_json_for_lack_of_a_header_says_which_header():
    one = {"loc": ("body",), "type": "model_attributes_type", "msg": "Input should be a valid dictionary"}
    assert "Content-Type: application/json" in body_of(RequestValidationError([one]))["hint"]
    one = {"loc": ("body", "name"), "type": "missing", "msg": "Field required"}
    assert body_of(RequestValidationError([one]))["hint"] == ""


def test_what_was_wrong_with_a_request_is_said_without_repeating_it():
    wrong = [
        {"loc": ("body", "n"), "type": "float", "msg": "must be finite", "input": math.nan, "ctx": {"e": object()}}
    ]
    body = body_of(RequestValidationError(wrong))
    assert body["data"]["errors"] == [{"where": ["body", "n"], "type": "float", "message": "must be finite"}]
    assert "NaN" not in json.dumps(body)


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (418, "im_a_teapot"), (499, "status_499")])
def test_an_http_exception_passes_with_its_status_and_a_name(status, code):
    body = body_of(HTTPException(status, {"a": 1}))
    assert (body["error"], body["data"]) == (code, {"detail": {"a": 1}})


def test_an_unexpected_error_tells_the_client_nothing_but_the_incident():
    error = LookupError("password=hunter2")
    incident = report(error, scope())
    assert report(error, scope()) == incident
    assert "hunter2" not in json.dumps(body_of(error))
    assert body_of(error)["data"] == {"incident": incident}


def test_people_get_a_page_and_programs_get_json():
    answers = Errors(lambda scope, status, body: HTMLResponse(f"<h1>{body['error']}</h1>", status))
    assert answers.response(scope(), errors.NotAllowed()).body == b"<h1>not_allowed</h1>"
    assert answers.response(scope("/api/v1/crm"), errors.NotAllowed()).media_type == "application/json"
    assert answers.response(scope(accept="*/*"), errors.NotAllowed()).media_type == "application/json"


def test_an_error_page_that_fails_becomes_json():
    def fail(scope, status, body):
        raise LookupError("no template")

    answer = Errors(fail).response(scope(), errors.NotAllowed())
    assert (answer.status_code, answer.media_type) == (403, "application/json")


def test_only_a_page_that_can_be_asked_for_again_leads_to_the_sign_in():
    answers = Errors()
    location = answers.response(scope(query=b"a=1&b=//x"), errors.NotSignedIn()).headers["location"]
    assert location == "/auth/login?next=/crm%3Fa%3D1%26b%3D//x"
    assert answers.response(scope(method="POST"), errors.NotSignedIn()).status_code == 401
    assert answers.response(scope("/api/v1/crm"), errors.NotSignedIn()).headers["www-authenticate"] == "Bearer"


def test_what_comes_back_later_says_when():
    assert Errors().response(scope("/api/x"), errors.ModuleLoading(module="crm")).headers["retry-after"] == "2"
    assert Errors().response(scope("/api/x"), errors.TooManyTries(seconds=30)).headers["retry-after"] == "30"


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_status_that_allows_no_body_gets_none(accept):
    not_modified = HTTPException(304, headers={"etag": '"one"'})
    response = Errors(lambda *_: HTMLResponse("page", 304)).response(scope(accept=accept), not_modified)
    assert (response.status_code, response.body, response.headers["etag"]) == (304, b"", '"one"')
    assert "content-length" not in response.headers


def test_a_path_cannot_write_lines_of_its_own_into_the_log(caplog):
    report(LookupError(), scope(path="/crm\nCRITICAL forged"))
    assert "at GET /crm%0ACRITICAL%20forged" in caplog.text
