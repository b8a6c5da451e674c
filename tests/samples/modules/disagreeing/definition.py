"""Says something else than module.json."""

from klods import ModuleDefinition

definition = ModuleDefinition(
    code="disagreeing",
    name="Disagreeing",
    version="1.5.0",
)
