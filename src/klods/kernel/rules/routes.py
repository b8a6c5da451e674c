"""Where a module's routes stand, as far as its source tells: inside its own prefixes, and not half of them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from klods.kernel.catalog import Catalog, Module
from klods.kernel.parts import PARTS
from klods.kernel.problems import Problem
from klods.kernel.rules.python_files import parse

METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route", "websocket", "route"}
)

PREFIXES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "backend": (("/api/v1/{code}",), ("/{code}",)),
    "pages": (("/{code}", "/vendor/{code}"),),
    "admin": (("/api/admin/{code}",),),
    "vendor": (("/api/vendor/{code}",),),
}
"""What the paths of a part may begin with, when they say where they stand; one group for all of them."""

ELSEWHERE: Mapping[str, frozenset[str]] = {"pages": frozenset({"api", "vendor"})}
"""First segments that nobody means to have behind the module's own prefix; for other parts only ``api``."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path as written, with the router's prefix in front, and its line."""

    path: str
    line: int


def route_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Routes that would be served elsewhere than their author means."""
    del catalog
    for part, patterns in PREFIXES.items():
        path = module.source.folder / PARTS[part].file
        tree = parse(path)
        if tree is None:
            continue
        groups = [tuple(pattern.format(code=module.code) for pattern in group) for group in patterns]
        elsewhere = ELSEWHERE.get(part, frozenset({"api"}))
        for route, message in _faults(list(routes(tree, PARTS[part].name)), groups, elsewhere):
            hint = f"Leave the prefix out everywhere, or begin every path with {groups[0][0]}."
            yield Problem(module.code, "routes", message, str(path), route.line, hint)


def routes(tree: ast.Module, name: str) -> Iterator[Route]:
    """The routes that are made with decorators of the router of that name."""
    prefix = _prefix(tree, name)
    if prefix is None:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                path = _path(decorator, name)
                if path is not None:
                    yield Route(prefix + path, decorator.lineno)


def _faults(
    found: Sequence[Route], groups: Sequence[tuple[str, ...]], elsewhere: frozenset[str]
) -> Iterator[tuple[Route, str]]:
    for prefixes in groups:
        outside = [route for route in found if not _carries(route.path, prefixes)]
        if len(outside) < len(found):
            message = "the path {!r} lacks the prefix that other paths of this router have"
            yield from ((route, message.format(route.path)) for route in outside)
            return
    for route in found:
        if route.path.strip("/").partition("/")[0] in elsewhere:
            yield route, f"the path {route.path!r} lies outside {groups[0][0]}"


def _carries(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def _prefix(tree: ast.Module, name: str) -> str | None:
    """The literal prefix of ``name = APIRouter(prefix=…)``; None when it is computed."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call) and any(isinstance(it, ast.Name) and it.id == name for it in targets):
            given = next((keyword.value for keyword in value.keywords if keyword.arg == "prefix"), ast.Constant(""))
            return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
    return None


def _path(decorator: ast.expr, name: str) -> str | None:
    match decorator:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=router), attr=method)) if (
            router == name and method in METHODS
        ):
            paths = [*decorator.args[:1], *(keyword.value for keyword in decorator.keywords if keyword.arg == "path")]
            return next((it.value for it in paths if isinstance(it, ast.Constant) and isinstance(it.value, str)), None)
    return None
