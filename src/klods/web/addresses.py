"""Where somebody reaches the hub: by a domain name of their platform."""

from urllib.parse import urlsplit, urlunsplit

from klods.kernel.platforms import Platforms


def address_on(platforms: Platforms, platform_id: int | None, base: str) -> str:
    """The base address with a host name that leads to the platform, where the one in it would lead elsewhere."""
    platform = platforms.by_id.get(platform_id) if platform_id else None
    parts = urlsplit(base)
    if platform is None or not platform.domains or len(platforms.open) < 2 or parts.hostname in platform.domains:
        return base
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, platform.domains[0] + port, parts.path, "", ""))
