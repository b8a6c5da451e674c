"""Which address a route gets, and whose address a path is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.kernel.definition import FrontendType
from klods.kernel.names import RESERVED_API, RESERVED_SEGMENTS
from klods.web.engine.paths import Area, Mixed, locate, place

SEGMENTS = st.lists(st.sampled_from(["crm", "api", "v1", "admin", "vendor", "x", "", "{id}"]), max_size=5)
PATHS = SEGMENTS.map(lambda parts: "/" + "/".join(parts))


@given(st.sampled_from(Area), st.lists(PATHS, min_size=1, max_size=4))
def test_every_route_lands_inside_its_module_or_the_router_is_mixed(area, paths):
    try:
        placed = place(area, "crm", paths)
    except Mixed:
        return
    own = [area.prefix("crm")] + ([Area.VENDOR_PAGES.prefix("crm")] if area is Area.PAGES else [])
    assert all(any(path == prefix or path.startswith(f"{prefix}/") for prefix in own) for path in placed)


@given(st.sampled_from(Area), PATHS)
def test_what_is_placed_is_found_again(area, path):
    [placed] = place(area, "crm", [path])
    code, found = locate(placed)
    assert code == "crm"
    assert found in {area, Area.VENDOR_PAGES} if area is Area.PAGES else found is area


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/api/v1/crm", ("crm", Area.API)),
        ("/api/v1/crm/a/b", ("crm", Area.API)),
        ("/api/admin/crm/", ("crm", Area.ADMIN)),
        ("/api/vendor/crm/x", ("crm", Area.VENDOR)),
        ("/vendor/crm/x", ("crm", Area.VENDOR_PAGES)),
        ("/crm", ("crm", Area.PAGES)),
        ("/crm/", ("crm", Area.PAGES)),
        ("/api/v2/crm", None),
        ("/api", None),
        ("/vendor", None),
        ("*", ("", Area.PAGES)),
        ("", ("", Area.PAGES)),
    ],
)
def test_a_path_names_a_module_and_an_area(path, found):
    assert locate(path) == found


def test_the_first_route_without_the_prefix_of_the_others_is_blamed():
    with pytest.raises(Mixed) as mixed:
        place(Area.API, "crm", ["/crm/a", "/crmother", "/b"])
    assert (mixed.value.index, mixed.value.prefix) == (1, "/crm")


def test_vendors_come_in_under_vendor_prefixes_only():
    vendors = {area for area in Area if area.kind is FrontendType.VENDOR}
    assert vendors == {Area.VENDOR, Area.VENDOR_PAGES}


def test_the_reserved_words_are_frozen():
    assert sorted(RESERVED_SEGMENTS) == [
        "admin",
        "api",
        "auth",
        "docs",
        "health",
        "klods",
        "metrics",
        "static",
        "vendor",
    ]
    assert sorted(RESERVED_API) == [
        "dry-runs", "events", "features", "jobs", "log", "me", "menus", "modules", "openapi.json", "platforms", "roles",
        "system", "tokens", "users", "vendors",
    ]  # fmt: skip
