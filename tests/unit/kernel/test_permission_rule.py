from textwrap import dedent

import pytest

from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.rules.permissions import permission_problems

ROUTER = """
    from fastapi import APIRouter, Depends
    from klods import requires, requires_feature as feature
    import klods as k

    router = APIRouter()

    @router.get("/a", dependencies=[Depends(requires("shop.read", "klods.log.read"))])
    def a(): ...

    @router.get("/b", dependencies=[Depends(feature("reports"))])
    def b(user=Depends(k.requires("customers.read"))): ...
"""


@pytest.fixture
def check(tmp_path):
    def found(router=ROUTER, **fields):
        folder = tmp_path / "shop" / "backend"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "router.py").write_text(dedent(router))
        customers = ModuleDefinition(code="customers", name="Customers", permissions=("customers.read",))
        definition = ModuleDefinition(code="shop", name="Shop", **fields)
        catalog = Catalog([
            Module(customers, Source("customers", tmp_path / "customers", "klods.modules.customers")),
            Module(definition, Source("shop", tmp_path / "shop", "klods.modules.shop")),
        ])  # fmt: skip
        return [
            (problem.message, problem.line, problem.warning)
            for problem in permission_problems(catalog, catalog["shop"])
        ]

    return found


def test_what_is_declared_here_by_the_host_or_by_a_required_module_may_be_asked_for(check):
    assert check(permissions=("shop.read",), features=("reports",), requires=("customers",)) == []


def test_what_nobody_declares_is_found_with_its_line(check):
    found = check()
    assert [(message.split("'")[1], line) for message, line, _ in found] == [
        ("shop.read", 8), ("reports", 11), ("customers.read", 12),
    ]  # fmt: skip
    assert not any(warning for *_, warning in found)


def test_functions_of_the_same_name_from_elsewhere_mean_something_else(check):
    assert check("from mine import requires\n\nrequires('no such permission')\n") == []


def test_a_permission_that_another_module_could_mean_too_is_warned_of(check):
    assert [warning for *_, warning in check("", permissions=("read",))] == [True]
