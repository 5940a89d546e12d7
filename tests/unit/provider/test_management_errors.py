"""What Meta's refusals mean when templates are managed."""

from __future__ import annotations

import itertools

import pytest

from whatsapp_provider.api.answers import Refused
from whatsapp_provider.api.errors import TOKEN_CODES
from whatsapp_provider.api.management_errors import RULES, Kind, refusal, rule_for


@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [
        (190, 463, Kind.ACCOUNT),
        (190, None, Kind.ACCOUNT),
        *((code, None, Kind.ACCOUNT) for code in sorted(TOKEN_CODES | {12, 2635, 2500, 2501, 803, 1609005})),
        (200, None, Kind.ACCOUNT),
        (368, None, Kind.ACCOUNT),
        (100, 33, Kind.ACCOUNT),
        (100, 2388019, Kind.ACCOUNT),
        (4, None, Kind.LATER),
        (80007, None, Kind.LATER),
        (80008, None, Kind.LATER),
        (613, None, Kind.LATER),
        (2, None, Kind.UNCLEAR),
        (100, 2388024, Kind.EXISTS),
        # Sources disagree on whether it means "exists" or "being deleted": looking again decides, not this code.
        (100, 2388023, Kind.TEMPLATE),
        (100, 2388039, Kind.TEMPLATE),
        (100, None, Kind.TEMPLATE),
        (999_999, None, Kind.TEMPLATE),
    ],
)
def test_a_code_and_its_subcode_say_how_far_a_refusal_reaches(code, subcode, kind):
    assert rule_for(code, subcode).kind is kind


def test_no_refusal_has_two_meanings():
    keys = [(code, rule.subcode) for rule in RULES for code in rule.codes]

    assert [key for key, same in itertools.groupby(sorted(keys, key=str)) if len(list(same)) > 1] == []


def test_a_refusal_becomes_one_sentence_that_names_the_connection():
    error = refusal("whatsapp_in", Refused(80007, retry_after=1510.0), "Rate limit issues.")

    assert str(error) == (
        "whatsapp_in: the account or the app has used up its calls of this hour; run it again later, in about 26"
        " minutes (80007: Rate limit issues)."
    )


def test_a_subcode_stands_beside_its_code():
    error = refusal("whatsapp_in", Refused(100, 2388072), "Body format is incorrect: {{1}} is not closed")

    assert str(error) == ("whatsapp_in: Meta refused it (100/2388072: Body format is incorrect: {{1}} is not closed).")
