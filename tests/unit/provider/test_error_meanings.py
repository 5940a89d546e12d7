"""The table of Meta's error codes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_provider.api.errors import (
    DETAILS_RULES,
    INVISIBLE_OBJECT,
    MAX_WAIT_IN_TASK,
    MEANINGS,
    TOKEN_CODES,
    TRANSIENT,
    UNKNOWN_CODE,
    Action,
    NextStep,
    classify,
    next_step,
)

EVERY_MEANING = [*MEANINGS, *(rule.meaning for rule in DETAILS_RULES), TRANSIENT, UNKNOWN_CODE]
REFUSED_TODAY = {131026, 131049, 131050, 130472, 130403, 130497}

EXPECTED = {
    Action.STOP_SENDER: [
        *(0, 190, 3, 10, 200, 250, 299, 131005, 33, 368, 131031, 131042, 131045, 131037, 133006, 133010),
        *(131048, 131064, 133000, 133005, 133008, 133009, 133015, 133016),
        *(12, 32, 101, 102, 104, 463, 803, 2500, 2635),
    ],
    Action.RETRY_NOW: [130429, 131056, 2, 131016, 133004, 1, 131000],
    Action.RETRY_LATER: [4, 17, 341, 613, 80007, 80008, 131057],
    Action.GIVE_UP: [
        *sorted(REFUSED_TODAY),
        *(132001, 132015, 132016, 100, 131008, 131009, 131021, 131030, 131047, 131051, 131052, 131053, 131055),
        *(131062, 131063, 132000, 132005, 132007, 132008, 132012, 132018, 132021, 134100, 134101, 134102, 135000),
    ],
}


@pytest.mark.parametrize(("action", "code"), [(action, code) for action, codes in EXPECTED.items() for code in codes])
def test_a_code_means_what_the_reference_says(action, code):
    meaning = classify(code)
    assert meaning.action is action
    assert meaning is not UNKNOWN_CODE


def test_no_code_has_two_meanings():
    counts = Counter(code for meaning in MEANINGS for code in meaning.codes)
    assert [code for code, count in counts.items() if count > 1] == []


def test_the_recipients_own_refusals_are_the_designs_six():
    assert {code for meaning in MEANINGS if meaning.recipient for code in meaning.codes} == REFUSED_TODAY


def test_the_templates_own_refusals_are_three():
    assert {code for meaning in MEANINGS if meaning.template for code in meaning.codes} == {132001, 132015, 132016}


@pytest.mark.parametrize("meaning", EVERY_MEANING, ids=lambda meaning: meaning.meaning)
def test_a_meaning_is_complete(meaning):
    assert (meaning.backoff is not None) == (meaning.action in (Action.RETRY_NOW, Action.RETRY_LATER))
    assert not (meaning.recipient and meaning.template)
    assert meaning.meaning
    assert not meaning.meaning.endswith(".")
    assert meaning.advice.endswith(".")


@given(st.one_of(st.none(), st.integers()), st.text(), st.one_of(st.none(), st.integers()))
def test_every_refusal_has_a_meaning(code, details, subcode):
    assert classify(code, details, subcode) in EVERY_MEANING


@pytest.mark.parametrize("code", [None, 999_999, -1, 199, 300])
def test_an_unknown_code_is_still_a_definite_refusal(code):
    assert classify(code) is UNKNOWN_CODE
    assert UNKNOWN_CODE.action is Action.GIVE_UP


def test_a_code_that_nobody_knows_is_tried_again_where_meta_says_that_it_will_pass():
    assert classify(999_999, transient=True) is TRANSIENT
    assert TRANSIENT.action is Action.RETRY_NOW
    assert classify(131026, transient=True) is classify(131026)


@pytest.mark.parametrize(
    ("code", "advice"), [(2635, "api_version"), (2500, "api_version"), (32, "token"), (102, "token")]
)
def test_what_every_request_would_meet_says_what_to_change(code, advice):
    assert advice in classify(code).advice


def test_what_concerns_the_token_stops_the_sender():
    assert {0, 102, 190} <= TOKEN_CODES
    assert {classify(code).action for code in TOKEN_CODES} == {Action.STOP_SENDER}


def test_an_object_that_cannot_be_seen_stops_the_sender():
    sentence = (
        "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to missing permissions"
    )
    assert classify(100, "", 33) is INVISIBLE_OBJECT
    assert classify(100, sentence) is INVISIBLE_OBJECT
    assert classify(100, "Invalid parameter", 34).action is Action.GIVE_UP


@pytest.mark.parametrize("code", [100, 132000, 132018])
def test_a_parameters_shape_is_told_by_the_details_whatever_the_code(code):
    details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
    meaning = classify(code, details)
    assert meaning.action is Action.GIVE_UP
    assert "newline" in meaning.meaning
    assert "newline" not in classify(code).meaning


@pytest.mark.parametrize(
    ("details", "action"),
    [
        ("Downloading media from weblink failed with http code 429", Action.RETRY_NOW),
        ("Downloading media from weblink failed with http code 503", Action.RETRY_NOW),
        ("Downloading media from weblink timed out", Action.RETRY_NOW),
        ("Downloading media from weblink failed with http code 404", Action.GIVE_UP),
        ("Media file size too big", Action.GIVE_UP),
    ],
)
def test_a_picture_is_tried_again_only_when_its_server_was_busy(details, action):
    assert classify(131053, details).action is action


def steps(code, count, retry_after=None):
    return [next_step(classify(code), refusals, retry_after) for refusals in range(1, count + 1)]


def test_a_pair_waits_on_metas_own_schedule():
    assert steps(131056, 5) == [
        NextStep(Action.RETRY_NOW, 1),
        NextStep(Action.RETRY_NOW, 4),
        NextStep(Action.RETRY_NOW, 16),
        NextStep(Action.RETRY_LATER, 64),
        NextStep(Action.RETRY_LATER, 256),
    ]


def test_throughput_waits_seconds_and_then_goes_back_to_the_queue():
    assert steps(130429, 6) == [
        *(NextStep(Action.RETRY_NOW, seconds) for seconds in (1, 2, 4, 8, 16)),
        NextStep(Action.RETRY_LATER, 16),
    ]


@pytest.mark.parametrize("code", [1, 131000])
def test_what_meta_cannot_explain_is_given_up_after_two_repetitions(code):
    assert steps(code, 3) == [NextStep(Action.RETRY_NOW, 2), NextStep(Action.RETRY_NOW, 4), NextStep(Action.GIVE_UP)]


@pytest.mark.parametrize(("code", "least"), [(131057, 60), (4, 300), (80007, 300)])
def test_a_long_wait_is_the_queues(code, least):
    first = steps(code, 1)[0]
    assert first.action is Action.RETRY_LATER
    assert first.seconds >= least


@pytest.mark.parametrize("code", [190, 131026, 132001, 999_999])
def test_what_is_not_tried_again_waits_for_nothing(code):
    assert steps(code, 1, retry_after=60) == [NextStep(classify(code).action)]


def test_metas_wish_is_honoured_where_it_is_longer():
    assert steps(130429, 1, retry_after=9) == [NextStep(Action.RETRY_NOW, 9)]
    assert steps(130429, 4, retry_after=3)[3] == NextStep(Action.RETRY_NOW, 8)
    assert steps(130429, 1, retry_after=90) == [NextStep(Action.RETRY_LATER, 90)]
    assert steps(80007, 1, retry_after=1200) == [NextStep(Action.RETRY_LATER, 1200)]


@given(st.sampled_from(EVERY_MEANING), st.integers(1, 10_000), st.one_of(st.none(), st.floats(0, 3600)))
def test_no_task_waits_long_or_for_ever(meaning, refusals, retry_after):
    step = next_step(meaning, refusals, retry_after)
    assert 0 <= step.seconds <= 3600
    if step.action is Action.RETRY_NOW:
        assert refusals <= 5
        assert step.seconds <= MAX_WAIT_IN_TASK
