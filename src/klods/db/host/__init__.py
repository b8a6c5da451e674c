"""The host's own tables, as a module that only the migrator knows."""

from pathlib import Path

from klods._version import __version__
from klods.kernel.catalog import Module, Origin, Source
from klods.kernel.definition import ModuleDefinition

HOST = Module(
    ModuleDefinition(code="klods", name="Klods", version=__version__),
    Source("klods", Path(__file__).parent, "klods.db.host", Origin.BUILTIN),
)
"""Pseudo-module `klods`: its tables live in schema klods, and no fence stands round its migrations."""
