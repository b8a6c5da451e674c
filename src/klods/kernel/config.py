"""What a module is configured with: its own defaults, below what is stored, below the environment."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from klods.errors import InvalidConfig
from klods.kernel.definition import ModuleDefinition
from klods.kernel.faults import sentence
from klods.kernel.names import environment_prefix, python_name

log = logging.getLogger(__name__)

Environment = Mapping[str, Mapping[str, str]]
"""Lower-cased values of ``MODULES__<CODE>__<KEY>``: ``environment["invoice_scanner"]["api_key"]``."""

SWITCHES = ("read_only", "dry_run")
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
    said = _said(definition) if definition else {}
    found: Any = environment.get(python_name(code).lower(), {}).get(name)
    if found is None:
        found = said.get(name)
    else:
        found = _like(code, name, found, said.get(name, True if name in SWITCHES else None))
    if found is None:
        return default
    return _text(found) if isinstance(default, str) else found


def _said(definition: ModuleDefinition) -> dict[str, Any]:
    """What a definition says for itself: its switches, below its defaults."""
    switches = {name: getattr(definition, name) for name in SWITCHES}
    return switches | {key.lower(): value for key, value in definition.default_config.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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
        faults = []
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(map(str, item["loc"]))
            variable = environment_prefix(definition.code) + name.upper() if name in from_environment else name
            faults.append(f"{variable}: {item['msg']}" if variable else item["msg"])
        raise InvalidConfig(module=definition.code, reason="; ".join(faults)) from None
    except Exception as error:
        # The edge to a module's own validators, out of which anything can come.
        log.info("%s: its config_schema failed", definition.code, exc_info=True)
        raise InvalidConfig(module=definition.code, reason=f"its config_schema failed: {sentence(error)}") from error
