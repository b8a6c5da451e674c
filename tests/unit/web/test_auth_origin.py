import pytest
from hypothesis import given
from hypothesis import strategies as some

from klods.web.auth.origin import is_cross_site, local_path


def asked(method="POST", path="/admin/modules", kind="http", **headers):
    named = {name.replace("_", "-").encode(): value.encode() for name, value in {"host": "hub.test", **headers}.items()}
    return {"type": kind, "method": method, "path": path, "headers": list(named.items())}


SESSION = {"cookie": "theme=dark; klods_session=abc"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_methods_may_come_from_anywhere(method):
    assert not is_cross_site(asked(method, origin="https://evil.test", **SESSION))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://hub.test"},
        {"origin": "http://HUB.test", "sec_fetch_site": "same-site"},
    ],
)
def test_our_own_pages_may_do_things(headers):
    assert not is_cross_site(asked(**headers, **SESSION))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "https://hub.test.evil.test"},
        {"origin": "https://hub.test:8443"},
        {"origin": "http://[broken"},
        {"sec_fetch_site": "cross-site", "origin": "https://evil.test"},
    ],
)
def test_a_session_works_for_our_own_pages_only(headers):
    assert is_cross_site(asked(**headers, **SESSION))


def test_a_token_passes_because_no_browser_sends_one_by_itself():
    assert not is_cross_site(asked(authorization="Bearer klods_x", origin="https://evil.test", **SESSION))


def test_another_kind_of_authorization_does_not_pass():
    assert is_cross_site(asked(authorization="Basic eDp5", **SESSION))


def test_a_program_without_session_may_post():
    assert not is_cross_site(asked(path="/hooks/payment"))


def test_nobody_is_signed_in_by_another_site():
    assert is_cross_site(asked(path="/auth/login", origin="https://evil.test"))
    assert not is_cross_site(asked(path="/auth/login"))


def test_a_socket_with_a_session_must_come_from_our_own_pages():
    assert is_cross_site(asked(kind="websocket", origin="https://evil.test", **SESSION))
    assert not is_cross_site(asked(kind="websocket", origin="https://hub.test", **SESSION))


def test_without_a_host_no_origin_matches():
    scope = asked(origin="null", **SESSION)
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"host"]
    assert is_cross_site(scope)


@pytest.mark.parametrize("path", ["/", "/admin/modules", "/a?b=c&d=//e", "/a/b#c"])
def test_paths_of_this_hub_are_followed(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "evil",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "/a\r\nSet-Cookie: x",
        "javascript:x",
        "/\t/evil.test",
        "/ø",
    ],
)
def test_other_addresses_lead_to_the_first_page(path):
    assert local_path(path) == "/"


@given(some.text())
def test_no_path_that_is_followed_leaves_the_hub(path):
    followed = local_path(path)
    assert followed[0] == "/"
    assert not followed.startswith(("//", "/\\"))
