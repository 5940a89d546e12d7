"""What the demo prints."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from sandbox.demo.report import (
    Decision,
    Logged,
    Part,
    Sent,
    Told,
    aligned,
    both_policies,
    census_line,
    day_and_time,
    decision_table,
    in_order,
    kept_page,
    masked,
    message_block,
    not_called_idle,
    one_screen,
    plan_of,
)


def sent(**changes):
    plain = {
        "subject": "idle",
        "production_run_id": "prod_run_1",
        "sender": "in",
        "language": "hi",
        "to_phone": "+919829012345",
        "body_text": "Hi\n\n*Progress:* 1 of 2",
        "status": "sent",
        "taken": taken("Hi\n\n*Progress:* 1 of 2"),
    }
    return Sent(**plain | changes)


def taken(text, *buttons):
    return {"to": "+919829012345", "text": text, "buttons": buttons, "status": "sent", "error": None}


LINK = "https://partners.example/production-runs/prod_run_1?wa_token="


def test_a_run_whose_partner_logs_what_it_takes_has_a_line_unless_it_was_found_idle():
    tick = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)
    logged = [
        Logged(id_, "Ganesh", tick - dt.timedelta(hours=200), tick - dt.timedelta(hours=20)) for id_ in ("R1", "R2")
    ]

    assert not_called_idle(logged, {"R2"}, tick) == [
        "Not called idle: R1 of Ganesh, started 200 h ago; what it takes was last logged 20 h ago (consumption_log)."
    ]
    assert not_called_idle([], set(), tick) == []


def test_the_table_has_a_line_for_each_subject_and_the_reasons():
    lines = decision_table(
        {"assignment_pending": 3, "idle": 1},
        [
            Decision("assignment_pending", "sent", None, 1),
            Decision("assignment_pending", "skipped", "no_phone", 2),
            Decision("idle", "delivered", None, 1),
            Decision("digest", "sent", None, 1),
            Decision("no_partner", "skipped", "no_partner", 2),
            Decision("sent_to_partner", "sent", None, 1),
            Decision("cancelled", "skipped", "state_mismatch", 1),
            Decision("followup", "skipped", "outside_24h_window", 2),
            Decision("followup", "read", None, 1),
        ],
    )

    assert lines == [
        "                     found   sent   skipped   why",
        "assignment pending       3      1         2   no phone 2",
        "not started              0      0",
        "idle                     1      1",
        "digest                   1      1",
        "no partner               2      0         2   no partner 2",
        "assigned                 1      1",
        "cancelled                1      0         1   state mismatch 1",
        "completed                0      0",
        "follow-up                3      1         2   outside 24h window 2",
        "in all                  12      5         7",
    ]


def test_reasons_that_are_too_long_for_their_column_go_on_below_it():
    reasons = ["already_in_shop", "ambiguous_phone", "invalid_phone", "no_consent", "no_phone", "partner_inactive"]

    lines = decision_table({"idle": 6}, [Decision("idle", "skipped", reason, 1) for reason in reasons])

    assert lines[3:6] == [
        "idle                     6      0         6   already in shop 1, ambiguous phone 1, invalid phone 1,",
        "                                              no consent 1, no phone 1, partner inactive 1",
        "digest                   0      0",
    ]
    assert one_screen([Part("Sent", lines)])[2:] == lines


def test_failed_and_unknown_messages_get_columns_of_their_own():
    lines = decision_table({"idle": 2}, [Decision("idle", "failed", None, 1), Decision("idle", "unknown", None, 1)])

    assert lines[0].split() == ["found", "sent", "failed", "unknown"]
    assert lines[3].split() == ["idle", "2", "0", "1", "1"]


def test_what_is_empty_in_every_row_is_left_out():
    assert aligned(("", "a", "b", "c"), [("x", "1", "", "y")]) == ["    a   c", "x   1   y"]


def test_the_inspected_runs_divide_without_a_rest():
    assert census_line(40, {"idle": 9, "not_started": 20}, 2) == (
        "40 runs inspected: 29 stuck, 2 without a partner, 9 not overdue."
    )


def test_a_message_is_shown_as_meta_took_it_and_its_number_is_masked():
    head, *text = message_block(7, sent())

    assert head == "  7  idle · in · hi · to +91•••••2345 · ✓"
    assert text == ["     Hi", "     *Progress:* 1 of 2"]


def test_a_link_is_shown_without_its_token():
    link = {"type": "URL", "text": "Open run", "url": f"{LINK}eyJ.abc-d_e.f"}
    reply = {"type": "QUICK_REPLY", "text": "Help"}

    lines = message_block(1, sent(taken=taken(f"Saree\n{LINK}eyJ.abc-d_e.f", link, reply)))

    assert lines[1:] == ["     Saree", f"     {LINK}…", f"     [Open run] {LINK}…"]


def test_messages_are_shown_by_what_they_are_about_and_then_as_they_came():
    came = [
        sent(subject=subject, body_text=str(n)) for n, subject in enumerate(["followup", "idle", "completed", "idle"])
    ]

    assert [message.body_text for message in in_order(came)] == ["1", "3", "2", "0"]


def test_the_plan_is_shown_without_what_an_account_is_not_to_have():
    said = [
        "AU (211): 1 create, 1 not_for_this_account",
        "  template  language  action                status",
        "  idle_v1   en        create",
        "  idle_v1   hi        not_for_this_account  ",
        "",
        "Europe (213): 1 create",
        "  idle_v1   en        create",
        "AU (211): 1 same, 1 not_for_this_account",
        "  idle_v1   en        same",
        "Template run (upsert) — 1 same",
    ]
    log = "".join(f"2026-11-23T04:30 [info     ] {line} [partner_messages.tasks.template_report]\n" for line in said)

    assert plan_of(f"2026-11-23T04:30 [info     ] another line [else]\n{log}") == "\n".join(said[:3] + said[4:7])


def test_a_very_long_text_is_cut_and_its_length_told():
    lines = message_block(1, sent(taken=taken("long " * 200)))

    assert "".join(lines).endswith("… (1,000 characters)")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"taken": None}, "the message log says sent, but the outbox does not hold it"),
        (
            {"taken": taken("Hi") | {"status": "failed", "error": {"title": "Re-engagement message"}}},
            "the message log says sent, but it failed on the way: Re-engagement message",
        ),
        ({"body_text": "Hello"}, "the outbox holds another text than the message log"),
        ({"to_phone": "+61412345678"}, "it went to another number than the message log says"),
        ({"subject": "followup", "body_text": "Saree", "taken": taken(f"Saree\n{LINK}x")}, None),
        (
            {"subject": "followup", "body_text": "Saree", "taken": taken(f"Shawl\n{LINK}x")},
            "the outbox holds another text than the message log",
        ),
    ],
)
def test_the_log_and_the_outbox_must_agree(changes, problem):
    assert sent(**changes).problem == problem


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+919829012345", "+91•••••2345"), ("+15122364500", "+1•••••4500"), ("+393123456789", "+39•••••6789")],
)
def test_a_number_is_shown_by_its_country_and_last_four_digits(phone, shown):
    assert masked(phone) == shown


def test_a_moment_is_told_as_people_tell_it():
    moment = dt.datetime(2026, 11, 3, 10, 5, tzinfo=ZoneInfo("Asia/Kolkata"))

    assert day_and_time(moment) == "Tuesday 3 November 2026, 10:05 IST"


def test_a_partner_s_messages_are_counted_under_both_policies_and_the_other_one_s_are_shown():
    told = [Told("live", "reminder", f"Run {number}") for number in range(5)]

    assert both_policies([*told, Told("dry_run", "digest", "3 runs await\n\nyour answer")]) == [
        "A partner with 5 stuck runs got 5 messages; with setting digest on: 1",
        "",
        "     3 runs await",
        "     your answer",
    ]


def test_a_line_that_is_too_long_for_the_screen_goes_on_below_itself():
    asked = "  Somebody wrote “help” and was answered: " + "a word " * 10

    assert one_screen([Part("Answers", [asked + "and no more."])]) == [
        *("", "Answers"),
        "  Somebody wrote “help” and was answered: a word a word a word a word a word a word a word a word a",
        "    word a word and no more.",
    ]


def test_the_screen_shows_the_beginnings_and_the_kept_page_signs_nobody_in():
    parts = [Part("The messages", ["one", "", "two"]), Part("Idle", ["three"], on_screen=False), Part("The end", [])]

    assert one_screen(parts) == ["", "The messages", "one", "", "The end"]
    assert kept_page(f"<head></head><a href='{LINK}eyJ.a'>") == (
        f"<head><style>form {{ display: none }}</style></head><a href='{LINK}…'>"
    )
