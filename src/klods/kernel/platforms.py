"""Which platforms there are, and which of them a request is for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from klods.errors import InvalidName, Misdirected, NoSuchPlatform
from klods.kernel.features import EVERYTHING, Features, Tier
from klods.kernel.menus import MenuChange
from klods.kernel.subject import DEFAULT_PLATFORM

LONGEST_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class Platform:
    """One tenant of the hub."""

    id: int
    code: str
    name: str
    domains: tuple[str, ...] = ()
    locale: str = ""
    tier: str = ""
    features: Features = EVERYTHING
    is_archived: bool = False
    menu: tuple[MenuChange, ...] = field(default=(), repr=False)


DEFAULT = Platform(DEFAULT_PLATFORM, "default", "Default")
"""The platform that every hub has from its start."""

NOBODYS = Platform(0, "", "")
"""What a request is for that asks for nothing of any platform."""


@dataclass(frozen=True)
class Platforms:
    """All platforms at one moment, and the tiers that they can have."""

    known: tuple[Platform, ...] = ()
    tiers: tuple[Tier, ...] = field(default=(), repr=False)

    def __iter__(self) -> Iterator[Platform]:
        return iter(self.known)

    @cached_property
    def open(self) -> tuple[Platform, ...]:
        """Those that are not archived."""
        return tuple(platform for platform in self.known if not platform.is_archived)

    @cached_property
    def by_id(self) -> Mapping[int, Platform]:
        """All of them by number."""
        return {platform.id: platform for platform in self.known}

    @cached_property
    def _by_domain(self) -> Mapping[str, Platform]:
        return {domain: platform for platform in self.open for domain in platform.domains}

    @cached_property
    def _closed(self) -> frozenset[str]:
        """The host names of archived platforms."""
        return frozenset(domain for platform in self.known if platform.is_archived for domain in platform.domains)

    @cached_property
    def _by_code(self) -> Mapping[str, Platform]:
        return {platform.code: platform for platform in self.known}

    def at(self, host: str, named: str = "") -> Platform:
        """The platform of a request: the one it names, else the one of its host name, else the only one.

        Raises `Misdirected`: with several platforms a host name that belongs to none is never for some default one,
        and that of an archived platform never for the one that is left.
        """
        if named:
            found = self._by_code.get(named)
            if found is None or found.is_archived:
                raise Misdirected(what=f"There is no platform {named!r}")
            return found
        if len(self.open) == 1 and not (self._closed and host_of(host) in self._closed):
            return self.open[0]
        try:
            return self._by_domain[host_of(host)]
        except KeyError:
            raise Misdirected(what=f"{host_of(host)} belongs to no platform of this hub") from None

    def find(self, named: str | int) -> Platform:
        """A platform by its code or its number, archived or not; raise `NoSuchPlatform`."""
        text = str(named)
        found = self.by_id.get(int(text)) if text.isdecimal() and len(text) < 18 else self._by_code.get(text)
        if found is None:
            raise NoSuchPlatform(platform=named)
        return found


def host_of(header: str) -> str:
    """The name in a Host header: without the port, in small letters."""
    name = header.lower()
    if name.startswith("["):
        return name.partition("]")[0].removeprefix("[")
    return name.partition(":")[0].rstrip(".")


def domain_of(text: str) -> str:
    """A domain name as it is stored, in the form in which browsers send it; raise `InvalidName`."""
    name = text.strip().rstrip(".").lower()
    try:
        plain = name.encode("idna").decode("ascii") if name else ""
    except UnicodeError:
        raise InvalidName(name=text, reason="it is no domain name") from None
    if not plain or len(plain) > LONGEST_DOMAIN or host_of(plain) != plain or not _is_plain(plain):
        raise InvalidName(name=text, reason="a domain name is meant, as hub.example.com, without a scheme or a port")
    return plain


def _is_plain(name: str) -> bool:
    return (
        all(char.isalnum() or char in ".-_" for char in name) and ".." not in name and not name.startswith((".", "-"))
    )
