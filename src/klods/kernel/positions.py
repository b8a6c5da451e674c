"""Where the keys of a JSON object stand in its text."""

from json import JSONDecoder

_BLANK = " \t\r\n"


def key_lines(text: str) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """The line of each key of the outermost object, and the keys that are given again with their lines.

    The text must be valid JSON with an object outermost.
    """
    lines: dict[str, int] = {}
    again: list[tuple[str, int]] = []
    decoder = JSONDecoder()
    at = _skip(text, text.index("{") + 1)
    while text[at] == '"':
        line = text.count("\n", 0, at) + 1
        key, at = decoder.raw_decode(text, at)
        if key in lines:
            again.append((key, line))
        lines.setdefault(key, line)
        _, at = decoder.raw_decode(text, _skip(text, _skip(text, at) + 1))
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return lines, again


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at
