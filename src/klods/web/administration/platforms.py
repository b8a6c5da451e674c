"""What is done to platforms, vendors, tiers and features, for the API and the pages alike."""

from dataclasses import dataclass
from typing import Annotated

from klods.db.tenants.vendors import Vendor
from klods.errors import NoSuchPlatform
from klods.kernel.authority import refuse_elsewhere
from klods.kernel.features import OpenFeatures, Tier, in_order
from klods.kernel.platforms import Platform
from klods.kernel.subject import Subject
from klods.web.asking import actor, working_as
from klods.web.services import HostServices


@dataclass(frozen=True)
class PlatformAdministration:
    """Works for one signed-in person."""

    services: HostServices
    by: Subject

    def platforms(self) -> list[Platform]:
        """The platforms that the caller may know of."""
        known = self.services.platforms.read()
        return [it for it in known if self.by.is_everywhere or it.id == self.by.platform_id]

    def find(self, code: str) -> Platform:
        """A platform that the caller may know of; raise `NoSuchPlatform`."""
        platform = self._find(code)
        if not self.by.is_everywhere and platform.id != self.by.platform_id:
            raise NoSuchPlatform(platform=code)
        return platform

    def create(self, code: str, name: str, domains: list[str]) -> Platform:
        """Make a platform."""
        refuse_elsewhere(self.by, None, "A new platform")
        return self.services.platforms.create(code, name, domains, actor=actor(self.by))

    def change(self, code: str, *, name: str | None, locale: str | None) -> Platform:
        """Give a platform another name or language; what is None stays."""
        platform = self._find(code)
        refuse_elsewhere(self.by, platform.id, f"The platform {platform.code}")
        self.services.platforms.change(platform, name=name, locale=locale, actor=actor(self.by))
        return self._find(code)

    def archive(self, code: str) -> Platform:
        """Close a platform."""
        self.services.platforms.archive(self._of_all(code), actor=actor(self.by))
        return self._find(code)

    def restore(self, code: str) -> Platform:
        """Open an archived platform again."""
        self.services.platforms.restore(self._of_all(code), actor=actor(self.by))
        return self._find(code)

    def add_domain(self, code: str, domain: str) -> Platform:
        """Let a host name lead to a platform."""
        self.services.platforms.add_domain(self._of_all(code), domain, actor=actor(self.by))
        return self._find(code)

    def remove_domain(self, code: str, domain: str) -> Platform:
        """Let a host name lead there no longer."""
        self.services.platforms.remove_domain(self._of_all(code), domain, actor=actor(self.by))
        return self._find(code)

    def set_tier(self, code: str, tier: str) -> Platform:
        """Give a platform the features of a tier, or all of them when it is empty."""
        self.services.platforms.set_tier(self._of_all(code), tier, actor=actor(self.by))
        return self._find(code)

    def tiers(self) -> list[Tier]:
        """The tiers, the lowest first."""
        return in_order(self.services.platforms.read().tiers)

    def save_tier(self, tier: Tier) -> None:
        """Make a tier, or replace what it has."""
        refuse_elsewhere(self.by, None, f"The tier {tier.code}")
        self.services.tiers.save(tier, actor=actor(self.by))

    def delete_tier(self, code: str) -> None:
        """Delete a tier that nobody has."""
        refuse_elsewhere(self.by, None, f"The tier {code}")
        self.services.tiers.delete(code, actor=actor(self.by))

    def offer(self, vendor: str = "") -> OpenFeatures:
        """What is open on the caller's platform, or to a vendor of it."""
        known = self.services.platforms.read()
        here = known.find(self.by.platform_id)
        if not vendor:
            return OpenFeatures(here.features, tiers=known.tiers)
        return OpenFeatures(here.features, self.services.vendors.features(self.vendor(vendor)), known.tiers)

    def features(self) -> dict[str, str]:
        """Every feature code that a module declares, with the module's name."""
        modules = self.services.catalog().definitions.values()
        return dict(sorted((feature, it.name) for it in modules for feature in it.features))

    def decide(self, feature: str, *, granted: bool | None, vendor: str = "") -> None:
        """Give or take one feature beside the tier, of the caller's platform or a vendor of it; None is as the tier says."""
        if not vendor:
            refuse_elsewhere(self.by, None, "What a platform has")
        vendor_id = self.vendor(vendor).id if vendor else None
        self.services.tiers.decide(
            feature, granted=granted, platform_id=self.by.platform_id, vendor_id=vendor_id, actor=actor(self.by)
        )
        self.services.authenticator.forget()

    def vendors(self) -> list[Vendor]:
        """The vendors of the caller's platform."""
        return self.services.vendors.all(self.by.platform_id)

    def vendor(self, code: str) -> Vendor:
        """A vendor of the caller's platform."""
        return self.services.vendors.find(code, self.by.platform_id)

    def create_vendor(self, code: str, name: str) -> Vendor:
        """Make a vendor on the caller's platform."""
        return self.services.vendors.create(code, name, self.by.platform_id)

    def change_vendor(self, code: str, *, name: str | None = None, tier: str | None = None) -> Vendor:
        """Give a vendor another name or tier; what is None stays."""
        vendor = self.vendor(code)
        if tier is not None:
            self.services.vendors.set_tier(vendor, tier)
        if name is not None:
            self.services.vendors.rename(vendor, name)
        self.services.authenticator.forget()
        return self.vendor(code)

    def archive_vendor(self, code: str) -> Vendor:
        """Close a vendor: its people cannot come in any more."""
        self.services.vendors.archive(self.vendor(code))
        self.services.authenticator.forget()
        return self.vendor(code)

    def restore_vendor(self, code: str) -> Vendor:
        """Let the people of a vendor come in again."""
        self.services.vendors.restore(self.vendor(code))
        return self.vendor(code)

    def _find(self, code: str) -> Platform:
        return self.services.platforms.read().find(code)

    def _of_all(self, code: str) -> Platform:
        """A platform, for what only somebody of all platforms may do."""
        refuse_elsewhere(self.by, None, f"The platform {code}")
        return self._find(code)


Looking = Annotated[PlatformAdministration, working_as(PlatformAdministration)]
OfPlatforms = Annotated[PlatformAdministration, working_as(PlatformAdministration, "klods.platforms.manage")]
OfVendors = Annotated[PlatformAdministration, working_as(PlatformAdministration, "klods.vendors.manage")]
OfFeatures = Annotated[PlatformAdministration, working_as(PlatformAdministration, "klods.features.manage")]
