"""A definition with a slip."""

from klods import ModuleDefinition

definition = ModuleDefinition(code="broken_definition" name="Broken")
