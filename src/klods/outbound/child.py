"""The throw-away child in which unknown module code runs first; started as ``python -m klods.outbound.child``.

It reads one JSON task from standard input and writes one JSON answer to the file descriptor named in it, because
standard output belongs to whatever the module prints.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic_core import to_jsonable_python

from klods.errors import InvalidConfig, PartFailed
from klods.kernel.catalog import Origin, Source
from klods.kernel.config import values
from klods.kernel.config_schema import schema_of, secrets_of
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.names import python_name
from klods.kernel.parts import PARTS, load_definition, load_part, spoken_definition
from klods.outbound.spelling import definition_from_data, definition_to_data


def source_from(data: dict[str, str]) -> Source:
    """A source as it was sent to the child."""
    return Source(data["code"], Path(data["folder"]), data["package"], Origin(data["origin"]))


def answer(task: dict[str, Any]) -> dict[str, Any]:
    """Do the task; a fault of the module is an answer too."""
    importer = ModuleImporter()
    importer.install()
    for needed in task["needed"]:
        importer.mount(source_from(needed))
    source = source_from(task["source"])
    importer.mount(source)
    try:
        if task["task"] == "definition":
            return {"definition": definition_to_data(read_definition(source))}
        if task["task"] == "normal":
            return normal(source, task)
        if task["task"] == "parts":
            for part in PARTS:
                load_part(source, part)
        return {"settings": settings_of(source)}
    except PartFailed as failure:
        return {"failed": failure.data}
    except InvalidConfig as wrong:
        return {"wrong": wrong.data}


def settings_of(source: Source) -> dict[str, Any]:
    """What can be set for a module, if it says so in a schema of its own."""
    schema = load_definition(source, ModuleDefinition(code=source.code, name="")).config_schema
    return schema_of(schema) if schema else {}


def normal(source: Source, task: dict[str, Any]) -> dict[str, Any]:
    """What was given, as the module's schema spells it; secrets stay what they are and are not sent back."""
    definition = load_definition(source, definition_from_data(task["definition"]))
    found = values(definition, {python_name(definition.code): task["environment"]}, task["given"])
    if definition.config_schema is None:
        return {"normal": {name: found[name] for name in task["given"]}}
    hidden = secrets_of(schema_of(definition.config_schema))
    fields = definition.config_schema.model_fields
    spelled = {name: found[name] for name in task["given"] if name in found and name in fields and name not in hidden}
    return {"normal": to_jsonable_python(spelled, fallback=str)}


def read_definition(source: Source) -> ModuleDefinition:
    """The definition that `definition.py` speaks; raise `PartFailed` when it holds none."""
    namespace = load_part(source, "definition")
    spoken = spoken_definition(source, namespace) if isinstance(namespace, ModuleType) else None
    if spoken is None:
        reason = "definition.py makes no ModuleDefinition"
        raise PartFailed(module=source.code, part="definition", reason=reason, where="definition.py:1")
    return spoken


def main() -> None:
    """Read the task, do it, write the answer."""
    task = json.load(sys.stdin)
    with os.fdopen(task["answer_to"], "w", encoding="utf-8") as out:
        json.dump(answer(task), out, default=str)
    # Threads that a module started must not keep the child alive.
    os._exit(0)


if __name__ == "__main__":
    main()
