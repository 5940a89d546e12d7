"""The table of skip reasons."""

from __future__ import annotations

import pytest

from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.recipients.phone import PhoneProblem

DESIGN = frozenset(
    {
        *("duplicate", "no_partner", "partner_inactive", "no_phone", "invalid_phone", "no_sender", "no_template"),
        *("no_approved_template", "no_consent", "already_in_shop", "over_limit", "not_due", "moved_on", "expired"),
        *("refused_today", "outside_24h_window", "opted_out", "paused", "stale_event", "state_mismatch"),
        *("no_template_for_event", "no_picture", "no_common_hours", "escalated", "ambiguous_phone"),
        *("partner_holiday", "waits_for_material", "bad_data", "promised", "answered", "unreachable", "control_group"),
        *("not_approved", "held"),
    }
)
"""The names other people's code relies on (docs/design.md, "Skip reasons")."""


def test_every_reason_is_one_of_the_design() -> None:
    assert {reason.value for reason in SkipReason} <= DESIGN


def test_every_reason_is_explained_and_nothing_else_is() -> None:
    assert set(EXPLANATIONS) == set(SkipReason)


@pytest.mark.parametrize("reason", list(SkipReason))
def test_an_explanation_is_a_sentence_and_names_who_acts(reason: SkipReason) -> None:
    explanation = EXPLANATIONS[reason]

    assert explanation.meaning.endswith(".")
    assert explanation.meaning[0].isupper()
    assert explanation.acts in {"nobody", "operations", "partner", "engineer"}
    assert not (explanation.escalates and explanation.acts == "nobody")


@pytest.mark.parametrize("problem", list(PhoneProblem))
def test_every_problem_of_a_phone_is_a_skip_reason(problem: PhoneProblem) -> None:
    assert SkipReason(problem).value == problem.value
