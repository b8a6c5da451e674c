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
    """The base address with a host name that leads to the platform, where the one in it would lead elsewhere.

    Without a number any open platform will do: the first that people can reach, unless ``base`` leads to one already.
    """
    parts = urlsplit(base)
    meant = [it for it in platforms.open if it.domains and platform_id in (it.id, None)]
    if not meant or len(platforms.open) < 2 or any(parts.hostname in it.domains for it in meant):
        return base
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, meant[0].domains[0] + port, parts.path, "", ""))
