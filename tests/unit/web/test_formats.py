from klods.web.pages.formats import Formats


def test_sizes_are_counted_in_the_units_of_the_language():
    assert [Formats(locale).size(163_800) for locale in ("en", "da", "ru")] == ["163.8 kB", "163,8 kB", "163,8 кБ"]
    assert Formats("ru").size(7) == "7 Б"
