"""Random catalogs for property tests."""

from pathlib import Path

from hypothesis import strategies as st

from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition

CODES = "abcdefg"


def catalog(requires: dict[str, list[str]], core: frozenset[str] = frozenset(), **fields: object) -> Catalog:
    definitions = (
        ModuleDefinition(code=code, name=code, requires=needed, is_core=code in core, **fields)
        for code, needed in requires.items()
    )
    return Catalog(
        Module(it, Source(it.code, Path("/nowhere", it.code), f"klods.modules.{it.code}")) for it in definitions
    )


@st.composite
def any_requires(draw, codes: str = CODES) -> dict[str, list[str]]:
    """Any graph, rings and all."""
    return {code: draw(st.lists(st.sampled_from(codes), max_size=3)) for code in codes}


@st.composite
def ringless_requires(draw, codes: str = CODES) -> dict[str, list[str]]:
    """Graphs in which a module needs only modules that come later in a shuffled order."""
    shuffled = draw(st.permutations(codes))
    return {
        code: draw(st.lists(st.sampled_from(shuffled[index + 1 :]), max_size=3)) if index + 1 < len(shuffled) else []
        for index, code in enumerate(shuffled)
    }


@st.composite
def rule_abiding_catalogs(draw) -> Catalog:
    """No rings, and no core module needs an optional one."""
    requires = draw(ringless_requires())
    core = set(draw(st.sets(st.sampled_from(CODES), max_size=3)))
    while grown := {needed for code in core for needed in requires[code]} - core:
        core |= grown
    return catalog(requires, frozenset(core))
