"""Tiers and the features beside them."""

from psycopg import errors

from klods.db.announcing import announced
from klods.db.database import Database
from klods.errors import InUse, InvalidName, NoSuchTier
from klods.kernel.features import Tier
from klods.kernel.names import why_no_code


class TierRows:
    """The store of tiers and of single features that were given or taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, tier: Tier, *, actor: str) -> None:
        """Make a tier or replace what it has; raise `InvalidName`."""
        if reason := why_no_code(tier.code):
            raise InvalidName(name=tier.code, reason=reason)
        with announced(self._database, actor) as change:
            row = change.connection.execute(_SAVE, [tier.code, tier.name or tier.code, tier.position]).fetchone()
            tier_id = (row or {})["id"]
            change.connection.execute("delete from klods.tier_feature where tier_id = %s", [tier_id])
            change.connection.execute(
                "insert into klods.tier_feature(tier_id, feature) select %s, unnest(%s::text[])",
                [tier_id, sorted(tier.features)],
            )
            change.log("tier.save", tier.code, after=", ".join(sorted(tier.features)))

    def delete(self, code: str, *, actor: str) -> None:
        """Delete a tier; raise `NoSuchTier`, or `InUse` while a platform or a vendor has it."""
        with announced(self._database, actor) as change:
            try:
                gone = change.connection.execute("delete from klods.tier where code = %s", [code]).rowcount
            except errors.ForeignKeyViolation:
                raise InUse(what=f"the tier {code}", who="a platform or a vendor") from None
            if not gone:
                raise NoSuchTier(tier=code)
            change.log("tier.delete", code)

    def decide(
        self, feature: str, *, granted: bool | None, platform_id: int, vendor_id: int | None = None, actor: str
    ) -> None:
        """Give or take one feature beside the tier; None leaves it to the tier again."""
        if not feature:
            raise InvalidName(name=feature, reason="a feature has a code")
        with announced(self._database, actor) as change:
            change.connection.execute(
                "delete from klods.feature_exception where platform_id = %s and vendor_id is not distinct from %s and feature = %s",
                [platform_id, vendor_id, feature],
            )
            if granted is not None:
                change.connection.execute(
                    "insert into klods.feature_exception(platform_id, vendor_id, feature, granted) values (%s, %s, %s, %s)",
                    [platform_id, vendor_id, feature, granted],
                )
            after = {True: "granted", False: "withdrawn", None: "as the tier says"}[granted]
            change.log("feature.decide", feature, platform_id=platform_id, after=after)


_SAVE = """
    insert into klods.tier(code, name, position) values (%s, %s, %s)
    on conflict (code) do update set name = excluded.name, position = excluded.position returning id"""
