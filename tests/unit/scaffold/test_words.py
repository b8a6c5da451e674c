import ast
import json
import tomllib
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment
from markdown_it import MarkdownIt

from klods.scaffold.words import Words

HARD = "Æble \"å\" \\ \\n {x} {{ y }} <b>&amp; '№ 1' `code` # 1. - |é|"
descriptions = st.text() | st.text(alphabet="\\\"'`{}<>&#*_-+=.)(|~![]\n\r\t\0 \u2028aæя1\ud800")


def every_description(test):
    return given(descriptions)(example(HARD)(example("1. one")(example("    code")(example("\ud800")(test)))))


def test_a_code_turns_into_every_spelling():
    words = Words("dev-tools2_x", "")
    assert (words.python, words.title) == ("dev_tools2_x", "Dev Tools2 X")
    text = words.fill("sample-module sample_module SampleModule SAMPLE_MODULE Sample Module sample_table_items")
    assert text == "dev-tools2_x dev_tools2_x DevTools2X DEV_TOOLS2_X Dev Tools2 X dev_tools2_x_items"


def test_words_that_were_put_in_are_not_replaced_again():
    assert Words("x", "sample-module").fill('"SAMPLE DESCRIPTION"', ".json") == '"sample-module"'


def test_a_module_may_be_called_like_the_sample():
    assert Words("sample_module").fill("sample_module") == "sample_module"


def test_a_description_is_one_line_and_the_title_where_there_is_none():
    assert Words("x", " a\r\n\tb\0c\u2028d ").sentence == "a b c d"
    assert Words("big_x", " \n ").sentence == "Big X"


def test_a_description_cannot_stand_where_nobody_escapes_it():
    with pytest.raises(KeyError):
        Words("x", "y").fill("SAMPLE DESCRIPTION", ".html")


@every_description
def test_any_description_is_the_same_text_in_json_toml_and_python(description):
    words = Words("x", description)
    assert json.loads(words.fill('"SAMPLE DESCRIPTION"', ".json")) == words.sentence
    assert tomllib.loads(words.fill('a = "SAMPLE DESCRIPTION"', ".toml"))["a"] == words.sentence
    assert ast.literal_eval(words.fill('"SAMPLE DESCRIPTION"', ".py")) == words.sentence


@every_description
def test_any_description_is_nothing_but_text_in_markdown_and_html(description):
    words = Words("x", description)
    html = MarkdownIt().render(words.fill("# Title\n\nSAMPLE DESCRIPTION\n\nEnd", ".md"))
    title, paragraph, end = html.rstrip().split("\n")
    assert (title, end) == ("<h1>Title</h1>", "<p>End</p>")
    assert unescape(paragraph.removeprefix("<p>").removesuffix("</p>")) == words.sentence
    page = Environment(autoescape=True).from_string("<p>{{ text }}</p>").render(text=words.sentence)
    assert page.count("<") == 2
