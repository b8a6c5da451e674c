from dataclasses import replace

from support.graphs import catalog

from klods.kernel.catalog import Catalog
from klods.kernel.plan import Action
from klods.kernel.state import Installed
from klods.kernel.wishes import Followed
from klods.testing.memory import MemoryHub


def hub(wish: bool | None, requires: dict[str, list[str]] | None = None, **fields: object) -> MemoryHub:
    it = MemoryHub(catalog(requires or {"a": []}, **fields), revisions={})
    edit(it, wish)
    return it


def edit(it: MemoryHub, wish: bool | None, **fields: object) -> None:
    """Change ``enabled`` of module a, as an editor would: the content changes with it."""
    modules = [
        replace(module, definition=replace(module.definition, wish=wish, **fields)) if module.code == "a" else module
        for module in it.catalog.values()
    ]
    it.catalog = Catalog(modules)
    it.contents.hashes["a"] = f"{wish}"


def follow(it: MemoryHub) -> tuple[Followed, ...]:
    return it.lifecycle.follow_wishes(1)


def switch(it: MemoryHub, action: Action, code: str = "a") -> None:
    it.lifecycle.apply(it.lifecycle.plan(action, code, 1), actor="person")


def on(it: MemoryHub) -> bool:
    return "a" in it.states.enabled(1)


def test_a_wish_is_granted_at_first_sight_and_once():
    it = hub(True)
    assert follow(it) == (Followed("a", wanted=True, done=True),)
    assert on(it)
    assert follow(it) == ()


def test_no_wish_and_a_wish_to_be_off_change_nothing():
    for wish in (None, False):
        it = hub(wish)
        assert follow(it) == ()
        assert it.states.generation == 0


def test_each_edit_is_one_toggle():
    it = hub(True)
    follow(it)
    edit(it, False)
    follow(it)
    assert not on(it)
    edit(it, True)
    follow(it)
    assert on(it)


def test_the_file_does_not_fight_a_person():
    it = hub(True)
    follow(it)
    switch(it, Action.DISABLE)
    assert follow(it) == ()
    assert not on(it)


def test_a_person_who_was_first_is_not_undone():
    it = hub(False)
    switch(it, Action.ENABLE)
    assert follow(it) == ()
    assert on(it)


def test_an_edit_to_what_is_already_so_is_only_remembered():
    it = hub(False)
    switch(it, Action.ENABLE)
    edit(it, True)
    assert follow(it)[0].done
    switch(it, Action.DISABLE)
    assert follow(it) == ()


def test_migrations_are_left_to_a_person_and_reported_until_then():
    it = hub(True)
    it.migrator.revisions = {"a": ["a_001"]}
    for _ in range(2):
        assert follow(it) == (Followed("a", wanted=True, done=False, reason="it would run migrations"),)
    switch(it, Action.ENABLE)
    assert follow(it) == ()


def test_requirements_and_dependents_are_left_to_a_person():
    it = hub(True, {"a": ["b"], "b": []})
    assert follow(it)[0].reason == "it would also switch b"
    it = hub(True, {"a": [], "b": ["a"]})
    follow(it)
    switch(it, Action.ENABLE, "b")
    edit(it, False)
    assert follow(it)[0].reason == "it would also switch b"
    assert on(it)


def test_a_core_module_is_not_switched_off_by_its_file():
    it = hub(True, core=frozenset("a"))
    follow(it)
    edit(it, False)
    assert "core module" in follow(it)[0].reason


def test_a_failure_is_one_try():
    it = hub(True)
    it.probe.failing["a"] = "boom"
    assert "boom" in follow(it)[0].reason
    assert it.states.installation("a").state is Installed.FAILED
    assert follow(it) == ()


def test_a_faster_process_is_no_failure():
    it = hub(True)
    real = it.store.alone

    def meanwhile(*, patient=True):
        it.store.alone = real
        switch(it, Action.ENABLE)
        return real()

    it.store.alone = meanwhile
    (followed,) = follow(it)
    assert followed.done
    assert it.states.generation == 1


def test_rights_on_tables_of_others_are_given_by_a_person():
    it = hub(None, {"a": ["b"], "b": []})
    switch(it, Action.ENABLE, "b")
    modules = {code: module.definition for code, module in it.catalog.items()}
    owner = replace(modules["b"], exports={"b_items": ("id",)})
    reader = replace(modules["a"], reads={"b_items": ("id",)}, wish=True)
    it.catalog = Catalog([replace(it.catalog["a"], definition=reader), replace(it.catalog["b"], definition=owner)])
    it.contents.kept = dict.fromkeys(it.contents.kept, owner)
    (told,) = follow(it)
    assert (told.done, told.reason) == (False, "it would get rights on tables of others: read b_items (id)")
    assert not on(it)
