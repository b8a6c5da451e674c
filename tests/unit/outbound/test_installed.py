import shutil

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


def test_only_what_the_folders_no_longer_hold_is_read_from_the_approved_copies(tmp_path):
    for code in ("here", "gone"):
        (tmp_path / "modules" / code).mkdir(parents=True)
        (tmp_path / "modules" / code / "module.json").write_text("{}")
    copies, read = ApprovedCopies(tmp_path / "approved"), []
    with ReaderHere() as reader:
        catalog = discover([Place(tmp_path / "modules")], reader)
        rows = {
            code: Installation(code, Installed.INSTALLED, "1.0.0", copies.approve(module))
            for code, module in catalog.items()
        }
        shutil.rmtree(tmp_path / "modules/gone")
        left = discover([Place(tmp_path / "modules")], reader)
        find = copies.find
        copies.find = lambda code, content: read.append(code) or find(code, content)
        beyond = InstalledModules(copies, reader, lambda: left).beyond(left, States(1, rows))
    assert [module.code for module in beyond] == ["gone"]
    assert read == ["gone"]
