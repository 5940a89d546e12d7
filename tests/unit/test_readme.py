"""The README tells the truth where it can be compared with the code."""

from __future__ import annotations

import re

import pytest

from support.readme import README, TABLES, with_tables


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_has_the_marks_of_a_generated_table(name):
    text = README.read_text(encoding="utf-8")

    assert re.search(rf"<!-- {name} -->.*<!-- /{name} -->", text, re.DOTALL)


def test_the_generated_tables_are_up_to_date():
    text = README.read_text(encoding="utf-8")

    assert with_tables(text) == text, "the README's tables are stale; run make readme"
