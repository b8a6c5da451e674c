from typing import Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from klods.errors import InvalidConfig
from klods.kernel.config import check_config, lookup, values
from klods.kernel.definition import ModuleDefinition


class Billing(BaseModel):
    stripe_mode: Literal["test", "live"] = "test"
    trial_days: int = Field(default=14, ge=0, le=365)
    prefixes: list[str] = []


def module(**fields: object) -> ModuleDefinition:
    return ModuleDefinition(**{"code": "my-shop", "name": "Shop"} | fields)


def test_each_layer_covers_the_one_below():
    shop = module(default_config={"a": 1, "b": 1, "c": 1})
    assert values(shop, {"my_shop": {"c": "3"}}, {"b": 2, "c": 2}) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("default", "text", "meant"),
    [(True, "false", False), (False, "On", True), (5, "7", 7), (0.5, "2", 2.0), ([], "[1]", [1]), ("x", "5", "5"), (None, "y", "y")],
)  # fmt: skip
def test_a_text_from_the_environment_takes_the_kind_of_the_default(default, text, meant):
    assert values(module(default_config={"k": default}), {"my_shop": {"k": text}}) == {"k": meant}


def test_a_text_of_the_wrong_kind_names_its_variable():
    with pytest.raises(InvalidConfig, match="MODULES__MY_SHOP__K is 'many'"):
        values(module(default_config={"k": 5}), {"my_shop": {"k": "many"}})


def test_a_schema_checks_and_completes():
    shop = module(config_schema=Billing, default_config={"trial_days": 30})
    given = {"my_shop": {"stripe_mode": "live", "prefixes": '["INV-"]', "read_only": "false"}}
    assert values(shop, given) == {"stripe_mode": "live", "trial_days": 30, "prefixes": ["INV-"], "read_only": "false"}


def test_a_schema_s_complaint_names_the_variable_it_came_from():
    shop = module(config_schema=Billing, default_config={"stripe_mode": "maybe"})
    with pytest.raises(InvalidConfig) as caught:
        check_config(shop, {"my_shop": {"trial_days": "999"}})
    assert "MODULES__MY_SHOP__TRIAL_DAYS: " in str(caught.value)
    assert "; stripe_mode: " in "; " + str(caught.value).partition("valid: ")[2]


def test_a_schema_that_fails_in_its_own_code_is_a_fault_of_the_configuration():
    class Careless(BaseModel):
        region: str = "dk"

        @field_validator("region")
        @classmethod
        def known(cls, value: str) -> str:
            return {"dk": "Denmark"}[value]

    with pytest.raises(InvalidConfig, match="KeyError: 'se'"):
        values(module(config_schema=Careless), {"my_shop": {"region": "se"}})


def look(key: str, definition: ModuleDefinition | None = None, default: object = None, **environment: str) -> object:
    return lookup("my-shop", key, {"my_shop": environment}, definition=definition, default=default)


def test_switches_are_on_until_something_says_off():
    assert look("READ_ONLY", module(), default="true") == "true"
    assert look("READ_ONLY", module(read_only=False), default="true") == "false"
    assert look("DRY_RUN", module(), default="true", dry_run="false") == "false"


@pytest.mark.parametrize("text", ["1", "True", "ON"])
def test_a_switch_is_on_however_it_is_spelled(text):
    assert look("READ_ONLY", default="false", read_only=text) == "true"
    assert look("READ_ONLY", module(), default="false", read_only=text) == "true"


def test_a_switch_that_is_neither_on_nor_off_is_refused():
    with pytest.raises(InvalidConfig, match="MODULES__MY_SHOP__READ_ONLY is 'maybe'"):
        look("READ_ONLY", default="true", read_only="maybe")


def test_a_key_is_found_in_capitals_and_a_missing_one_is_the_default():
    assert look("API_KEY", module(default_config={"api_key": "s"})) == "s"
    assert look("api_key", module(default_config={"API_KEY": "s"})) == "s"
    assert look("API_KEY", module()) is None
    assert look("API_KEY", default=5) == 5


def test_a_value_from_the_environment_is_of_the_kind_of_the_default():
    rows = module(default_config={"rows": 25})
    assert look("ROWS", rows, rows="50") == 50
    assert look("ROWS", rows, rows="50", default="10") == "50"
