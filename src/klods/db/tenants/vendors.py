"""The vendors of a platform."""

from dataclasses import dataclass
from typing import Any

from psycopg import errors

from klods.db.database import Database
from klods.db.rows import TELL, Rows
from klods.errors import InvalidName, NameTaken, NoSuchTier, NoSuchVendor
from klods.kernel.features import Features
from klods.kernel.names import why_no_code


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company that works on a platform with accounts of its own."""

    id: int
    platform_id: int
    code: str
    name: str
    tier: str = ""
    is_archived: bool = False


class Vendors:
    """The store of vendors; their people are told apart by `Account.vendor_id`."""

    def __init__(self, database: Database) -> None:
        self._rows = Rows(database)

    def all(self, platform_id: int) -> list[Vendor]:
        """The vendors of a platform, by name."""
        return [
            Vendor(**row)
            for row in self._rows.all(f"{_VENDOR} where v.platform_id = %s order by lower(v.name)", platform_id)
        ]

    def find(self, code: str, platform_id: int) -> Vendor:
        """A vendor of a platform by its code; raise `NoSuchVendor`."""
        row = self._rows.one(f"{_VENDOR} where v.code = %s and v.platform_id = %s", code, platform_id)
        if row is None:
            raise NoSuchVendor(vendor=code)
        return Vendor(**row)

    def features(self, vendor: Vendor) -> Features:
        """What a vendor has, as far as its platform has it too."""
        ask = (
            "select klods.features_of(v.platform_id, v.id, v.tier_id) as features from klods.vendors v where v.id = %s"
        )
        return Features.read((self._rows.one(ask, vendor.id) or {}).get("features"))

    def create(self, code: str, name: str, platform_id: int) -> Vendor:
        """Make a vendor; raise `InvalidName` or `NameTaken`."""
        if reason := why_no_code(code):
            raise InvalidName(name=code, reason=reason)
        try:
            self._rows.run(
                "insert into klods.vendors(platform_id, code, name) values (%s, %s, %s)",
                platform_id, code, name.strip() or code,
            )  # fmt: skip
        except errors.UniqueViolation:
            raise NameTaken(name=code, reason="a vendor of this platform has it") from None
        return self.find(code, platform_id)

    def rename(self, vendor: Vendor, name: str) -> Vendor:
        """Give a vendor another name."""
        if not name.strip():
            raise InvalidName(name=name, reason="a vendor needs a name")
        self._change("name = %s", name.strip(), vendor)
        return self.find(vendor.code, vendor.platform_id)

    def archive(self, vendor: Vendor) -> None:
        """Close a vendor: its people cannot come in; its data stays."""
        self._change("archived_at = coalesce(archived_at, now())", None, vendor)

    def restore(self, vendor: Vendor) -> None:
        """Let the people of an archived vendor come in again."""
        self._change("archived_at = null", None, vendor)

    def set_tier(self, vendor: Vendor, tier: str) -> None:
        """Give a vendor the features of a tier, or all of its platform's when it is empty; raise `NoSuchTier`."""
        if tier and self._rows.one("select 1 as yes from klods.tier where code = %s", tier) is None:
            raise NoSuchTier(tier=tier)
        self._change("tier_id = (select id from klods.tier where code = %s)", tier, vendor)

    def _change(self, what: str, value: Any, vendor: Vendor) -> None:
        values = [vendor.id] if "%s" not in what else [value, vendor.id]
        with self._rows.transaction() as connection:
            connection.execute(f"update klods.vendors set {what} where id = %s", values)
            connection.execute(TELL)


_VENDOR = """
    select v.id, v.platform_id, v.code, v.name, coalesce(t.code, '') as tier, v.archived_at is not null as is_archived
      from klods.vendors v left join klods.tier t on t.id = v.tier_id"""
