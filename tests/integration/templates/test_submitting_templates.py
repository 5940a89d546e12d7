"""The tasks of `whatsapp_templates` over accounts that go wrong in every way the local Graph API knows."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from partner_messages.tasks import template_reviews, template_submission
from partner_messages.templates.catalog.installed import installed_catalog
from sandbox.graph_api.server import running
from support.submitted import ALL_THREE, V1, there
from whatsapp_provider.api.management import TemplateApi

HOUR = 3_600
PENDING_V1 = "jyt_production_run_reminder_pending_v1"
IDLE_V1 = "jyt_production_run_reminder_idle_v1"


def creates(api):
    return api.requests(operation="create_template")["by_operation"].get("create_template", 0)


def test_upsert_creates_the_whole_catalog_in_the_languages_of_each_account_and_a_second_one_nothing(
    run_templates, bare_api
):
    first = run_templates(mode="upsert")
    asked = creates(bare_api)
    second = run_templates(mode="upsert")

    names = len(installed_catalog().names)
    assert first.green, first.said
    assert there(bare_api) == {"IN": 2 * names, "AU": names, "Europe": names}
    assert first.actions("IN") == {"same": 2 * names}
    assert first.actions("AU") == {"same": names, "not_for_this_account": names}
    assert second.green
    assert (creates(bare_api), second.rows) == (asked, first.rows)
    assert {second.ends[f"submit[{label}]"] for label in ("in", "au", "europe")} == {"skipped"}


def test_a_dry_run_only_lists(run_templates, bare_api):
    run = run_templates(templates=V1)

    assert run.green
    assert {account: run.actions(account)["create"] for account in ALL_THREE} == ALL_THREE
    assert set(bare_api.requests()["by_operation"]) == {"list_templates"}


def test_params_narrow_a_run(run_templates, bare_api):
    run = run_templates(mode="upsert", senders=["IN"], templates=[IDLE_V1], languages=["hi"])

    assert run.green
    (template,) = bare_api.templates()
    assert (template["name"], template["language"]) == (IDLE_V1, "hi")
    assert [row["name"] for row in run.rows] == [IDLE_V1]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"senders": ["us"]}, 'senders has "us", but there is only in, au, europe'),
        ({"templates": ["reminder"]}, 'templates has "reminder", but there is only jyt_production_run_assigned_v1'),
        ({"languages": ["it"]}, 'languages has "it", but there is only en, hi'),
        ({"mode": "delete"}, '"mode"'),
        ({"mod": "upsert"}, '"mod" is no param of this DAG; the nearest one is "mode"'),
        ({"wait_seconds": -1}, '"wait_seconds"'),
    ],
)
def test_a_param_that_names_nothing_is_said_before_any_request(run_templates, bare_api, params, sentence):
    run = run_templates(**params)

    assert not run.green
    assert sentence in run.said["preflight"]
    assert bare_api.requests()["total"] == 0


@pytest.mark.parametrize("mode", ["dry-run", "upsert"])
def test_a_language_that_the_catalog_lacks_is_said_before_any_request(run_templates, bare_api, monkeypatch, mode):
    monkeypatch.setenv("WHATSAPP_PLATFORM_LANGUAGES", "AU=en;IN=en,hi;Europe=en,it")

    run = run_templates(mode=mode)

    assert not run.green
    assert f"{IDLE_V1} has no it, which Europe must have" in run.said["preflight"]
    assert bare_api.requests()["total"] == 0


def test_the_environment_says_which_languages_an_account_gets(run_templates, bare_api, monkeypatch):
    monkeypatch.setenv("WHATSAPP_PLATFORM_LANGUAGES", "AU=en,hi;IN=en")

    assert run_templates(mode="upsert", templates=V1).green
    assert there(bare_api) == {"IN": 3, "AU": 6, "Europe": 3}


def test_senders_that_share_an_account_submit_once(run_templates, bare_api, deployed):
    connection = deployed.connection("whatsapp_in")
    deployed.connect("whatsapp_delhi", {**connection, "extra": {**connection["extra"], "label": "Delhi"}})
    deployed.set(senders=["in", "delhi"])

    run = run_templates(mode="upsert", templates=V1)

    assert run.green
    assert run.actions("IN, Delhi") == {"same": 6}
    assert "submit[delhi]" not in run.ends
    assert creates(bare_api) == 6


def test_a_dead_token_keeps_its_own_account_alone_and_a_later_run_does_the_rest(run_templates, bare_api):
    token = bare_api.accounts["AU"].token
    bare_api.kill_token(token)

    broken = run_templates(mode="upsert", templates=V1)

    assert not broken.green
    assert there(bare_api) == {"IN": 6, "Europe": 3}
    assert broken.ends["submit[au]"] == "skipped"
    assert "AU (211000000000002) could not be read: whatsapp_au: the access token" in broken.said["report"]
    assert "IN" not in broken.said["report"]

    bare_api.revive_token(token)
    assert run_templates(mode="upsert", templates=V1).green
    assert there(bare_api) == ALL_THREE


def test_a_token_that_dies_on_the_way_leaves_the_rest_for_later(run_templates, bare_api):
    waba = bare_api.accounts["IN"].waba_id
    bare_api.fail_next(190, operation="create_template", object_id=waba, skip=2)

    broken = run_templates(mode="upsert", templates=V1)

    assert not broken.green
    assert there(bare_api) == {**ALL_THREE, "IN": 2}
    assert "IN: not created: " in broken.said["report"]
    assert "put a new system-user token" in broken.said["report"]
    assert run_templates(mode="upsert", templates=V1).green


def test_a_page_of_the_list_that_fails_is_tried_again_and_forgets_nothing(run_templates, bare_api, log):
    run_templates(mode="upsert", templates=V1)
    waba = bare_api.accounts["IN"].waba_id
    bare_api.babble_next(operation="list_templates", object_id=waba)

    broken = run_templates(mode="upsert", templates=V1)

    assert broken.ends["list_templates[in]"] == "AirflowException"  # which Airflow tries again
    assert broken.ends["list_templates[au]"] == "done"
    assert (broken.actions("IN"), creates(bare_api)) == ({}, 12)
    remembered = log.execute("SELECT count(*) AS n FROM template_approval WHERE waba_id = %s", [waba]).fetchone()
    assert remembered["n"] == 6
    assert run_templates(mode="upsert", templates=V1).green


def test_a_run_that_is_killed_half_way_is_finished_by_the_next(run_templates, bare_api, monkeypatch):
    create = TemplateApi.create

    def killed_after_two(api, request):
        answer = create(api, request)
        if creates(bare_api) == 2:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(TemplateApi, "create", killed_after_two)
    with pytest.raises(KeyboardInterrupt):
        run_templates(mode="upsert", templates=V1)
    assert there(bare_api) == {"IN": 2}

    assert run_templates(mode="upsert", templates=V1).green
    assert (there(bare_api), creates(bare_api)) == (ALL_THREE, 12)


@pytest.mark.parametrize("fault", ["drop_next", "babble_next"])
def test_a_create_whose_answer_is_lost_after_meta_took_it_is_found_and_not_repeated(run_templates, bare_api, fault):
    getattr(bare_api, fault)(operation="create_template", taken=True)

    run = run_templates(mode="upsert", templates=V1)

    assert run.green
    assert there(bare_api) == ALL_THREE
    assert creates(bare_api) == 12


def test_a_create_that_never_arrived_is_tried_again(run_templates, bare_api):
    bare_api.drop_next(operation="create_template")

    first = run_templates(mode="upsert", templates=V1)
    second = run_templates(mode="upsert", templates=V1)

    assert first.ends["submit[in]"] == "AirflowException"  # which Airflow tries again
    assert second.green
    assert (there(bare_api), creates(bare_api)) == (ALL_THREE, 13)


def test_nothing_is_asked_of_an_account_that_does_not_answer_again_and_again(run_templates, bare_api):
    bare_api.drop_next(times=100, operation="create_template")

    run = run_templates(mode="upsert", senders=["in"], templates=V1)

    assert run.ends["submit[in]"] == "AirflowException"
    assert creates(bare_api) == 3


def test_a_template_that_somebody_else_creates_meanwhile_is_adopted(run_templates, bare_api, log):
    bare_api.fail_next(100, subcode=2388024, operation="create_template", taken=True)

    run = run_templates(mode="upsert", templates=V1)

    assert run.green
    assert there(bare_api) == ALL_THREE
    outcomes = Counter(row["outcome"] for row in log.execute("SELECT outcome FROM template_change"))
    assert outcomes == {"adopted": 1, "taken": 11}


class Killed(BaseException):
    """The process ends here: nothing catches it."""


def changes(log):
    return Counter(row["outcome"] for row in log.execute("SELECT outcome FROM template_change"))


@pytest.mark.parametrize("mode", ["upsert", "dry-run"])
@pytest.mark.parametrize("taken", [True, False], ids=["Meta had taken it", "Meta had not"])
def test_a_create_whose_process_was_killed_before_it_wrote_down_the_answer_is_told_by_the_next_listing(
    run_templates, bare_api, log, monkeypatch, mode, taken
):
    def killed(*_):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(*((template_submission, "settle_change") if taken else (TemplateApi, "create")), killed)
        with pytest.raises(Killed):
            run_templates(mode="upsert", senders=["in"], templates=V1)
    assert changes(log) == {"asked": 1}

    run_templates(mode=mode, senders=["in"], templates=V1)

    of_first = log.execute("SELECT outcome FROM template_change ORDER BY id LIMIT 1").fetchone()["outcome"]
    assert of_first == ("taken" if taken else "unclear")
    assert changes(log)["asked"] == 0
    assert creates(bare_api) == (6 if mode == "upsert" else int(taken))


def test_a_template_that_is_refused_does_not_keep_the_others(run_templates, bare_api):
    bare_api.fail_next(100, subcode=2388072, details="The body is wrong", operation="create_template")

    run = run_templates(mode="upsert", templates=V1)

    assert not run.green
    assert there(bare_api) == {**ALL_THREE, "IN": 5}
    assert f"IN: not created: {IDLE_V1} (en): whatsapp_in: Meta refused it (100/2388072: " in run.said["report"]


def test_a_rejection_is_not_taken_for_existing_and_needs_a_person_in_every_mode(run_templates, bare_api):
    bare_api.review_next("REJECTED", reason="TAG_CONTENT_MISMATCH", name=IDLE_V1, language="hi")

    runs = [run_templates(mode=mode, templates=V1) for mode in ("upsert", "dry-run", "upsert", "edit")]

    assert not any(run.green for run in runs)
    for run in runs:
        assert f"IN: {IDLE_V1} (hi) was rejected, TAG_CONTENT_MISMATCH" in run.said["report"]
    assert creates(bare_api) == 12


def test_what_comes_back_as_marketing_is_a_warning(run_templates, bare_api, caplog):
    caplog.set_level("INFO")
    bare_api.review_next(category="MARKETING", name=PENDING_V1, waba_id=bare_api.accounts["AU"].waba_id)

    created = run_templates(mode="upsert", templates=V1)
    bare_api.change_template(bare_api.accounts["Europe"].waba_id, IDLE_V1, category="MARKETING")
    later = run_templates(templates=V1)

    assert created.green
    assert later.green
    warned = {(row["account"], row["name"]): row["warning"] for row in later.rows if row["warning"]}
    assert set(warned) == {("AU", PENDING_V1), ("Europe", IDLE_V1)}
    assert warned["Europe", IDLE_V1] == "Meta has moved it from UTILITY to MARKETING"
    assert "WARNING: " in caplog.text


def test_an_account_takes_a_hundred_templates_an_hour_and_the_next_run_does_the_rest(
    run_templates, bare_api, deployed, log
):
    waba = bare_api.accounts["IN"].waba_id
    log.execute(
        "INSERT INTO template_change (dag_run_id, waba_id, name, language, change, outcome, made_at)"
        " SELECT 'earlier', %s, 'other_' || n, 'en', 'create', 'taken', %s FROM generate_series(1, 96) AS n",
        [waba, deployed.now - dt.timedelta(minutes=50)],
    )

    first = run_templates(mode="upsert", templates=V1)
    deployed.now += dt.timedelta(minutes=10)
    second = run_templates(mode="upsert", templates=V1)

    assert not first.green
    assert (
        "Meta takes 100 new templates an hour on an account; run it again after 23 Nov 10:11 IST"
        in (first.said["report"])
    )
    assert "AU" not in first.said["report"]
    assert second.green
    assert there(bare_api) == ALL_THREE


def test_an_account_that_has_had_enough_calls_is_left_in_peace(run_templates, bare_api):
    bare_api.set_limits(management_calls_per_hour=4)

    run = run_templates(mode="upsert", senders=["in"], templates=V1)

    assert not run.green
    assert there(bare_api) == {"IN": 2}
    assert "has used up its calls of this hour; run it again later, in about 60 minutes" in run.said["report"]
    bare_api.shift_clock(HOUR)
    bare_api.set_limits(management_calls_per_hour=5_000)
    assert run_templates(mode="upsert", senders=["in"], templates=V1).green


def test_a_template_with_a_button_needs_the_portal_and_the_others_do_not(run_templates, bare_api, deployed):
    deployed.disconnect("partner_portal")

    v1 = run_templates(mode="upsert", senders=["au"], templates=V1)
    dry = run_templates(senders=["au"])
    everything = run_templates(mode="upsert", senders=["au"])

    assert v1.green
    assert dry.green
    assert not everything.green
    assert "no connection partner_portal with a host; add it, or leave such templates out" in everything.said["report"]
    buttons = {template.name for template in installed_catalog() if template.needs_portal}
    assert {template["name"] for template in bare_api.templates()} == set(installed_catalog().names) - buttons


def test_an_example_picture_is_uploaded_once_for_all_templates_that_share_it(run_templates, bare_api):
    assert run_templates(mode="upsert", senders=["in"], templates=["*_v2"]).green

    assert there(bare_api) == {"IN": 6}
    assert bare_api.requests()["by_operation"]["send_upload"] == 1


def test_waiting_ends_with_the_review(run_templates, deployed, monkeypatch):
    with running(templates=False, approval_delay=34) as slow:
        deployed.connect("whatsapp_au", {**deployed.connection("whatsapp_au"), "host": slow.url})
        waited = []

        def pause(seconds):
            waited.append(seconds)
            slow.shift_clock(seconds)

        monkeypatch.setattr(template_reviews, "pause", pause)
        at_once = run_templates(mode="upsert", senders=["au"], templates=V1)
        briefly = run_templates(senders=["au"], templates=V1, wait_seconds=5)
        patiently = run_templates(senders=["au"], templates=V1, wait_seconds=600)

    assert at_once.green
    assert at_once.actions("AU")["pending"] == 3
    assert briefly.actions("AU")["pending"] == 3
    assert patiently.actions("AU")["same"] == 3
    assert waited == [2, 3, 2, 4, 8, 16]
