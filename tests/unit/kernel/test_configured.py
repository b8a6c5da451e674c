"""Which layer a value comes from, what a change stores, and that no secret is part of what is told about it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, field_validator

from klods.errors import InvalidConfig, StaleConfig, UnreadableSecret
from klods.kernel.catalog import Module
from klods.kernel.config import values
from klods.kernel.config_changes import NewConfig
from klods.kernel.config_choice import checked_names, refuse_unstorable, typed_by_defaults
from klods.kernel.config_schema import defaults_of, schema_of, secrets_of
from klods.kernel.config_view import Layer, settings_of
from klods.kernel.configured import Configurations, Configured, in_clear, opened, sealed
from klods.kernel.configuring import Configuration, Wish
from klods.kernel.definition import ModuleDefinition
from klods.kernel.history import Acknowledgement
from klods.kernel.state import StoredConfig


class Mirror:
    """A cipher that only turns texts round, and knows the place."""

    def __init__(self):
        self.asked = 0

    def seal(self, place, text):
        return f"{place}|{text[::-1]}"

    def open(self, place, sealed):
        self.asked += 1
        stands, _, text = sealed.partition("|")
        if stands != place:
            raise UnreadableSecret(what=place, reason=f"It was encrypted for {stands}.")
        return text[::-1]

    def is_current(self, sealed):
        return True


def module(**fields):
    settings = fields.pop("settings", {})
    definition = ModuleDefinition(**{"code": "shop", "name": "Shop"} | fields)
    return Module(definition, source=SimpleNamespace(code="shop"), settings=lambda: settings)


@given(default=st.none() | st.integers(), platform=st.none() | st.integers(), environment=st.none() | st.integers())
def test_environment_covers_platform_covers_default(default, platform, environment):
    def given_by(value):
        return {} if value is None else {"rows": value}

    shop = module(default_config=given_by(default))
    stored = StoredConfig("shop", 1, given_by(platform))
    texts = {} if environment is None else {"rows": str(environment)}
    layers = [(Layer.ENVIRONMENT, environment), (Layer.PLATFORM, platform), (Layer.DEFAULT, default)]
    layer, expected = next(((name, it) for name, it in layers if it is not None), (Layer.NONE, None))
    configured = Configured(stored, {"shop": texts}, shop)
    found = configured.find("ROWS")
    assert str(found) == str(expected)
    (*_, setting) = [*settings_of(shop.definition, {"properties": {"rows": {}}}, stored, texts)]
    assert (setting.layer, str(setting.value)) == (layer, str(expected))


def test_a_default_of_the_schema_is_the_lowest_layer_and_a_text_stays_a_text():
    shop = module(settings={"properties": {"days": {"default": 14}, "key": {"default": "x", "writeOnly": True}}})
    configured = Configured(StoredConfig("shop", 1), {}, shop)
    assert configured.find("DAYS") == 14
    assert configured.find("DAYS", default="1") == "14"
    assert configured.find("key", default="none") == "none"


def test_a_secret_is_opened_once_and_never_shown():
    cipher = Mirror()
    row = StoredConfig("shop", 1, {"rows": 5})
    row = replace(row, secrets={"token": sealed(row, "token", "quiet", cipher)})
    configured = Configurations({"shop": module()}, {("shop", 1): row}, cipher=cipher).of("shop", 1)
    assert [configured.find("TOKEN") for _ in range(3)] == ["quiet"] * 3
    assert cipher.asked == 1
    assert "quiet" not in repr(row)


def test_a_ciphertext_opens_in_its_own_place_only():
    cipher = Mirror()
    here = StoredConfig("shop", 1)
    moved = StoredConfig("shop", 2, {}, {"token": sealed(here, "token", "quiet", cipher)})
    with pytest.raises(UnreadableSecret, match="shop/2/token"):
        opened(moved, "token", cipher)
    with pytest.raises(UnreadableSecret, match="shop/2/token"):
        in_clear(moved, cipher)
    with pytest.raises(UnreadableSecret, match="no key"):
        opened(moved, "token", None)


class Keys(BaseModel):
    first: SecretStr


class Nested(BaseModel):
    plain: str = "a"
    keys: Keys | None = None
    several: list[SecretStr] = []
    token: SecretStr = SecretStr("theirs")

    @field_validator("plain")
    @classmethod
    def looks(cls, value, info):
        if value == "broken":
            raise ValueError("it came with hunter2 in it")
        if value == "crash":
            raise KeyError("hunter2")
        return value


def test_a_setting_that_holds_a_secret_anywhere_is_a_secret():
    schema = schema_of(Nested)
    assert secrets_of(schema) == {"keys", "several", "token"}
    assert defaults_of(schema) == {"plain": "a"}


@pytest.mark.parametrize("plain", ["broken", "crash"])
def test_what_a_validator_says_of_a_secret_is_taken_out(plain, caplog):
    shop = module(config_schema=Nested).definition
    with pytest.raises(InvalidConfig) as caught:
        values(shop, {}, {"plain": plain, "token": "hunter2"})
    assert "hunter2" not in str(caught.value) + str(caught.value.data) + caplog.text


def test_names_are_found_however_they_are_spelled_and_every_wrong_one_is_named():
    shop = module(default_config={"Rows": 5}).definition
    schema = {"properties": {"Rows": {}, "fixed": {}}}
    assert checked_names(schema, shop, {}, {"ROWS": 1}) == {"Rows": 1}
    with pytest.raises(InvalidConfig) as caught:
        checked_names(schema, shop, {"fixed": "x"}, {"row": 1, "FIXED": 2, "dry_run": True})
    assert set(caught.value.data["faults"]) == {"row", "FIXED", "dry_run"}
    assert "did you mean Rows?" in str(caught.value)


@pytest.mark.parametrize(
    ("example", "value", "meant"),
    [(True, "off", False), (5, "7", 7), (5, 7.0, 7), (0.5, 2, 2.0), ("x", "5", "5"), (["a"], '["b"]', ["b"]), ({}, {"a": 1}, {"a": 1})],
)  # fmt: skip
def test_without_a_schema_a_value_takes_the_kind_of_its_default(example, value, meant):
    assert typed_by_defaults(module(default_config={"k": example}).definition, {"k": value}) == {"k": meant}


@pytest.mark.parametrize(
    ("example", "value"), [
        (True, "maybe"), (True, []), (5, "7.5"), (5, True), (5, None), (5, [1]), (0.5, {}), (0.5, "nan"), (0.5, 10**400),
        ("x", 5), ([], {}), ({}, "[1]"), ([], "[" * 100_000),
    ],
)  # fmt: skip
def test_without_a_schema_a_value_of_another_kind_is_refused(example, value):
    with pytest.raises(InvalidConfig, match="k: a value like"):
        typed_by_defaults(module(default_config={"k": example}).definition, {"k": value})


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], "a\0b", {"\0": 1}, "\ud800", "x" * 60_000])
def test_what_no_row_can_hold_is_refused_by_name(value):
    with pytest.raises(InvalidConfig) as caught:
        refuse_unstorable("shop", {"fine": [r"a literal \u0000", None], "wrong": value})
    assert set(caught.value.data["faults"]) == {"wrong"}


names = st.sampled_from("abcd")


@given(st.dictionaries(names, st.integers()), st.dictionaries(names, st.integers()), st.dictionaries(names, st.text()))
def test_changes_lead_from_what_stood_to_what_stands_and_hold_no_ciphertext(old, new, secrets):
    before = StoredConfig("shop", 1, {name: value for name, value in old.items() if name not in secrets}, secrets)
    after = {name: value for name, value in new.items() if name not in secrets}
    told = NewConfig(before, after, {}).changes
    replayed = dict(before.values)
    for change in told:
        if change.get("secret"):
            assert set(change) == {"name", "secret", "was_set", "is_set"}
            continue
        replayed.pop(change["name"], None)
        if "after" in change:
            replayed[change["name"]] = change["after"]
    assert replayed == after


class Shelf:
    """Rows that keep the promise of the lock, and can be changed by somebody else in between."""

    def __init__(self):
        self.row = StoredConfig("shop", 1)
        self.meanwhile = 0

    def read(self, code, platform_id):
        return self.row

    def write(self, new, actor):
        if self.meanwhile:
            self.meanwhile -= 1
            self.row = StoredConfig("shop", 1, {"b": self.row.version}, version=self.row.version + 1)
        if new.before.version != self.row.version:
            raise StaleConfig(module="shop", seen=new.before.version, version=self.row.version)
        self.row = StoredConfig("shop", 1, new.values, new.secrets, self.row.version + 1)
        return 1

    def history(self, code, platform_id, most=100):
        return ()


def configuration(shelf):
    shop = module(default_config={"a": 1, "b": 1})
    return Configuration(
        rows=shelf,
        probe=SimpleNamespace(settings=lambda source, needed=(): {}),
        cipher=Mirror(),
        environment={},
        find=lambda code: (shop, ()),
        processes=SimpleNamespace(wait=lambda generation, seconds: Acknowledgement(generation)),
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(min_value=0, max_value=2)), max_size=6))
def test_whoever_names_a_version_overwrites_nobody_and_who_names_none_loses_nothing(rounds):
    shelf = Shelf()
    works = configuration(shelf)
    for number, (locks, others) in enumerate(rounds, start=10):
        seen, shelf.meanwhile = shelf.row.version, others
        wish = Wish({"a": number}, version=seen if locks else None)
        if locks and others:
            with pytest.raises(StaleConfig):
                works.change("shop", 1, wish, actor="test")
            assert shelf.row.values.get("a") != number
            shelf.meanwhile = 0
            continue
        works.change("shop", 1, wish, actor="test")
        assert shelf.row.values["a"] == number
        assert not others or "b" in shelf.row.values


def test_saving_what_stands_there_already_makes_no_version():
    shelf = Shelf()
    works = configuration(shelf)
    works.change("shop", 1, Wish({"a": 5}), actor="test")
    works.change("shop", 1, Wish({"a": "5"}), actor="test")
    assert shelf.row.version == 1
