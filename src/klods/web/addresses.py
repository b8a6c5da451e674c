"""Where somebody reaches the hub: by a domain name of their platform."""

from urllib.parse import urlsplit, urlunsplit

from klods.kernel.platforms import Platform, Platforms


def trusted_address(platform: Platform, known: str) -> str:
    """Where people reach a platform, by what the hub knows itself: a Host header may say what an attacker likes.

    Empty when neither the settings (``known``) nor the domain names of the platform say it.
    """
    if known:
        parts = urlsplit(known)
        host = parts.hostname if not platform.domains or parts.hostname in platform.domains else platform.domains[0]
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))
    return f"https://{platform.domains[0]}" if platform.domains else ""


def address_on(platforms: Platforms, platform_id: int | None, base: str) -> str:
    """The base address with a host name that leads to the platform, where the one in it would lead elsewhere."""
    platform = platforms.by_id.get(platform_id) if platform_id else None
    parts = urlsplit(base)
    if platform is None or not platform.domains or len(platforms.open) < 2 or parts.hostname in platform.domains:
        return base
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, platform.domains[0] + port, parts.path, "", ""))
