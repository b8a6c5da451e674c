"""Where a module's routes stand, as far as its source tells: inside its own prefixes, and not half of them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from klods.kernel.catalog import Catalog, Module
from klods.kernel.names import RESERVED_SEGMENTS
from klods.kernel.parts import PARTS
from klods.kernel.problems import Problem
from klods.kernel.rules.python_files import parse

METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route", "websocket", "route"}
)

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "backend": ("/api/v1/{code}", "/{code}"),
    "pages": ("/{code}", "/vendor/{code}"),
    "admin": ("/api/admin/{code}",),
    "vendor": ("/api/vendor/{code}",),
}
"""What the paths of a part may begin with, when they say where they stand."""

MEANT_ELSEWHERE = RESERVED_SEGMENTS - {"health"}
"""First segments of the host; only ``/health`` is what a module may well answer behind its own prefix."""


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
        prefixes = tuple(pattern.format(code=module.code) for pattern in patterns)
        for route, message in _faults(list(routes(tree, PARTS[part].name)), prefixes):
            hint = f"Leave the prefix out everywhere, or begin every path with {prefixes[0]}."
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


def _faults(found: list[Route], prefixes: tuple[str, ...]) -> Iterator[tuple[Route, str]]:
    own = [any(route.path == prefix or route.path.startswith(f"{prefix}/") for prefix in prefixes) for route in found]
    for route, inside in zip(found, own, strict=True):
        if inside:
            continue
        if any(own):
            yield route, f"the path {route.path!r} lacks the prefix that other paths of this router have"
        elif route.path.split("/")[1:2] and route.path.split("/")[1] in MEANT_ELSEWHERE:
            yield route, f"the path {route.path!r} lies outside {prefixes[0]}"


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
