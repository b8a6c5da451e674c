"""Documents lead somewhere, and the code they show can be read."""

import ast
import json
import re

import pytest
from support import documents
from support.tree import ROOT, SOURCE, shown

DOCUMENTS = documents.documents()
NAMED_FILE = re.compile(
    r"(?<![\w/.])((?:src/klods|tests|docs|scripts|\.ci)/[\w./-]+|(?:kernel|db|web|cli|outbound)/[\w/]+\.py|bootstrap\.py)"
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_links_lead_to_files_that_exist(document):
    assert [target for target in documents.links(document) if not documents.exists(document, target)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_code_in_a_document_can_be_parsed(document):
    for text in documents.blocks(document, "python"):
        ast.parse(text)
    for text in documents.blocks(document, "json"):
        json.loads(text)


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_it_names_exists(name):
    named = NAMED_FILE.findall((ROOT / name).read_text(encoding="utf-8"))
    assert len(named) > 5
    assert [file for file in named if not any((base / file).exists() for base in (ROOT, SOURCE))] == []
