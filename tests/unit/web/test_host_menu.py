from pathlib import Path

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition
from klods.kernel.features import Features, OpenFeatures
from klods.kernel.i18n import Texts
from klods.kernel.menus import MenuChange, by_entry
from klods.kernel.subject import Subject
from klods.web.pages.menu import Link, Wording, groups, menu

ADMIN, VENDOR = FrontendType.ADMIN, FrontendType.VENDOR


def wording(code="scanner", texts=None, folder=Path("/nowhere"), locale="da", **fields):
    definition = ModuleDefinition(code=code, **{"name": code.title(), **fields})
    return Wording(Module(definition, Source(code, folder, f"klods.modules.{code}")), Texts(texts or {}), locale)


def links_of(wordings, kind, *changes):
    return tuple(entry.link for entry in menu(wordings, kind, by_entry(changes)))


def test_an_item_without_path_leads_to_the_pages_of_its_module():
    items = {ADMIN: [MenuItem("scan")], VENDOR: [MenuItem("scan")]}
    assert links_of([wording(menu_items=items)], ADMIN)[0].path == "/scanner"
    assert links_of([wording(menu_items=items)], VENDOR)[0].path == "/vendor/scanner"


def test_a_label_is_a_key_a_text_or_the_modules_name():
    texts = {"da": {"scans": "Skanninger", "menu.archive": "Arkiv"}}
    items = [MenuItem("a", label="scans"), MenuItem("b", label="Plain text"), MenuItem("archive"), MenuItem("c")]
    links = links_of([wording(texts=texts, menu_items={ADMIN: items})], ADMIN)
    assert {link.label for link in links} == {"Skanninger", "Plain text", "Arkiv", "Scanner"}


def test_items_stand_by_group_then_order_then_label():
    first = wording("b", menu_items={ADMIN: [MenuItem("late", "Late", order=200), MenuItem("early", "Early", order=1)]})
    second = wording("a", menu_items={ADMIN: [MenuItem("x", "Sold", group="Sales"), MenuItem("y", "Apple")]})
    assert [link.label for link in links_of([first, second], ADMIN)] == ["Early", "Apple", "Late", "Sold"]


def test_a_module_with_pages_and_no_items_gets_one(tmp_path):
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend" / "views.py").write_text("")
    assert links_of([wording(folder=tmp_path)], ADMIN) == (Link("Scanner", "/scanner"),)
    assert links_of([wording(folder=tmp_path)], VENDOR) == ()


def test_a_module_without_pages_has_no_place_in_the_menu():
    assert links_of([wording()], ADMIN) == ()


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


def test_an_entry_is_for_those_who_have_its_permission_and_its_feature():
    item = MenuItem("sales", "Sales", permission="shop.sell", feature="reports")
    [entry] = menu([wording(menu_items={ADMIN: [item]})], ADMIN)
    seller, clerk = Subject(1, "s", permissions=frozenset({"shop.*"})), Subject(2, "c")
    assert entry.is_for(seller, OpenFeatures())
    assert not entry.is_for(clerk, OpenFeatures())
    assert not entry.is_for(seller, OpenFeatures(Features(frozenset())))


def test_a_platform_shows_entries_as_it_likes():
    items = {
        ADMIN: [MenuItem("a", "Apples"), MenuItem("b", "Bread", group="Food", icon="egg"), MenuItem("c", "Cheese")]
    }
    changes = [
        MenuChange(ADMIN, "scanner", "a", hidden=True),
        MenuChange(ADMIN, "scanner", "b", label="Bakery", group="", order=1),
        MenuChange(VENDOR, "scanner", "c", hidden=True),
        MenuChange(ADMIN, "other", "c", hidden=True),
    ]
    links = links_of([wording(menu_items=items)], ADMIN, *changes)
    assert [(link.label, link.group, link.icon) for link in links] == [("Bakery", "", "egg"), ("Cheese", "", "box")]
