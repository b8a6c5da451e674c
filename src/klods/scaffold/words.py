"""The words that a module's code turns into, and how they take the place of the sample's words in the templates."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

_SPACE = frozenset(["Cc", "Cs", "Zl", "Zp"])
_SAMPLE = re.compile(
    "SAMPLE DESCRIPTION|sample-module|sample_module|sample_table_|SampleModule|SAMPLE_MODULE|Sample Module"
)
_INLINE = re.compile(r"[\\`*_\[\]<>&~|]")
_BLOCK = re.compile(r"^(\d*)([#+\-=.)])")


@dataclass(frozen=True)
class Words:
    """The code and the description of a new module, and everything that is spelled after them."""

    code: str
    description: str = ""
    prefix: str = ""
    """What the names of its tables begin with; empty for the code itself."""

    @cached_property
    def python(self) -> str:
        """The code as Python, SQL and folders spell it."""
        return self.code.replace("-", "_")

    @cached_property
    def title(self) -> str:
        """The code as a heading: ``Invoice Scanner``."""
        return " ".join(part.capitalize() for part in self.python.split("_"))

    @cached_property
    def sentence(self) -> str:
        """The description on one line; the title where there is none."""
        visible = "".join(" " if unicodedata.category(char) in _SPACE else char for char in self.description)
        return " ".join(visible.split()) or self.title

    @cached_property
    def replacements(self) -> Mapping[str, str]:
        """What takes the place of each word of the sample."""
        return {
            "sample-module": self.code,
            "sample_module": self.python,
            "sample_table_": self.prefix or f"{self.python}_",
            "SampleModule": self.title.replace(" ", ""),
            "SAMPLE_MODULE": self.python.upper(),
            "Sample Module": self.title,
        }

    def fill(self, text: str, suffix: str = "") -> str:
        """The text of a template with this module's words, the description escaped for that kind of file."""
        return _SAMPLE.sub(lambda found: self.replacements.get(found[0]) or _ESCAPES[suffix](self.sentence), text)


def _in_quotes(text: str) -> str:
    """Between double quotes; JSON, TOML and Python agree here, because there are no control characters left."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_markdown(text: str) -> str:
    """A paragraph that is nothing but text."""
    return _BLOCK.sub(r"\1\\\2", _INLINE.sub(r"\\\g<0>", text))


_ESCAPES: Mapping[str, Callable[[str], str]] = {
    ".json": _in_quotes,
    ".toml": _in_quotes,
    ".py": _in_quotes,
    ".md": _in_markdown,
}
"""Where a description may stand; pages take it from the locale files and escape it themselves."""
