import pytest

from klods.kernel.names import why_no_code


@pytest.mark.parametrize("code", ["crm", "dev-tools", "a1_b2"])
def test_a_code_is_small_letters_and_digits(code):
    assert why_no_code(code) is None


@pytest.mark.parametrize("code", ["", "Crm", "1a", "a__b", "a-", "a/b", "a" * 41])
def test_what_no_address_table_or_variable_could_bear_is_refused(code):
    assert why_no_code(code)


def test_nothing_is_called_as_the_page_that_makes_new_ones():
    assert "address" in why_no_code("new")
