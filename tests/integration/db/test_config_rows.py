"""What modules say of their own settings from inside: their own row, their own transaction, and nobody else's secrets."""

from dataclasses import replace

import psycopg
import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel, Field, SecretStr
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods import get_module_config, module_service
from klods.bootstrap import Klods
from klods.db.config_rows import ConfigRows
from klods.db.statements import execute_query, get_db
from klods.db.stores import StateRows
from klods.errors import InvalidConfig, OtherModulesConfig, ReadOnlyModule, StaleConfig, UnreadableSecret
from klods.kernel.catalog import Catalog
from klods.kernel.config_changes import NewConfig
from klods.kernel.config_schema import schema_of
from klods.kernel.configured import Configurations, sealed
from klods.kernel.plan import Action
from klods.kernel.state import StoredConfig
from klods.outbound.keyring import Keyring
from klods.settings import Settings
from klods.testing.memory import MemoryHub

__all__ = ["isolated"]

SQL = {"001_a.sql": "create table shop_items(id int primary key);"}
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


class ShopConfig(BaseModel):
    trial_days: int = Field(default=14, ge=0, le=365)
    token: SecretStr | None = None


@pytest.fixture
def shop(isolated, tmp_path):
    isolated.cipher = Keyring(OLD, tmp_path / "secret.key")
    module = module_of(tmp_path, SQL)
    module = replace(
        module,
        definition=replace(module.definition, config_schema=ShopConfig),
        settings=lambda: schema_of(ShopConfig),
    )
    install(isolated, module)
    return module


def seen(database, *modules):
    """What a process knows that reads the states now."""
    known = {module.code: module for module in modules}
    return Configurations(known, StateRows(database).read().configs, {}, database.cipher).of


def work(database, shop, **fields):
    catalog = {"shop": shop}
    return working(database, "shop", catalog=catalog, configuration=seen(database, shop), **fields)


def put(database, values, secrets=None, code="shop"):
    row = ConfigRows(database).read(code, 1)
    texts = {name: sealed(row, name, text, database.cipher) for name, text in (secrets or {}).items()}
    ConfigRows(database).write(NewConfig(row, values, {**row.secrets, **texts}), "test")


def test_a_module_changes_its_own_settings_in_its_own_transaction(isolated, shop):
    before = StateRows(isolated).read().generation
    with work(isolated, shop):
        db = get_db()
        assert module_service.get_module_config(db, 1, "shop") == {"trial_days": 14, "token": None}
        module_service.set_module_config(db, 1, "shop", {"trial_days": 30, "token": "quiet"})
        found = module_service.get_module_config(db, 1, "shop")
        assert (found["trial_days"], found["token"].get_secret_value()) == (30, "quiet")
        with pytest.raises(InvalidConfig, match="trial_days"):
            module_service.set_module_config(db, 1, "shop", {"trial_days": 999})
        assert ConfigRows(isolated).read("shop", 1).version == 0
    assert StateRows(isolated).read().generation == before + 1
    (change,) = ConfigRows(isolated).history("shop", 1)
    assert (change.actor, change.names) == ("(module shop)", ("token", "trial_days"))
    with work(isolated, shop):
        assert get_module_config("shop", "TRIAL_DAYS", default="1") == "30"
        assert get_module_config("shop", "TOKEN") == "quiet"


def fail_after_setting():
    module_service.set_module_config(get_db(), 1, "shop", {"trial_days": 30})
    raise ZeroDivisionError


def test_what_is_dry_or_fails_or_may_not_write_changes_no_setting(isolated, shop):
    before = StateRows(isolated).read().generation
    with work(isolated, shop, dry=True):
        assert module_service.set_module_config(get_db(), 1, "shop", {"trial_days": 30})["trial_days"] == 30
    with pytest.raises(ZeroDivisionError), work(isolated, shop):
        fail_after_setting()
    with pytest.raises(ReadOnlyModule), work(isolated, shop, read_only=True):
        module_service.set_module_config(get_db(), 1, "shop", {"trial_days": 30})
    assert (StateRows(isolated).read().generation, ConfigRows(isolated).history("shop", 1)) == (before, ())


