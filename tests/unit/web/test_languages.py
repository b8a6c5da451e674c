import pytest

from klods.kernel.platforms import Platform
from klods.kernel.subject import Subject
from klods.web.asgi_scope import LOCALE, PLATFORM
from klods.web.languages import speak


def language(*, cookie="", person="", platform="", browser=""):
    headers = [(b"cookie", f"klods_locale={cookie}".encode()), (b"accept-language", browser.encode())]
    scope = {"headers": headers, PLATFORM: Platform(1, "default", "Default", locale=platform)}
    speak(scope, Subject(1, "ada", locale=person) if person else None)
    return scope[LOCALE]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({}, "en"),
        ({"browser": "fr, da;q=0.8, ru;q=0.9"}, "ru"),
        ({"browser": "ru", "platform": "da"}, "da"),
        ({"browser": "ru", "platform": "da", "person": "en"}, "en"),
        ({"browser": "ru", "platform": "da", "person": "en", "cookie": "ru"}, "ru"),
        ({"browser": "da", "cookie": "xx"}, "da"),
        ({"browser": "da", "platform": "xx"}, "da"),
    ],
)
def test_what_a_person_chose_comes_before_the_platform_and_that_before_the_browser(asked, answered):
    assert language(**asked) == answered
