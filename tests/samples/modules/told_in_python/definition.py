"""A module that is told by Python alone."""

from klods import ModuleDefinition

definition = ModuleDefinition(
    code="told_in_python",
    name="Told in Python",
    requires=["healthy>=1"],
    health_check=lambda: {"status": "healthy"},
)