def test_a_module_reaches_no_other_row_and_no_other_secret(isolated, shop):
    put(isolated, {"region": "dk"}, {"key": "hushed"}, code="bank")
    with work(isolated, shop):
        db = get_db()
        assert get_module_config("bank", "REGION") == "dk"
        assert module_service.get_module_config(db, 1, "bank") == {"region": "dk"}
        for forbidden in (
            lambda: get_module_config("bank", "KEY"),
            lambda: module_service.set_module_config(db, 1, "bank", {"region": "se"}),
            lambda: module_service.get_module_config(db, 2, "shop"),
        ):
            with pytest.raises(OtherModulesConfig):
                forbidden()
    for statement in (
        "select * from klods.module_config",
        "select * from klods.own_config('bank')",
        "select klods.set_own_config('bank', 0, '{}', '{}', '', '[]')",
        "select klods.write_config('shop', 1, 0, '{}', '{}', '', '[]', '', null)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), work(isolated, shop):
            execute_query(statement)


def test_the_history_cannot_be_changed_and_a_stale_row_is_not_overwritten(isolated, shop):
    seen_before = ConfigRows(isolated).read("shop", 1)
    put(isolated, {"trial_days": 1})
    with pytest.raises(StaleConfig):
        ConfigRows(isolated).write(NewConfig(seen_before, {"trial_days": 2}, {}), "test")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), isolated.connection() as connection:
        connection.execute("delete from klods.module_config_history")


def test_enabling_refuses_stored_settings_that_the_module_does_not_take(isolated, shop):
    put(isolated, {"trial_days": 999})
    hub = MemoryHub(Catalog([shop]))
    life = replace(hub.lifecycle, states=StateRows(isolated), cipher=isolated.cipher)
    with pytest.raises(InvalidConfig, match="trial_days"):
        life.apply(life.plan(Action.ENABLE, "shop", 1), actor="test")
    put(isolated, {"trial_days": 5}, {"token": "quiet"})
    life.apply(life.plan(Action.ENABLE, "shop", 1), actor="test")

    class Stricter(BaseModel):
        trial_days: int = Field(ge=10)

    newer = replace(shop, definition=replace(shop.definition, version="2.0.0", config_schema=Stricter))
    hub = MemoryHub(Catalog([newer]))
    life = replace(hub.lifecycle, states=StateRows(isolated), cipher=isolated.cipher)
    upgrade = life.plan(Action.MIGRATE, "shop", 1)
    assert upgrade.steps, "the new version is something to do"
    with pytest.raises(InvalidConfig, match="trial_days"):
        life.apply(upgrade, actor="test")
    assert StateRows(isolated).read().installation("shop").version == "1.0.0"


def test_a_rotation_that_was_cut_off_half_way_goes_on_and_loses_nothing(isolated, shop, tmp_path, monkeypatch):
    for number in range(3):
        put(isolated, {}, {"token": f"quiet {number}"}, code=f"shop{number}")
    put(isolated, {}, {"token": "later"}, code="shop0")
    both = Keyring(f"{NEW},{OLD}", tmp_path / "secret.key")
    klods = Klods(Settings(home=tmp_path), isolated, None, None)
    vars(klods)["keyring"] = both
    reseal, left = ConfigRows.reseal, iter([True, True])
    monkeypatch.setattr(ConfigRows, "reseal", lambda *about: next(left) and reseal(*about))
    with pytest.raises(RuntimeError):
        _stopping(lambda: klods.rotate_key(actor="test"))
    monkeypatch.undo()
    half = [both.is_current(text) for row in ConfigRows(isolated).sealed() for text in row.secrets.values()]
    assert (half.count(True), half.count(False)) == (2, 2)
    assert klods.rotate_key(actor="test") == 2
    assert klods.rotate_key(actor="test") == 0
    alone = Keyring(NEW, tmp_path / "secret.key")
    for row in ConfigRows(isolated).sealed():
        assert all(alone.open(f"{row.module}/1/{name}", text) for name, text in row.secrets.items())
    put_wrong = StoredConfig("shop1", 1)
    with isolated.connection() as connection:
        connection.execute("update klods.module_config set secrets = '{\"token\": \"gAAAA\"}' where module = 'shop1'")
    with pytest.raises(UnreadableSecret, match=f"{put_wrong.module}/1/token"):
        klods.rotate_key(actor="test")


def _stopping(rotate):
    """A crash: nothing after it runs."""
    try:
        rotate()
    except StopIteration:
        raise RuntimeError from None


def test_dropping_a_module_deletes_its_settings_and_keeping_it_does_not(isolated, shop):
    put(isolated, {"trial_days": 5}, {"token": "quiet"})
    with StateRows(isolated).change() as change:
        change.forget("shop")
    assert ConfigRows(isolated).read("shop", 1).version == 1
    with StateRows(isolated).change() as change:
        change.forget_config("shop")
    assert ConfigRows(isolated).read("shop", 1).version == 0
    assert [it.names for it in ConfigRows(isolated).history("shop", 1)] == [("token", "trial_days")]
    assert ConfigRows(isolated).sealed() == []
