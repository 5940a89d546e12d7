"""What Meta says of templates and accounts reaches the gate and the senders, and nothing older than what is known."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.message_log.stops import lift_stop, open_stop
from partner_messages.templates.approvals.approvals import read_approvals, record_listing
from partner_messages.templates.approvals.gate import warning_of, why_not_sendable
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.account_news import (
    health_of_accounts,
    note_account_events_told,
    untold_account_events,
)
from partner_messages.webhook.sender_ids import SenderIds
from support.deployment import TICK, run_pass
from support.webhook_work import apply_webhooks
from support.webhooks import NUMBER, WABA, envelope, seconds

NAME = "jyt_production_run_reminder_idle_v1"
TEMPLATE = installed_catalog().get(NAME)
SENDERS = SenderIds({"in": NUMBER, "au": "7"}, {"in": WABA, "au": "another"})
LISTED = {"id": "1", "name": NAME, "language": "en", "status": "APPROVED", "category": "UTILITY"}


def hear(log, field, at=TICK, **value):
    body = envelope({"field": field, "value": value}, time=int(seconds(at)))
    return apply_webhooks(log, body, sender_ids=SENDERS)


def of_template(**value):
    return {
        "message_template_id": 1,
        "message_template_name": NAME,
        "message_template_language": "en",
        **value,
    }


def approval(log):
    return read_approvals(log, [WABA]).of(WABA, NAME)["en"]


def why_not(log):
    return why_not_sendable(TEMPLATE, "en", approval(log), allow_marketing=False)


@pytest.fixture
def listed(log):
    record_listing(log, WABA, [LISTED], TICK - dt.timedelta(hours=1))


EVENTS = {
    "APPROVED": None,
    "REINSTATED": None,
    "UNARCHIVED": None,
    "FLAGGED": None,
    "PAUSED": "paused",
    "REJECTED": "rejected: INVALID_FORMAT",
    "DISABLED": "cannot be sent (DISABLED)",
    "LOCKED": "cannot be sent (LOCKED)",
    "SOMETHING_NEW": "cannot be sent (SOMETHING_NEW)",
}


@pytest.mark.parametrize("event", EVENTS)
def test_a_template_s_status_counts_at_the_gate(log, listed, event):
    reason = "INVALID_FORMAT" if event == "REJECTED" else None
    hear(log, "message_template_status_update", **of_template(event=event, reason=reason))

    assert why_not(log) == EVENTS[event]
    assert bool(warning_of(approval(log))) == (event == "FLAGGED")


@pytest.mark.parametrize("present", [{"new_category": "UTILITY"}, {}])
def test_an_announced_category_warns_and_only_the_real_one_blocks(log, listed, present):
    """Meta announces it with the category that still holds, which every other news of the template names as well."""
    hear(log, "template_category_update", **of_template(correct_category="MARKETING", **present))
    hear(
        *(log, "message_template_status_update"),
        **of_template(event="APPROVED", message_template_category="UTILITY"),
    )
    assert why_not(log) is None
    assert "MARKETING" in warning_of(approval(log))

    hear(log, "template_category_update", **of_template(previous_category="UTILITY", new_category="MARKETING"))
    assert why_not(log).startswith("is MARKETING, not UTILITY")
    assert warning_of(approval(log)) is None


def test_a_listing_that_shows_the_announced_category_ends_the_warning(log, listed):
    hear(log, "template_category_update", **of_template(correct_category="MARKETING"))
    record_listing(log, WABA, [{**LISTED, "category": "MARKETING"}], TICK + dt.timedelta(hours=1))

    assert warning_of(approval(log)) is None


FLAGGED_NO_MORE = {
    "not": ({}, True),
    "a listing with a good quality": ({"quality_score": {"score": "GREEN"}}, False),
    "a listing that says more": ({"status": "PAUSED"}, False),
}


@pytest.mark.parametrize("case", FLAGGED_NO_MORE)
def test_that_a_template_is_flagged_lasts_beyond_the_next_listing_which_cannot_say_it(log, listed, case):
    said, is_flagged = FLAGGED_NO_MORE[case]
    hear(log, "message_template_status_update", **of_template(event="FLAGGED"))

    # Each tick reads the account anew after such news, and Meta lists a flagged template as APPROVED.
    record_listing(log, WABA, [{**LISTED, **said}], TICK + dt.timedelta(minutes=1))

    assert (approval(log).status == "FLAGGED", bool(warning_of(approval(log)))) == (is_flagged, is_flagged)
    assert not read_approvals(log, [WABA]).refused_since(WABA)


def test_a_template_that_is_reinstated_is_flagged_no_more(log, listed):
    hear(log, "message_template_status_update", **of_template(event="FLAGGED"))
    record_listing(log, WABA, [LISTED], TICK + dt.timedelta(minutes=1))
    at = TICK + dt.timedelta(minutes=2)
    hear(log, "message_template_status_update", at=at, **of_template(event="REINSTATED"))

    assert (why_not(log), warning_of(approval(log))) == (None, None)


@pytest.mark.parametrize(
    ("quality", "warning"),
    [
        ("GREEN", None),
        ("UNKNOWN", None),
        ("YELLOW", "rated YELLOW by Meta for its quality: recipients block or report it"),
        ("RED", "rated RED by Meta for its quality, and paused next if that does not change"),
    ],
)
def test_quality_warns_and_blocks_nothing(log, listed, quality, warning):
    hear(log, "message_template_quality_update", **of_template(new_quality_score=quality))

    assert (approval(log).quality, why_not(log)) == (quality, None)
    assert warning_of(approval(log)) == warning


def test_of_a_template_that_cannot_be_sent_its_quality_is_no_warning(log, listed):
    hear(log, "message_template_quality_update", **of_template(new_quality_score="RED"))
    hear(log, "message_template_status_update", **of_template(event="PAUSED"))

    assert (why_not(log), warning_of(approval(log))) == ("paused", None)


def test_what_is_older_than_what_is_known_changes_nothing(log, listed):
    before = approval(log)
    hear(
        log,
        "message_template_status_update",
        at=TICK - dt.timedelta(hours=2),
        **of_template(event="DISABLED"),
    )

    assert approval(log) == before


def test_a_template_that_was_never_seen_gets_a_row(log):
    hear(log, "message_template_status_update", **of_template(event="REJECTED"))
    assert why_not(log) == "rejected"


def test_of_a_changed_text_nobody_knows_the_parameters_and_the_account_is_read_again(log, listed):
    hear(log, "message_template_components_update", **of_template(message_template_element="Hello."))

    assert approval(log).parameters is None
    assert read_approvals(log, [WABA]).refused_since(WABA)


def stops(log):
    run = run_pass("run")
    return {label: stop.said for label in SENDERS.waba_ids if (stop := open_stop(log, label, run))}


BANS = [
    ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "x"}}, True),
    ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["DISABLE"]}}, True),
    ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}, False),
    ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, False),
    ({"event": "DISABLED_UPDATE"}, False),
    (
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1}],
        },
        True,
    ),
    (
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}],
        },
        False,
    ),
    ({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}, False),
]


@pytest.mark.parametrize(("value", "stopped"), BANS)
def test_a_ban_or_restriction_stops_the_account_s_senders_and_the_rest_is_told(log, value, stopped):
    hear(log, "account_update", **value)

    assert set(stops(log)) == ({"in"} if stopped else set())
    ((id_, said),) = untold_account_events(log).items()
    assert value["event"] in said
    note_account_events_told(log, [id_], TICK)
    assert untold_account_events(log) == {}


@pytest.mark.parametrize("field", ["account_alerts", "phone_number_quality_update", "business_capability_update"])
def test_what_else_meta_says_of_an_account_is_told_once_with_its_number_masked(log, field):
    hear(log, field, event="FLAGGED", display_phone_number="919829012345")

    (said,) = untold_account_events(log).values()
    assert field in said
    assert "9829012345" not in said


HOUR = dt.timedelta(hours=1)
FLAGGED = {"event": "FLAGGED", "display_phone_number": "919829012345", "current_limit": "TIER_2K"}
ALERT = {"alert_type": "SPEND", "alert_severity": "CRITICAL", "alert_status": "ACTIVE", "alert_description": "Pay."}
HEALTH = {
    "a flagged number": ([("phone_number_quality_update", FLAGGED)], ["FLAGGED"]),
    "one that is flagged no more": (
        [("phone_number_quality_update", FLAGGED), ("phone_number_quality_update", {**FLAGGED, "event": "UNFLAGGED"})],
        [],
    ),
    "one whose throughput has grown since": (
        [
            ("phone_number_quality_update", FLAGGED),
            ("phone_number_quality_update", {**FLAGGED, "event": "THROUGHPUT_UPGRADE"}),
        ],
        ["FLAGGED"],
    ),
    "another number that is well": (
        [
            ("phone_number_quality_update", FLAGGED),
            ("phone_number_quality_update", {"event": "UNFLAGGED", "display_phone_number": "919829099999"}),
        ],
        ["FLAGGED"],
    ),
    "a limit": ([("business_capability_update", {"max_daily_conversations_per_business": 2000})], ["2000"]),
    "the last of two limits": (
        [
            ("business_capability_update", {"max_daily_conversations_per_business": 2000}),
            ("business_capability_update", {"max_daily_conversations_per_business": 250}),
        ],
        ["250"],
    ),
    "an alert": ([("account_alerts", ALERT)], ["CRITICAL"]),
    "an alert that is no bad news": ([("account_alerts", {**ALERT, "alert_severity": "INFORMATIONAL"})], []),
    "two alerts, one of which is over": (
        [
            ("account_alerts", ALERT),
            ("account_alerts", {"alert_info": {**ALERT, "alert_type": "LIMIT"}}),
            ("account_alerts", {**ALERT, "alert_status": "RESOLVED"}),
        ],
        ["Meta says LIMIT"],
    ),
    "an alert of one number, and of another one that is over": (
        [
            ("account_alerts", {**ALERT, "entity_id": "111"}),
            ("account_alerts", {**ALERT, "entity_id": "222", "alert_status": "RESOLVED"}),
        ],
        ["CRITICAL"],
    ),
    "a flag, and a limit that has grown": (
        [
            ("phone_number_quality_update", FLAGGED),
            ("phone_number_quality_update", {**FLAGGED, "event": "UPGRADE"}),
        ],
        ["FLAGGED"],
    ),
    "a violation": ([("account_update", BANS[-1][0])], ["SCAM"]),
    "a violation, and a ban that was taken back": (
        [("account_update", BANS[-1][0]), ("account_update", BANS[0][0]), ("account_update", BANS[3][0])],
        ["SCAM"],
    ),
    "a ban that was taken back": ([("account_update", BANS[0][0]), ("account_update", BANS[3][0])], []),
    "a partner app": ([("account_update", {"event": "PARTNER_APP_INSTALLED"})], []),
}


@pytest.mark.parametrize("case", HEALTH)
def test_the_health_of_an_account_is_what_meta_has_said_last_of_it(log, case):
    news, words = HEALTH[case]
    for hours, (field, value) in enumerate(news):
        hear(log, field, at=TICK - (9 - hours) * HOUR, **value)

    said = health_of_accounts(log, [WABA], TICK)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))
    assert "98290" not in "".join(said)


def test_the_health_of_other_accounts_and_of_weeks_ago_is_not_said(log):
    hear(log, "phone_number_quality_update", **FLAGGED)

    assert health_of_accounts(log, ["another"], TICK + HOUR) == []
    assert health_of_accounts(log, [WABA], TICK + dt.timedelta(days=8)) == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_ban_that_was_taken_back_stops_nobody_in_whatever_order_meta_says_so(log, order):
    states = [("DISABLE", TICK - 5 * HOUR), ("REINSTATE", TICK - 3 * HOUR)]
    for state, at in states[::order]:
        hear(log, "account_update", at=at, event="DISABLED_UPDATE", ban_info={"waba_ban_state": state})

    assert list(stops(log)) == ([] if order < 0 else ["in"])  # One that is stopped is tried by a later run.


def test_an_old_word_does_not_stop_a_sender_that_has_worked_since(log):
    value, _ = BANS[0]
    hear(log, "account_update", **value)
    lift_stop(log, open_stop(log, "in", run_pass("r", dag_id="d")))
    hear(log, "account_update", at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), **value)

    assert stops(log) == {}


def test_an_update_that_names_no_template_is_kept_as_an_error(log):
    done = hear(log, "message_template_status_update", event="APPROVED")

    assert done.errors.total() == 1
