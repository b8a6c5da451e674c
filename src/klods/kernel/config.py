"""What a module is configured with: its own defaults, below what is stored, below the environment."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from klods.errors import InvalidConfig
from klods.kernel.config_schema import schema_of, secrets_of
from klods.kernel.definition import ModuleDefinition
from klods.kernel.faults import sentence
from klods.kernel.names import environment_prefix, python_name

log = logging.getLogger(__name__)

Environment = Mapping[str, Mapping[str, str]]
"""Lower-cased values of ``MODULES__<CODE>__<KEY>``: ``environment["invoice_scanner"]["api_key"]``."""

SWITCHES = ("read_only", "dry_run")
HIDDEN = "••••"
SHORTEST = 3
"""Secrets shorter than this cannot be told from other texts."""
WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
"""How an on and an off may be spelled in the environment."""


def values(
    definition: ModuleDefinition, environment: Environment, stored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values in force: defaults, then stored ones, then the environment; checked by the module's schema if it has one.

    Raises `InvalidConfig` that names the key, and the environment variable when the value came from there.
    """
    below = {**definition.default_config, **(stored or {})}
    above = environment.get(python_name(definition.code), {})
    if definition.config_schema is None:
        return below | {key: _like(definition.code, key, text, below.get(key)) for key, text in above.items()}
    known = definition.config_schema.model_fields
    meant = {key: _structured(text, known[key].annotation) for key, text in above.items() if key in known}
    rest = {key: text for key, text in above.items() if key not in known}
    return rest | _checked(definition, definition.config_schema, below | meant, frozenset(meant))


def check_config(
    definition: ModuleDefinition, environment: Environment, stored: Mapping[str, Any] | None = None
) -> None:
    """Raise `InvalidConfig` unless the module could run with what it is configured with."""
    values(definition, environment, stored)


def lookup(
    code: str, key: str, environment: Environment, *, definition: ModuleDefinition | None = None, default: Any = None
) -> Any:
    """One value by its upper- or lower-case name: environment, else what the definition says, else `default`.

    A text as `default` makes the answer a text. A switch is then ``"true"`` or ``"false"``, however it was spelled.
    """
    name = key.lower()
    said = said_by(definition) if definition else {}
    found: Any = environment.get(python_name(code).lower(), {}).get(name)
    found = said.get(name) if found is None else like(code, name, found, said.get(name))
    return as_wanted(found, default)


def as_wanted(found: Any, default: Any) -> Any:
    """A value, or `default` where there is none; as a text when that is one."""
    if found is None:
        return default
    return _text(found) if isinstance(default, str) else found


def said_by(definition: ModuleDefinition) -> dict[str, Any]:
    """What a definition says for itself: its switches, below its defaults."""
    switches = {name: getattr(definition, name) for name in SWITCHES}
    return switches | {key.lower(): value for key, value in definition.default_config.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def like(code: str, key: str, text: str, example: object) -> Any:
    """A text from the environment as a value of the same kind as another; raise `InvalidConfig` naming the variable."""
    if example is None and key.lower() in SWITCHES:
        example = True
    return _like(code, key, text, example)


def _like(code: str, key: str, text: str, example: object) -> Any:
    try:
        match example:
            case bool():
                return WORDS[text.strip().lower()]
            case int() | float():
                return type(example)(text)
            case list() | tuple() | dict():
                return json.loads(text)
    except (ValueError, KeyError):
        reason = f"{environment_prefix(code)}{key.upper()} is {text!r}, but a value like {example!r} is needed"
        raise InvalidConfig(module=code, reason=reason, key=key) from None
    return text


def _structured(text: str, annotation: object) -> Any:
    """A JSON text as what it says, where the schema wants more than one plain value."""
    if annotation is str or not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _checked(
    definition: ModuleDefinition, schema: type[BaseModel], given: Mapping[str, Any], from_environment: frozenset[str]
) -> dict[str, Any]:
    try:
        return schema.model_validate(dict(given)).model_dump()
    except ValidationError as error:
        hide = _hiding(schema, given)
        faults: dict[str, Any] = {}
        said = []
        for item in error.errors(include_url=False, include_input=False):
            name = ".".join(map(str, item["loc"]))
            variable = environment_prefix(definition.code) + name.upper() if name in from_environment else name
            message = hide(item["msg"])
            said.append(f"{variable}: {message}" if variable else message)
            context = {key: hide(str(value)) for key, value in item.get("ctx", {}).items()}
            faults.setdefault(
                name.partition(".")[0], {"type": item["type"], "msg": message, "ctx": context, "variable": variable}
            )
        raise InvalidConfig(module=definition.code, reason="; ".join(said), faults=faults) from None
    except Exception as error:  # noqa: BLE001 - the edge to a module's own validators, out of which anything can come
        said = [_hiding(schema, given)(sentence(error))]
        # Without the traceback: an error of a validator may bear the secret it looked at.
        log.info("%s: its config_schema failed: %s", definition.code, said[0])
        raise InvalidConfig(module=definition.code, reason=f"its config_schema failed: {said[0]}") from None


def _hiding(schema: type[BaseModel], given: Mapping[str, Any]) -> Callable[[str], str]:
    """What takes secrets out of texts that a module's own validators may have written."""
    secrets = [
        text for name in secrets_of(schema_of(schema)) for text in _texts(given.get(name)) if len(text) >= SHORTEST
    ]

    def hide(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return text

    return hide


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value.get_secret_value() if isinstance(value, SecretStr) else value)
