import json
from pathlib import Path

import pytest
from starlette.requests import Request

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition
from klods.kernel.subject import Subject
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.pages import render
from klods.web.pages.error_page import error_page
from klods.web.pages.rendering import Pages
from klods.web.pages.sources import Shelf

ADA = Subject(1, "ada", "Ada Holm")


def module(folder: Path, code: str, page: str = "{{ t('title') }}", **texts) -> Module:
    home = folder / code
    (home / "templates").mkdir(parents=True)
    (home / "templates" / "index.html").write_text(page)
    (home / "locales").mkdir()
    (home / "locales" / "en.json").write_text(json.dumps({"title": code, **texts}))
    items = {FrontendType.ADMIN: [MenuItem(code, path=f"/{code}")]}
    return Module(ModuleDefinition(code=code, name=code, menu_items=items), Source(code, home, f"klods.modules.{code}"))


def pages_with(*modules: Module) -> Pages:
    entries = {one.code: Entry(one, "one") for one in modules}
    return Pages(Switchboard(Snapshot(1, entries, {1: frozenset(entries)})))


def asked(pages: Pages, code: str = "", path: str = "/", **more) -> Request:
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("hub.test", 80),
        "scheme": "http", "klods.pages": pages, "klods.subject": ADA, **more,
    }  # fmt: skip
    if code:
        scope["klods.entry"] = pages.switchboard.current.entries[code]
    return Request(scope)


def body(response) -> str:
    return response.body.decode()


def test_modules_with_templates_of_one_name_get_each_their_own(tmp_path):
    pages = pages_with(module(tmp_path, "a"), module(tmp_path, "b"))
    assert [body(render(asked(pages, code), "index.html")) for code in "ab"] == ["a", "b"]


def test_a_module_cannot_replace_a_template_of_the_host(tmp_path):
    one = module(tmp_path, "a", "{% extends 'klods/base.html' %}")
    (one.source.folder / "templates" / "klods").mkdir()
    (one.source.folder / "templates" / "klods" / "base.html").write_text("mine now")
    assert "mine now" not in body(render(asked(pages_with(one), "a"), "index.html"))


def test_a_module_cannot_reword_the_frame_of_the_host(tmp_path):
    one = module(tmp_path, "a", "{% extends 'klods/base.html' %}", **{"frame.sign_out": "Send money"})
    assert "Send money" not in body(render(asked(pages_with(one), "a"), "index.html"))


def test_names_that_a_module_gives_its_page_leave_the_frame_alone(tmp_path):
    one = module(tmp_path, "a", "{% extends 'klods/base.html' %}")
    answer = render(asked(pages_with(one), "a"), "index.html", menu="soup", path="/x", theme="<", toast="jam", key="k")
    assert "soup" not in body(answer)
    assert "jam" not in body(answer)


def test_what_a_person_wrote_is_escaped(tmp_path):
    one = module(tmp_path, "a", "{{ text }} {{ t('hello', name=text) }}", hello="Hi {name}")
    answer = body(render(asked(pages_with(one), "a"), "index.html", text="<script>"))
    assert answer == "&lt;script&gt; Hi &lt;script&gt;"


def test_a_text_may_have_a_placeholder_named_like_a_parameter(tmp_path):
    one = module(tmp_path, "a", "{{ t('said', key='K', locale='L', sources='S') }}", said="{key}{locale}{sources}")
    assert body(render(asked(pages_with(one), "a"), "index.html")) == "KLS"


def test_new_content_brings_new_templates_and_old_content_keeps_its_own(tmp_path):
    one = module(tmp_path, "a", "old")
    shelf = Shelf()
    old = shelf.of(one, "one")
    (one.source.folder / "templates" / "index.html").write_text("new")
    assert shelf.of(one, "one") is old
    assert shelf.of(one, "two").environment.get_template("index.html").render() == "new"


def test_nobody_keeps_a_copy_of_a_page(tmp_path):
    answer = render(asked(pages_with(module(tmp_path, "a")), "a"), "index.html")
    assert answer.headers["cache-control"] == "no-store"


def test_the_menu_follows_the_modules_that_are_enabled(tmp_path):
    one, two = module(tmp_path, "a"), module(tmp_path, "b")
    pages = pages_with(one, two)
    assert [link.path for link in pages.menu(ADA, "en")] == ["/a", "/b"]
    pages.switchboard.swap(Snapshot(2, pages.switchboard.current.entries, {1: frozenset("b")}))
    assert [link.path for link in pages.menu(ADA, "en")] == ["/b"]


def test_the_menu_shows_where_one_is(tmp_path):
    one = module(tmp_path, "a", "{% extends 'klods/base.html' %}")
    answer = body(render(asked(pages_with(one), "a", "/a/7"), "index.html"))
    assert 'href="/a" aria-current="page"' in answer


def test_a_stranger_sees_no_menu(tmp_path):
    one = module(tmp_path, "a", "{% extends 'klods/base.html' %}")
    answer = body(render(asked(pages_with(one), "a", **{"klods.subject": None}), "index.html"))
    assert 'href="/a"' not in answer
    assert "/admin/modules" not in answer


def test_a_message_is_shown_once_and_only_if_it_is_meant_as_one():
    pages = pages_with()
    for cookie, shown in [("key=toast.enable&module=a%3Cb", True), ("key=login.title", False), ("%%&&==", False)]:
        request = asked(pages, headers=[(b"cookie", f"klods_toast={cookie}".encode())])
        answer = render(request, "klods/link.html", link="x")
        assert ("a&lt;b is enabled." in body(answer)) is shown
        assert ("klods_toast" in answer.headers.get("set-cookie", "")) is shown


@pytest.mark.parametrize("status", [400, 403, 404, 418, 500, 503])
def test_every_error_has_a_page(status):
    pages = pages_with()
    said = {"error": "odd", "message": "It is <odd>.", "hint": "Do less.", "request_id": "r-1", "data": {"key": "v"}}
    answer = error_page(pages, asked(pages).scope, status, said)
    assert answer.status_code == status
    assert all(words in body(answer) for words in ("It is &lt;odd&gt;.", "Do less.", "r-1"))


def test_an_error_of_a_module_is_told_in_the_words_of_the_host(tmp_path):
    one = module(tmp_path, "a", **{"error.404_title": "Buy our product"})
    pages = pages_with(one)
    said = {"error": "not_found", "message": "Not Found", "hint": "", "request_id": "", "data": {}}
    assert "Buy our product" not in body(error_page(pages, asked(pages, "a").scope, 404, said))
