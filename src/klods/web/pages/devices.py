"""What a person calls a browser, out of what it calls itself."""

import re

BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari/"),
)
"""In this order: the later ones are named by the earlier ones too."""

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("macOS", "Macintosh"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """``Chrome 126, Linux``; what is no known browser is called as it calls itself, in short."""
    browser = next((f"{name} {found[1]}" for name, sign in BROWSERS if (found := re.search(sign, user_agent))), "")
    system = next((name for name, sign in SYSTEMS if sign in user_agent), "")
    return ", ".join(filter(None, (browser, system))) if browser else user_agent[:60]
