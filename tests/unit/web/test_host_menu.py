from pathlib import Path

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition
from klods.kernel.i18n import Texts
from klods.web.pages.menu import Link, Wording, groups, menu

ADMIN, VENDOR = FrontendType.ADMIN, FrontendType.VENDOR


def wording(code="scanner", texts=None, folder=Path("/nowhere"), locale="da", **fields):
    definition = ModuleDefinition(code=code, **{"name": code.title(), **fields})
    return Wording(Module(definition, Source(code, folder, f"klods.modules.{code}")), Texts(texts or {}), locale)


def test_an_item_without_path_leads_to_the_pages_of_its_module():
    items = {ADMIN: [MenuItem("scan")], VENDOR: [MenuItem("scan")]}
    assert menu([wording(menu_items=items)], ADMIN)[0].path == "/scanner"
    assert menu([wording(menu_items=items)], VENDOR)[0].path == "/vendor/scanner"


def test_a_label_is_a_key_a_text_or_the_modules_name():
    texts = {"da": {"scans": "Skanninger", "menu.archive": "Arkiv"}}
    items = [MenuItem("a", label="scans"), MenuItem("b", label="Plain text"), MenuItem("archive"), MenuItem("c")]
    links = menu([wording(texts=texts, menu_items={ADMIN: items})], ADMIN)
    assert {link.label for link in links} == {"Skanninger", "Plain text", "Arkiv", "Scanner"}


def test_items_stand_by_group_then_order_then_label():
    first = wording("b", menu_items={ADMIN: [MenuItem("late", "Late", order=200), MenuItem("early", "Early", order=1)]})
    second = wording("a", menu_items={ADMIN: [MenuItem("x", "Sold", group="Sales"), MenuItem("y", "Apple")]})
    assert [link.label for link in menu([first, second], ADMIN)] == ["Early", "Apple", "Late", "Sold"]


def test_a_module_with_pages_and_no_items_gets_one(tmp_path):
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend" / "views.py").write_text("")
    assert menu([wording(folder=tmp_path)], ADMIN) == (Link("Scanner", "/scanner"),)
    assert menu([wording(folder=tmp_path)], VENDOR) == ()


def test_a_module_without_pages_has_no_place_in_the_menu():
    assert menu([wording()], ADMIN) == ()


def test_links_are_grouped_in_order_of_appearance():
    links = [Link("a", "/a"), Link("b", "/b", group="Sales"), Link("c", "/c")]
    assert {group: [link.label for link in found] for group, found in groups(links).items()} == {
        "": ["a", "c"],
        "Sales": ["b"],
    }


def test_a_link_leads_to_its_own_pages_and_not_to_namesakes():
    link = Link("Cards", "/cards")
    assert link.leads_to("/cards")
    assert link.leads_to("/cards/7")
    assert not link.leads_to("/cards-old")
