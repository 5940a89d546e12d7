"""Mode `edit`: what differs from the catalog is changed in place, within Meta's limits, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from partner_messages.tasks import template_job, template_submission
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.templates.catalog import Catalog

IDLE_V1 = "jyt_production_run_reminder_idle_v1"
PENDING_V2 = "jyt_production_run_reminder_pending_v2"
DAY = dt.timedelta(days=1)
INDIA_IDLE = {"senders": ["in"], "templates": [IDLE_V1], "languages": ["en"]}


@pytest.fixture
def reword(monkeypatch):
    """Change the English text of a template in the catalog."""
    catalog = {template.name: template for template in installed_catalog()}
    monkeypatch.setattr(template_job, "installed_catalog", lambda: Catalog(catalog.values()))

    def change(old, new, name=IDLE_V1):
        template = catalog[name]
        english = template.translations["en"]
        assert old in english.body
        changed = dataclasses.replace(english, body=english.body.replace(old, new))
        catalog[name] = dataclasses.replace(template, translations={**template.translations, "en": changed})

    return change


def edits(api):
    return api.requests()["by_operation"].get("edit_template", 0)


@pytest.fixture
def submitted(run_templates):
    """The Indian account has the catalog's template, approved."""
    assert run_templates(mode="upsert", **INDIA_IDLE).green


def test_what_differs_is_left_alone_by_upsert_and_changed_by_edit(run_templates, bare_api, submitted, reword, caplog):
    reword("quiet", "silent")

    with caplog.at_level("INFO"):
        upsert = run_templates(mode="upsert", **INDIA_IDLE)
    assert "1 differs: sent with Meta's text until mode edit makes it the catalog's" in caplog.text
    edit = run_templates(mode="edit", **INDIA_IDLE)
    again = run_templates(mode="edit", **INDIA_IDLE)

    assert [row["action"] for row in upsert.rows] == ["differs"]
    assert [row["action"] for row in edit.rows] == ["same"]
    assert again.ends["submit[in]"] == "skipped"
    assert edits(bare_api) == 1


def test_edit_creates_nothing(run_templates, bare_api):
    run = run_templates(mode="edit", **INDIA_IDLE)

    assert run.green
    assert bare_api.templates() == []


def test_a_second_edit_on_a_day_is_not_even_asked_for(run_templates, bare_api, deployed, submitted, reword):
    reword("quiet", "silent")
    run_templates(mode="edit", **INDIA_IDLE)
    reword("silent", "still")

    too_early = run_templates(mode="edit", **INDIA_IDLE)
    asked = edits(bare_api)
    deployed.now += DAY
    bare_api.shift_clock(DAY.total_seconds())
    next_day = run_templates(mode="edit", **INDIA_IDLE)

    assert not too_early.green
    assert "edited once a day and ten times in 30 days; run it again after 24 Nov 10:01 IST" in too_early.said["report"]
    assert asked == 1
    assert next_day.green


def test_an_edit_whose_process_was_killed_before_it_wrote_down_the_answer_counts(
    run_templates, bare_api, log, submitted, reword, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    reword("quiet", "silent")
    with monkeypatch.context() as dying:
        dying.setattr(template_submission, "settle_change", killed)
        with pytest.raises(KeyboardInterrupt):
            run_templates(mode="edit", **INDIA_IDLE)

    assert run_templates(mode="edit", **INDIA_IDLE).green

    found = log.execute("SELECT outcome FROM template_change WHERE change = 'edit'").fetchall()
    assert [row["outcome"] for row in found] == ["taken"]
    assert edits(bare_api) == 1
    reword("silent", "still")
    assert "edited once a day" in run_templates(mode="edit", **INDIA_IDLE).said["report"]


def test_a_limit_that_only_meta_knows_of_is_said_in_metas_words(run_templates, bare_api, log, submitted, reword):
    reword("quiet", "silent")
    run_templates(mode="edit", **INDIA_IDLE)
    log.execute("DELETE FROM template_change")  # as if somebody had edited it in WhatsApp Manager
    reword("silent", "still")

    run = run_templates(mode="edit", **INDIA_IDLE)

    assert not run.green
    assert "Meta does not let it be edited now" in run.said["report"]
    assert "(100/2388039: " in run.said["report"]


def test_a_rejected_template_is_submitted_again_once_its_text_has_changed(run_templates, bare_api, reword):
    bare_api.review_next("REJECTED", reason="SCAM")
    assert not run_templates(mode="upsert", **INDIA_IDLE).green

    same_text = run_templates(mode="edit", **INDIA_IDLE)
    asked = edits(bare_api)
    reword("quiet", "silent")
    new_text = run_templates(mode="edit", **INDIA_IDLE)

    assert not same_text.green
    assert asked == 0
    assert new_text.green
    assert [template["status"] for template in bare_api.templates()] == ["APPROVED"]


def test_a_template_under_review_is_left_alone(run_templates, bare_api, submitted, reword):
    bare_api.change_template(bare_api.accounts["IN"].waba_id, IDLE_V1, "en", status="PENDING")
    reword("quiet", "silent")

    run = run_templates(mode="edit", **INDIA_IDLE)

    assert run.green
    assert edits(bare_api) == 0


def test_an_edit_whose_answer_is_lost_is_looked_at_and_not_repeated(run_templates, bare_api, submitted, reword):
    reword("quiet", "silent")
    bare_api.drop_next(operation="edit_template", taken=True)

    run = run_templates(mode="edit", **INDIA_IDLE)

    assert run.green
    assert edits(bare_api) == 1


def test_an_edit_uploads_the_example_picture_again(run_templates, bare_api, reword):
    only = {**INDIA_IDLE, "templates": [PENDING_V2]}
    run_templates(mode="upsert", **only)
    reword("waiting", "standing still", PENDING_V2)

    run = run_templates(mode="edit", **only)

    assert run.green
    assert [row["action"] for row in run.rows] == ["same"]
    assert bare_api.requests()["by_operation"]["send_upload"] == 2
