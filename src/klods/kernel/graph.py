"""Who needs whom: order, closure, dependents and rings over the `requires` of definitions.

Codes are nodes; a required code that no definition has is a node without requirements. Nothing here raises.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

from klods.kernel.definition import ModuleDefinition

Definitions = Mapping[str, ModuleDefinition]
Edges = Mapping[str, tuple[str, ...]]


def closure(definitions: Definitions, codes: Iterable[str]) -> frozenset[str]:
    """These modules and everything they need, directly or not, as far as it was found."""
    return frozenset(_reach(_requirements(definitions), codes) & definitions.keys())


def dependents(definitions: Definitions, codes: Iterable[str]) -> frozenset[str]:
    """These modules and everything that needs them, directly or not."""
    return frozenset(_reach(_turned(_requirements(definitions)), codes))


def order(definitions: Definitions, codes: Iterable[str]) -> tuple[str, ...]:
    """The given codes, each after those of them that it needs; alphabetical where there is a choice.

    Members of a ring come in some fixed order, so that they can still be switched off.
    """
    edges = _requirements(definitions)
    wanted = set(codes)
    done: dict[str, None] = {}
    for start in sorted(wanted):
        for code in _post_order(edges, start, done):
            done[code] = None
    return tuple(code for code in done if code in wanted)


def rings(definitions: Definitions) -> tuple[tuple[str, ...], ...]:
    """Rings in which modules need each other, each starting at its first code; every edge of a ring is in one of them."""
    edges = _knot(_requirements(definitions))
    found = (_shortest(edges, start=needed, goal=code) for code, all_needed in edges.items() for needed in all_needed)
    return tuple(sorted({_turn(path) for path in found if path}))


def ring_text(ring: Iterable[str]) -> str:
    """A ring as people read it: ``a → b → a``."""
    codes = tuple(ring)
    return " → ".join((*codes, codes[0]))


def _requirements(definitions: Definitions) -> dict[str, tuple[str, ...]]:
    return {code: tuple(sorted(set(definition.required_codes))) for code, definition in definitions.items()}


def _turned(edges: Edges) -> Edges:
    turned: defaultdict[str, list[str]] = defaultdict(list)
    for code, needed in edges.items():
        for other in needed:
            turned[other].append(code)
    return {code: tuple(others) for code, others in turned.items()}


def _reach(edges: Edges, codes: Iterable[str]) -> set[str]:
    reached = set(codes)
    waiting = list(reached)
    while waiting:
        fresh = set(edges.get(waiting.pop(), ())) - reached
        reached |= fresh
        waiting += fresh
    return reached


def _post_order(edges: Edges, start: str, done: Mapping[str, None]) -> Iterator[str]:
    entered: set[str] = set()
    stack: list[tuple[str, bool]] = [(start, False)]
    while stack:
        code, needs_met = stack.pop()
        if needs_met:
            yield code
        elif code not in done and code not in entered:
            entered.add(code)
            stack.append((code, True))
            stack += [(needed, False) for needed in reversed(edges.get(code, ()))]


def _knot(edges: Edges) -> Edges:
    """What is left after taking away, again and again, modules that need nothing left or are needed by nothing left."""
    left = dict(edges)
    while True:
        needed = {other for all_needed in left.values() for other in all_needed}
        kept = {
            code: tuple(other for other in all_needed if other in left)
            for code, all_needed in left.items()
            if code in needed and any(other in left for other in all_needed)
        }
        if kept == left:
            return kept
        left = kept


def _shortest(edges: Edges, start: str, goal: str) -> tuple[str, ...]:
    """The nodes on the shortest way from start to goal, or nothing when there is none."""
    came_from: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting and goal not in came_from:
        code = waiting.popleft()
        for other in edges.get(code, ()):
            if other not in came_from:
                came_from[other] = code
                waiting.append(other)
    path: list[str] = []
    step = goal if goal in came_from else None
    while step is not None:
        path.append(step)
        step = came_from[step]
    return tuple(reversed(path))


def _turn(ring: tuple[str, ...]) -> tuple[str, ...]:
    first = ring.index(min(ring))
    return ring[first:] + ring[:first]
