"""The README and the docs tell the truth where they can be compared with the code."""

from __future__ import annotations

import pytest

from support.dag_docs import DAGS_PAGE, dags_of_the_project, dags_page
from support.readme import PAGES, PARTS, marked, with_parts


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_made_from_code_has_its_place_in_one_page(name):
    assert len([page for page in PAGES if marked(name).search(page.read_text(encoding="utf-8"))]) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_made_from_code_is_up_to_date(page):
    text = page.read_text(encoding="utf-8")

    assert with_parts(text) == text, "run make readme"


def test_the_page_of_the_dags_is_up_to_date():
    assert dags_page(dags_of_the_project()) == DAGS_PAGE.read_text(encoding="utf-8"), "run make readme"
