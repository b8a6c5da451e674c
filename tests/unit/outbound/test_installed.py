from klods.kernel.discovery import Place, discover
from klods.kernel.state import Installation, Installed, States
from klods.outbound.approved import ApprovedCopies
from klods.outbound.installed import InstalledModules
from klods.testing.memory import ReaderHere


def test_what_is_in_force_is_what_the_approved_copy_says_whatever_the_folder_says_now(tmp_path):
    folder = tmp_path / "modules/shop"
    folder.mkdir(parents=True)
    (folder / "module.json").write_text('{"exports": {"shop_items": ["id"]}}')
    copies = ApprovedCopies(tmp_path / "approved")
    with ReaderHere() as reader:
        catalog = discover([Place(folder.parent)], reader)
        row = Installation("shop", Installed.INSTALLED, "1.0.0", copies.approve(catalog["shop"]))
        (folder / "module.json").write_text('{"exports": {"shop_items": ["id", "price"]}}')
        installed = InstalledModules(copies, reader, lambda: discover([Place(folder.parent)], reader))
        found = installed.definitions(States(1, {"shop": row, "gone": Installation("gone")}))
    assert {code: dict(it.exports) for code, it in found.items()} == {"shop": {"shop_items": ("id",)}}
