"""One document out of many: every module's operations under the names of that module, for one caller."""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.callers import permissions_of
from klods.web.engine.gate import Guard
from klods.web.engine.paths import locate
from klods.web.engine.snapshot import Entry, Loaded, Switchboard

log = logging.getLogger(__name__)

Document = dict[str, Any]

COMPONENTS = "#/components/"
REMEMBER_AT_MOST = 1024
DESCRIBE_SECONDS = 5.0
PUBLIC = "x-klods-public"
NEEDED = "x-klods-permissions"
ERROR_BODY = {
    "title": "Error",
    "type": "object",
    "required": ["error", "message", "hint", "request_id", "data"],
    "properties": {
        "error": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "request_id": {"type": "string"},
        "data": {"type": "object"},
    },
}
"""The shape of every refusal, which FastAPI does not know."""

METHODS = frozenset(["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"])


class Documents:
    """Merges the documents of modules into the host's; each module's is made once per content."""

    def __init__(self, switchboard: Switchboard, *, seconds: float = DESCRIBE_SECONDS) -> None:
        self._switchboard = switchboard
        self._seconds = seconds
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str], Document | None] = OrderedDict()

    def merge(self, document: Document, subject: Subject) -> Document:
        """The host's document with what the subject may call of the modules enabled on its platform.

        A module that still loads, has failed, or cannot be described is named under ``x-klods-problems``.
        """
        snapshot = self._switchboard.current
        merged = deepcopy(document)
        problems: dict[str, str] = {}
        for code in sorted(snapshot.enabled.get(subject.platform_id, ())):
            entry = snapshot.entries.get(code)
            if entry is None or entry.app is None:
                problems[code] = entry.state.value if entry else "missing"
                continue
            if (part := self._document(entry, entry.app)) is None:
                problems[code] = "its routes could not be described; the log of the server says why"
                continue
            _add(merged, part, subject, internal=entry.app.definition.is_internal)
        if problems:
            merged["x-klods-problems"] = problems
        return merged

    def _document(self, entry: Entry, app: Loaded) -> Document | None:
        key = (entry.code, entry.content_hash)
        with self._lock:
            if key not in self._made:
                self._made[key] = _describe_in_time(entry.code, app, self._seconds)
                while len(self._made) > REMEMBER_AT_MOST:
                    self._made.popitem(last=False)
            return self._made[key]


def _describe_in_time(code: str, app: Loaded, seconds: float) -> Document | None:
    """Schemas may run code of the module, which may fail or never end; neither must hide the other modules."""
    found: list[Document] = []

    def work() -> None:
        try:
            found.append(describe(code, app))
        except Exception:
            # The edge of a module's own schemas.
            log.exception("no OpenAPI document can be made for %s", code)

    thread = threading.Thread(target=work, name=f"klods-openapi-{code}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.error("the OpenAPI document of %s was not made within %g seconds", code, seconds)
    return found[0] if found else None


def describe(code: str, app: Loaded) -> Document:
    """The document of one module, with its code before the names of components and operations."""
    definition = app.definition
    made = get_openapi(title=definition.name, version=definition.version, routes=app.routes)
    if "HTTPValidationError" in (schemas := made.get("components", {}).get("schemas", {})):
        schemas["HTTPValidationError"] = ERROR_BODY
    document: Document = _rename(made, code)
    document["components"] = {
        kind: {f"{code}.{name}": part for name, part in parts.items()}
        for kind, parts in document.get("components", {}).items()
    }
    public, asked = set(_public_operations(app)), dict(_asked_permissions(app))
    taken: Counter[str] = Counter()
    for path, method, operation in _operations(document):
        name = f"{code}.{operation.get('operationId') or f'{method}_{path}'}"
        taken[name] += 1
        operation["operationId"] = f"{name}_{taken[name]}" if taken[name] > 1 else name
        operation["tags"] = operation.get("tags") or [definition.name]
        if (path, method) in public:
            operation[PUBLIC] = True
        if needed := asked.get((path, method)):
            operation[NEEDED] = needed
    return document


def _rename(value: Any, code: str) -> Any:
    """A copy in which references and the names of security schemes carry the code."""
    if isinstance(value, list):
        return [_rename(item, code) for item in value]
    if isinstance(value, str):
        return _renamed_reference(value, code)
    if not isinstance(value, dict):
        return value
    copy = {key: _rename(item, code) for key, item in value.items()}
    if isinstance(needs := value.get("security"), list):
        copy["security"] = [{f"{code}.{scheme}": scopes for scheme, scopes in need.items()} for need in needs]
    return copy


def _renamed_reference(text: str, code: str) -> str:
    if not text.startswith(COMPONENTS):
        return text
    kind, _, name = text.removeprefix(COMPONENTS).partition("/")
    return f"{COMPONENTS}{kind}/{code}.{name}"


def _public_operations(app: Loaded) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(app.routes):
        guard = getattr(context.route, "app", None)
        if isinstance(guard, Guard) and guard.is_public:
            yield from ((context.path_format or "", method.lower()) for method in context.methods or ())


def _asked_permissions(app: Loaded) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            yield (context.path_format or "", method.lower()), permissions_of(context)


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document.get("paths", {}).items():
        yield from ((path, method, operations[method]) for method in operations if method in METHODS)


def _add(merged: Document, document: Document, subject: Subject, *, internal: bool) -> None:
    """Put in what the subject may call, and the components that it needs."""
    references: set[str] = set()
    for path, method, operation in _operations(document):
        wanted = _kind(path, internal=internal)
        if internal and _kind(path, internal=False) is FrontendType.VENDOR:
            continue
        if _may_call(operation, wanted, subject):
            merged.setdefault("paths", {}).setdefault(path, {})[method] = operation
            references |= _references(operation)
    target = merged.setdefault("components", {})
    for kind, name in _closure(document, references):
        target.setdefault(kind, {})[name] = document["components"][kind][name]


def _may_call(operation: Document, kind: FrontendType, subject: Subject) -> bool:
    if operation.get(PUBLIC):
        return True
    return kind is subject.kind and all(map(subject.may, operation.get(NEEDED, ())))


def _kind(path: str, *, internal: bool) -> FrontendType:
    found = locate(path)
    return FrontendType.ADMIN if internal or found is None else found[1].kind


def _references(value: Any) -> set[str]:
    """Everything below the components that the value points to, as ``kind/name``."""
    if isinstance(value, str):
        return {value.removeprefix(COMPONENTS)} if value.startswith(COMPONENTS) else set()
    if isinstance(value, list):
        return set().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    needs = value.get("security")
    schemes = {f"securitySchemes/{name}" for need in needs for name in need} if isinstance(needs, list) else set()
    return schemes.union(*map(_references, value.values()))


def _closure(document: Document, references: set[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    waiting = set(references)
    while waiting:
        seen.add(reference := waiting.pop())
        kind, _, name = reference.partition("/")
        part = document["components"].get(kind, {}).get(name)
        if part is not None:
            yield kind, name
            waiting |= _references(part) - seen
