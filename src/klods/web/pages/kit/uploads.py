"""Files that people send and fetch: looked at before they are kept, and offered under names that are safe."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from klods.errors import UploadOfOtherType, UploadTooLarge
from klods.outbound import files
from klods.web.pages.kit.disposition import disposition, safe_name

MEGABYTE = 1_000_000
LONGEST_KEPT_NAME = 100


@dataclass(frozen=True, slots=True)
class Type:
    """A type of files: how it is called, how its contents begin, and whether a browser may show it in the hub's place."""

    media: str
    begins: tuple[bytes, ...] = ()
    """One of these; a type without any is text in UTF-8."""

    shown: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIP = (b"PK\x03\x04",)
TYPES: Mapping[str, Type] = {
    "pdf": Type("application/pdf", (b"%PDF-",), shown=True),
    "png": Type("image/png", (b"\x89PNG\r\n\x1a\n",), shown=True),
    "jpg": Type("image/jpeg", (b"\xff\xd8\xff",), shown=True),
    "jpeg": Type("image/jpeg", (b"\xff\xd8\xff",), shown=True),
    "gif": Type("image/gif", (b"GIF87a", b"GIF89a"), shown=True),
    "xlsx": Type(f"{_OFFICE}.spreadsheetml.sheet", _ZIP),
    "docx": Type(f"{_OFFICE}.wordprocessingml.document", _ZIP),
    "zip": Type("application/zip", _ZIP),
    "txt": Type("text/plain; charset=utf-8", shown=True),
    "csv": Type("text/csv; charset=utf-8"),
    "json": Type("application/json"),
    "xml": Type("application/xml"),
}
"""By the ending of the name. What runs scripts in a browser, like HTML and SVG, is never among them."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent, of a type that is taken; its name has no folders and nothing that is unsafe."""

    name: str
    content: bytes

    def keep(self, folder: str) -> str:
        """Store it with `klods.files` in a folder of the module, beside others of its name, and return its path."""
        name = safe_name(self.name[-LONGEST_KEPT_NAME:])
        path = f"{folder.strip('/')}/{secrets.token_hex(8)}-{name}"
        files.write(path, self.content)
        return path


def read_upload(
    sent: FormData, field: str, *, types: Collection[str], most_bytes: int = 10 * MEGABYTE
) -> Upload | None:
    """The file of a field, or None when none was chosen.

    Raises `UploadTooLarge`, or `UploadOfOtherType` when its name or its contents say that it is none of the types.
    """
    if unknown := {*types} - TYPES.keys():
        message = f"files of the type {min(unknown)!r} cannot be checked; there are {', '.join(TYPES)}"
        raise ValueError(message)
    chosen = sent.get(field)
    if not isinstance(chosen, UploadFile) or not chosen.filename:
        return None
    name = safe_name(chosen.filename)
    content = chosen.file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise UploadTooLarge(name=name, most=most_bytes)
    ending = _ending(name)
    if ending not in types or not _looks_like(content, TYPES[ending]):
        raise UploadOfOtherType(name=name, types=", ".join(types))
    return Upload(name, content)


def send_file(path: str, *, name: str = "", inline: bool = False) -> Response:
    """Offer a file of `klods.files` for keeping; raise `NoSuchFile` when there is none."""
    kept = path.rpartition("/")[2]
    return file_response(files.read(path), name or kept.partition("-")[2] or kept, inline=inline)


def file_response(content: bytes, name: str, *, inline: bool = False) -> Response:
    """Offer contents for keeping; ``inline`` shows what is safe to be shown, like pictures, in a place without scripts."""
    known = TYPES.get(_ending(safe_name(name)))
    shown = inline and known is not None and known.shown
    headers = {"content-disposition": disposition(name, inline=shown), "cache-control": "no-store"}
    if shown:
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(content, media_type=known.media if known else "application/octet-stream", headers=headers)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _looks_like(content: bytes, kind: Type) -> bool:
    if kind.begins:
        return content.startswith(kind.begins)
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
