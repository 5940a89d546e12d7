"""The pages of the project lead somewhere, and what the code cites of them is there."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import pytest

from partner_messages.config.paths import MIGRATIONS, TEMPLATES
from partner_messages.config.settings import Settings
from sandbox.connections import SETTINGS
from whatsapp_provider.templates.catalog import load_catalog

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted(chain(PROJECT.glob("*.md"), *(PROJECT.glob(f"{folder}/**/*.md") for folder in ("docs", "sandbox"))))
CODE = sorted(
    path
    for folder in ("config", "plugins", "dags", "include", "sandbox", "tests")
    for path in (PROJECT / folder).rglob("*")
    if path.suffix in (".py", ".sql") and path.parent != MIGRATIONS and path != Path(__file__)
)
CITED = " ".join(path.read_text(encoding="utf-8") for path in CODE)
DOCS = PROJECT / "docs"

_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:plugins|dags|include|sandbox|tests|docs|\.ci|\.github)/[\w./-]*)`")


def name_of(page):
    return str(page.relative_to(PROJECT))


def prose_of(page):
    """A page without its blocks of code, in which brackets mean other things."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors_of(page):
    """What the headings of a page are called in links, as forges make it."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page):
    astray = []
    for link in (one or other for one, other in _LINK.findall(re.sub(r"`[^`\n]*`", "", prose_of(page)))):
        if "://" in link:
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            astray.append(link)

    assert astray == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "reference"], ids=name_of)
def test_each_file_that_a_page_names_is_there(page):
    # The pages of the reference name files of other projects.
    assert [path for path in _PATH.findall(prose_of(page)) if not (PROJECT / path).exists()] == []


def test_the_readme_is_as_long_as_a_newcomer_reads():
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_each_page_of_the_docs_is_named_by_another_one():
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in (one or other for one, other in _LINK.findall(prose_of(page)))
    }

    assert [name_of(page) for page in DOCS.rglob("*.md") if page not in linked] == []


def test_each_page_that_the_code_cites_is_there():
    cited = set(re.findall(r"\bdocs/[\w./-]+\.md\b", CITED))

    assert "docs/design.md" in cited
    assert [page for page in cited if not (PROJECT / page).exists()] == []


def test_each_decision_that_the_code_cites_is_one_of_the_design():
    made = set(re.findall(r"^(\d+)\. \*\*", (DOCS / "design.md").read_text(encoding="utf-8"), re.MULTILINE))
    cited = re.findall(r"docs/design\.md,\s+decisions? (\d+)(?: and (\d+))?", CITED)

    assert {"1", "2", "8"} <= {number for numbers in cited for number in numbers if number} <= made


def test_each_section_of_the_reference_that_the_code_cites_is_there():
    text = (DOCS / "reference/whatsapp-cloud-api.md").read_text(encoding="utf-8")
    numbered = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text, re.MULTILINE))
    cited = re.findall(r"whatsapp-cloud-api\.md,\s+sections?((?:\s+|,|and|\d+(?:\.\d+)?(?=\D))+)", CITED)

    assert cited
    assert {number for numbers in cited for number in re.findall(r"\d+(?:\.\d+)?", numbers)} <= numbered


def test_the_design_names_each_table_and_each_environment_variable():
    design = (DOCS / "design.md").read_text(encoding="utf-8")
    migrations = " ".join(path.read_text(encoding="utf-8") for path in MIGRATIONS.glob("*.sql"))
    names = {*re.findall(r"CREATE TABLE (\w+)", migrations), *re.findall(r'"(PARTNER_MESSAGES_[A-Z_]+)"', CITED)}

    assert "message_log" in names
    assert [name for name in names if f"`{name}`" not in design] == []


def test_the_picture_of_a_message_s_life_is_what_the_database_allows():
    page = (DOCS / "lifecycle.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^    (\w+) --> (\w+)(?:: |$)", page, re.MULTILINE))
    guard = max(
        (path for path in MIGRATIONS.glob("*.sql") if "FUNCTION message_log_life" in path.read_text(encoding="utf-8")),
    ).read_text(encoding="utf-8")
    allowed = {
        (before, after)
        for before, afters in re.findall(r"WHEN '(\w+)' THEN ARRAY\[(.+?)\]", guard)
        for after in re.findall(r"'(\w+)'", afters)
    }

    assert drawn == allowed


def test_the_picture_of_a_message_says_what_the_template_says():
    name = "jyt_production_run_reminder_pending_v2"
    picture = (DOCS / "pictures/what-a-partner-sees.svg").read_text(encoding="utf-8")
    drawn = re.sub(r"<[^>]+>", " ", re.search(r'<g class="body">(.+?)</g>', picture, re.DOTALL)[1])
    examples = tomllib.loads((TEMPLATES / name / "template.toml").read_text(encoding="utf-8"))["examples"]
    text = load_catalog(TEMPLATES).get(name).text("en", examples)

    assert drawn.split() == text.replace("*", "").split()


def test_ten_minutes_says_what_the_sandbox_s_settings_and_the_limit_of_a_redirect_are():
    said = (DOCS / "ten-minutes.md").read_text(encoding="utf-8")

    settings = json.loads(re.search(r"put\n   `(\{.*?\})` in its place, \*Save\*\. Then answer `STOP`", said)[1])
    assert settings == {**SETTINGS, "delivery": "live"}
    number = {10: "ten"}[Settings.model_fields["redirect_limit"].default]
    assert f"at most {number} reminders (the setting `redirect_limit`)" in said
