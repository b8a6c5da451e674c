"""Calls from one module into another: in the role of the one that is called, in the transaction of the one that calls."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from klods.db.scope import Scope, current_scope, enter
from klods.errors import ModuleNotEnabled, NotPlain, NotSynchronous, UndeclaredCall
from klods.kernel.importer import ASIDE
from klods.kernel.names import package_name, python_name
from klods.kernel.plain_values import why_not_plain

P = ParamSpec("P")
R = TypeVar("R")

API = "__klods_api__"


def api(function: Callable[P, R]) -> Callable[P, R]:
    """Let modules that require this one call the function; static methods too, with this decorator on either side.

    Called from another module it works in the role and the Session of its own module and in the caller's transaction,
    and a call that raises leaves nothing behind. Arguments and results are plain values and frozen contracts.
    Raises `ModuleNotEnabled`, `UndeclaredCall` or `NotPlain`.
    """
    if isinstance(function, (staticmethod, classmethod)):
        made: Any = type(function)(api(function.__func__))
        return cast("Callable[P, R]", made)
    name = function.__qualname__
    if any(is_kind(function) for is_kind in _LASTING):
        raise NotSynchronous(function=name)

    @wraps(function)
    def crossing(*args: P.args, **kwargs: P.kwargs) -> R:
        scope = current_scope()
        callee = _callee(scope, function.__module__)
        if callee is None:
            return function(*args, **kwargs)
        for place, value in (*enumerate(args, 1), *kwargs.items()):
            _check(value, f"argument {place} of {name}")
        with scope.calling(callee) as called, enter(called):
            result = function(*args, **kwargs)
            _check(result, f"the result of {name}")
            return result

    setattr(crossing, API, True)
    return crossing


_LASTING = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def _check(value: object, what: str) -> None:
    if kind := why_not_plain(value):
        raise NotPlain(what=what, kind=kind)


def _callee(scope: Scope, file: str) -> str | None:
    """The code of the module in which the function stands; None when that is the caller itself."""
    package = file.replace(ASIDE, "")
    if _stands_in(scope, scope.module, package):
        return None
    caller = scope.catalog.get(scope.module)
    for code in caller.definition.required_codes if caller else ():
        if _stands_in(scope, code, package):
            if not scope.is_enabled(code, scope.platform_id):
                raise ModuleNotEnabled(module=code)
            return code
    raise UndeclaredCall(module=scope.module, other=package.removeprefix(package_name("")).partition(".")[0])


def _stands_in(scope: Scope, code: str, package: str) -> bool:
    module = scope.catalog.get(code)
    home = module.source.package if module else package_name(python_name(code))
    return package == home or package.startswith(f"{home}.")
