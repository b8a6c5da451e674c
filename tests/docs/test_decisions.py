"""A decision is one page with the same four parts, and the list of decisions is complete."""

import re

import pytest
from support.tree import ROOT, shown

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
ONE_PAGE = 60


@pytest.mark.parametrize("record", RECORDS, ids=shown)
def test_a_record_has_its_four_parts_on_one_page(record):
    text = record.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) <= ONE_PAGE


@pytest.mark.parametrize("record", RECORDS, ids=shown)
def test_a_record_carries_the_number_of_its_file(record):
    number = int(record.name[:4])
    assert record.read_text(encoding="utf-8").startswith(f"# {number}. ")


def test_the_list_has_every_record_under_its_title():
    listed = re.findall(r"^\| \[(\d{4})\]\(([\w.-]+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = [(record.name[:4], record.name, record.read_text().split("\n")[0].split(". ", 1)[1]) for record in RECORDS]
    assert listed == titles
