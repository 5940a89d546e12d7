"""Links between the docs and the files beside them lead to their pages on the site."""

from types import SimpleNamespace

import pytest

from sandbox.docs_site import on_page_markdown


@pytest.mark.parametrize(
    ("page", "link", "leads_to"),
    [
        ("index.md", "docs/pages.md#rights", "pages.md#rights"),
        ("index.md", "CHANGELOG.md", "CHANGELOG.md"),
        ("deployment.md", "../README.md#playbook", "index.md#playbook"),
        ("deployment.md", "settings.md", "settings.md"),
        ("reference/airflow.md", "../design.md", "../design.md"),
        ("reference/airflow.md", "../../README.md", "../index.md"),
        ("sandbox.md", "shop/README.md", "sample-shop.md"),
        ("sample-shop.md", "../../docs/design.md", "design.md"),
        ("design.md", "https://example.com/docs/design.md", "https://example.com/docs/design.md"),
    ],
)
def test_a_link_leads_to_the_page_of_its_target(page, link, leads_to):
    shown = on_page_markdown(f"See [this]({link}).", SimpleNamespace(file=SimpleNamespace(src_uri=page)))

    assert shown == f"See [this]({leads_to})."


def test_of_a_link_to_code_the_text_is_left():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="design.md"))

    assert on_page_markdown("See [the plugin](../plugins/partner_messages_plugin.py).", page) == "See the plugin."


def test_a_link_that_leads_nowhere_is_left_for_mkdocs_to_refuse():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="design.md"))

    assert on_page_markdown("[this](no-such-page.md)", page) == "[this](no-such-page.md)"


def test_a_picture_of_the_readme_is_found():
    shown = on_page_markdown(
        '<img src="docs/pictures/a.svg">', SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    )

    assert shown == '<img src="pictures/a.svg">'
