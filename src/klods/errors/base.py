"""What every situation has in common: a code, a sentence with its data filled in, and advice."""

import re
from typing import Any, ClassVar


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class KlodsError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    hint: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, **data: Any) -> None:
        self.data = data
        super().__init__(data)

    def __str__(self) -> str:
        return self._fill(type(self).__doc__ or KlodsError.__doc__ or "")

    @property
    def advice(self) -> str:
        """What to do next, or an empty string."""
        return self._fill(self.hint)

    def _fill(self, sentence: str) -> str:
        return " ".join(sentence.split()).format_map(_Blank(self.data))
