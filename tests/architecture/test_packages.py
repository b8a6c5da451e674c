"""A folder without `__init__.py` is invisible to the import rules, so there may be none that holds code."""

from support.tree import SOURCE, python_files, shown


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in python_files()}
    assert sorted(shown(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_packages_have_packages_above_them():
    for path in python_files():
        for folder in path.relative_to(SOURCE).parents:
            assert (SOURCE / folder / "__init__.py").exists(), shown(path)


def test_a_package_says_in_one_sentence_what_it_holds():
    silent = [
        path
        for path in python_files()
        if not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""', "__version__"))
    ]
    assert [shown(path) for path in silent] == []
