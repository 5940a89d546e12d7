"""The README and the docs tell the truth where they can be compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.dag_docs import DAGS_PAGE, dags_of_the_project, dags_page
from support.readme import PAGES, PARTS, marked, with_parts
from whatsapp_provider.templates import reading

PROVIDER = Path(reading.__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_made_from_code_has_its_place_in_one_page(name):
    assert len([page for page in PAGES if marked(name).search(page.read_text(encoding="utf-8"))]) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_made_from_code_is_up_to_date(page):
    text = page.read_text(encoding="utf-8")

    assert with_parts(text) == text, "run make readme"


def test_the_page_of_the_dags_is_up_to_date():
    assert dags_page(dags_of_the_project()) == DAGS_PAGE.read_text(encoding="utf-8"), "run make readme"


@pytest.mark.parametrize(
    "kind",
    [
        *(reading._DefinitionFile, reading._BodyComment),
        *(reading._TextHeader, reading._ImageHeader, reading._UrlButton, reading._QuickReply),
    ],
    ids=lambda kind: kind.__name__,
)
def test_the_provider_s_readme_names_each_key_of_a_template_s_files(kind):
    _, heading, section = PROVIDER.read_text(encoding="utf-8").partition("\n## A template folder\n")
    code = " ".join(re.findall(r"`([^`]+)`", section))

    assert heading
    assert [key for key in kind.model_fields if not re.search(rf"\b{key}\b", code)] == []
