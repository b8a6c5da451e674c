import json

import pytest

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition
from klods.kernel.i18n import Texts
from klods.kernel.texts_used import text_problems

HOST = Texts({"en": {"kit.save": "Save"}})


@pytest.fixture
def check(tmp_path):
    def found(template="", python="", en=None, da=None, **fields):
        files = {"templates/page.html": template, "frontend/views.py": python}
        files |= {
            f"locales/{name}.json": json.dumps(tree) for name, tree in (("en", en), ("da", da)) if tree is not None
        }
        for name, text in files.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        module = Module(ModuleDefinition(code="shop", name="Shop", **fields), Source("shop", tmp_path / "shop", "x"))
        problems = text_problems(module, HOST)
        return [(it.message.split("'")[1], it.file.rpartition("/")[2], it.line, it.warning) for it in problems]

    return found


def test_texts_that_are_there_are_no_problem(check):
    template = '{{ t("list.title") }}\n{{ t("rows", count=3) }} {{ t("kit.save") }} {{ t("state." ~ row.state) }}'
    en = {
        "module": {"name": "Shop"},
        "list": {"title": "List"},
        "rows": {"one": "1", "other": "{count}"},
        "state": {"new": "New"},
    }
    assert check(template, en=en) == []


def test_a_text_that_is_asked_for_and_missing_is_named_with_its_line(check):
    python = 'from klods import redirect\n\n\ndef save():\n    return redirect("/shop", toast="toast.saved")\n'
    assert check('<p>\n{{ t("list.title") }}{{ t("list.title") }}', python, en={}) == [
        ("list.title", "page.html", 2, False),
        ("toast.saved", "views.py", 5, False),
    ]


def test_headings_choices_and_messages_of_the_page_kit_are_asked_for(check):
    python = """from klods import Column, Table

STAGES = {"new": "order.stage_new"}
ORDERS = Table(
    Column("customer", "order.customer"),
    Column("stage", label="order.stage", choices=STAGES),
    Column("paid", "order.paid", choices={"yes": "order.paid_yes"}),
)


def place(form):
    return form.wrong("customer", "order.waiting")
"""
    assert check(python=python, en={"order": {"customer": "Customer"}}) == [
        ("order.paid", "views.py", 7, False),
        ("order.paid_yes", "views.py", 7, False),
        ("order.stage", "views.py", 6, False),
        ("order.stage_new", "views.py", 3, False),
        ("order.waiting", "views.py", 12, False),
    ]


def test_a_heading_that_is_written_out_is_no_key(check):
    assert check(python='from klods import Column\n\nNAME = Column("name", "Name of the customer")\n', en={}) == []


def test_a_text_that_nobody_asks_for_is_warned_of(check):
    python = 'from klods import Column\n\nNAME = Column("name", "list.name")\n'
    en = {"list": {"name": "Name", "old": "Old"}, "menu": {"sales": "Sales"}}
    items = {FrontendType.ADMIN: (MenuItem("sales"),)}
    assert check(python=python, en=en, menu_items=items) == [("list.old", "en.json", 1, True)]


def test_a_placeholder_that_english_lacks_is_a_problem(check):
    en, da = {"hello": "Hello {name}"}, {"hello": "Hej {navn}"}
    assert check('{{ t("hello", name=1) }}', en=en, da=da) == [("hello", "da.json", 1, False)]
