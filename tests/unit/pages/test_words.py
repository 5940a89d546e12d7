"""What the pages say of a message that was not sent."""

import datetime as dt

import pytest

from partner_messages.messages.skip_reasons import EXPLANATIONS
from partner_messages.pages.words import error, refusal, why_not_sent

NOTHING = {"left_alone_by": None, "holiday": None, "readings": None, "bad_column": None, "next_due": None}


@pytest.mark.parametrize(
    ("row", "ending"),
    [
        (
            {"skip_reason": "not_due", "next_due": dt.date(2026, 12, 2)},
            "today. The next reminder is due on Wed 2 Dec 2026.",
        ),
        ({"skip_reason": "ambiguous_phone", "readings": "+91•••• or +65••••"}, "code. It may be +91•••• or +65••••."),
        ({"skip_reason": "bad_data", "bad_column": "sent_at"}, "not have. It is the column sent_at."),
        (
            {"skip_reason": "partner_holiday", "holiday": "Onam", "next_due": dt.date(2026, 8, 27)},
            "(setting partners). It is Onam. The next reminder is due on Thu 27 Aug 2026.",
        ),
        ({"skip_reason": "paused", "left_alone_by": "asha"}, "for now or never. By asha."),
        ({"skip_reason": None}, ""),
    ],
)
def test_a_reason_says_what_the_row_knows_more_of(row, ending):
    assert why_not_sent(NOTHING | row).endswith(ending)


@pytest.mark.parametrize("reason", EXPLANATIONS)
def test_no_reason_sends_its_reader_to_a_column(reason):
    said = EXPLANATIONS[reason].meaning

    assert "`" not in said
    assert "variables" not in said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('DAG run params: "promised_until": must be a day.', "By: must be a day."),
        (
            "DAG run params: leave_alone_why is missing; to leave somebody alone, say leave_alone and leave_alone_why.",
            "Why is missing.",
        ),
        ("The token is missing; set it in whatsapp_in.", "The token is missing; set it in whatsapp_in."),
        ("Param leave_alone_id names “x”.", "The address names “x”."),
        ('DAG run params: "opt_out_why": must be a text.', "Why: must be a text."),
        ("The 3 of confirm_above.", "The 3 of confirm_above."),
    ],
)
def test_a_refusal_names_the_field_as_its_label_does(said, shown):
    assert refusal(said) == shown


@pytest.mark.parametrize(
    ("code", "detail", "shown"),
    [
        (None, "ConnectionError: ('Connection aborted.', RemoteDisconnected())", "broke off before an answer came"),
        (None, "graph.facebook.com was not reached: its name is not known here (ConnectionError)", "not be reached"),
        (None, "graph.facebook.com broke off before its answer was complete (ConnectionError)", "broke off before an"),
        (None, "graph.facebook.com did not answer in time; look at … (ReadTimeoutError)", "did not answer in time."),
        (131026, "Unable to deliver message.", "it is not on WhatsApp"),
        (987654, "Something new.", "987654: Something new."),
        (None, None, ""),
    ],
)
def test_an_error_is_told_in_words(code, detail, shown):
    assert shown in error({"error_code": code, "error_detail": detail})
