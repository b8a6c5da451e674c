"""Tables as files for spreadsheets: CSV and XLSX, written row by row."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from starlette.responses import Response, StreamingResponse

from klods.web.pages.kit.columns import Column, value_of
from klods.web.pages.kit.disposition import disposition

Say = Callable[..., str]

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Tells spreadsheets that the text is UTF-8."""

IN_MEMORY = 1 << 20
CHUNK = 1 << 16
WIDEST_DAY = 18
MOST_EXACT = 1e15
"""Workbooks keep fifteen digits of a number."""

FIRST_YEAR = 1900
"""Workbooks know no day before."""

LONGEST_CELL = 32_767
"""In characters; XLSX allows no more."""

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA = re.compile(r"(\A|[;\t\r\n])(?=[ \"]*[=+\-@\t\r\n＝＋－＠])")
"""Where a formula would begin; half of Europe parts cells at semicolons, also inside of a text in a file with commas."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def file_of(name: str, columns: Sequence[Column], rows: Sequence[Any], *, kind: str, say: Say) -> Response:
    """The rows as a file to be kept, with headings and choices in the reader's words."""
    written: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it when it was sent
    write = {"csv": write_csv, "xlsx": write_xlsx}[kind]
    write(written, [say(column.label or column.key) for column in columns], cells(columns, rows, say))
    size = written.tell()
    written.seek(0)
    headers = {"content-disposition": disposition(f"{name}.{kind}"), "content-length": str(size)}
    return StreamingResponse(_chunks(written), media_type=TYPES[kind], headers={**headers, "cache-control": "no-store"})


def cells(columns: Sequence[Column], rows: Sequence[Any], say: Say) -> Iterator[list[Any]]:
    """The values of each row, choices and flags in words."""
    for row in rows:
        yield [_spoken(column, value_of(row, column.key), say) for column in columns]


def write_csv(file: IO[bytes], headings: Sequence[str], rows: Iterator[list[Any]]) -> None:
    """Write UTF-8 with a BOM; what a spreadsheet would run as a formula begins with an apostrophe."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([defused(heading) for heading in headings])
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    text.detach()


def write_xlsx(file: IO[bytes], headings: Sequence[str], rows: Iterator[list[Any]]) -> None:
    """Write a workbook with one sheet; texts are texts, also those that look like formulas."""
    import xlsxwriter

    book: Any = xlsxwriter.Workbook(file, {"constant_memory": True, "remove_timezone": True})
    with book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        formats = (book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(headings) - 1), WIDEST_DAY)
        for place, heading in enumerate(headings):
            sheet.write_string(0, place, _writable(heading), bold)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                _write_cell(sheet, (number, place), value, formats)


def defused(text: str) -> str:
    """A text of which no spreadsheet takes any part for a formula."""
    return _FORMULA.sub(r"\1'", text)


def _write_cell(sheet: Any, place: tuple[int, int], value: Any, formats: tuple[Any, Any]) -> None:
    if isinstance(value, bool) or value is None:
        sheet.write(*place, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < MOST_EXACT:
        sheet.write_number(*place, value)
    elif isinstance(value, date) and value.year >= FIRST_YEAR:
        sheet.write_datetime(*place, value, formats[isinstance(value, datetime)])
    else:
        sheet.write_string(*place, _writable(str(value)))


def _spoken(column: Column, value: Any, say: Say) -> Any:
    if value is None:
        return None
    if column.kind == "flag":
        return say("kit.yes" if value else "kit.no")
    return say(column.choices[str(value)]) if str(value) in column.choices else value


def _plain(value: Any) -> str:
    if isinstance(value, int | float | Decimal):
        # A negative number is one: spreadsheets add it up, and nothing in it can be run.
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return "" if value is None else defused(str(value))


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:LONGEST_CELL]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
