"""A webhook is Meta's if its raw bytes were signed with one of the secrets, and by nothing else."""

from __future__ import annotations

import json

import pytest

from partner_messages.webhook.signature import challenge_of, is_signed, sign
from support.webhooks import encoded

HINDI = encoded({"text": {"body": "सामग्री देर से आई 🙏🏽, http://x/y"}})
OURS = ["an old secret", "a new secret"]


@pytest.mark.parametrize("secret", OURS)
def test_a_body_is_signed_with_either_secret_while_one_is_rotated(secret):
    assert is_signed(HINDI, [sign(HINDI, secret)], OURS)


def test_the_digits_may_be_of_either_case():
    assert is_signed(HINDI, ["sha256=" + sign(HINDI, OURS[0])[7:].upper()], OURS)


def test_the_bytes_count_and_not_what_they_mean():
    again = json.dumps(json.loads(HINDI), ensure_ascii=False).encode()

    assert json.loads(again) == json.loads(HINDI)
    assert not is_signed(again, [sign(HINDI, OURS[0])], OURS)


GOOD = sign(HINDI, OURS[0])


@pytest.mark.parametrize(
    "signatures",
    [
        [],
        [""],
        [GOOD, GOOD],
        [GOOD[7:]],
        ["sha1=" + GOOD[7:]],
        ["SHA256=" + GOOD[7:]],
        [GOOD + " "],
        [GOOD + "\n"],
        [GOOD[:-1]],
        [GOOD + "0"],
        [GOOD[:-1] + "é"],
        ["sha256=" + "\N{DEVANAGARI DIGIT ZERO}" * 64],
        [sign(HINDI, "another secret")],
        [sign(HINDI + b" ", OURS[0])],
    ],
)
def test_everything_else_is_nobody_s(signatures):
    assert not is_signed(HINDI, signatures, OURS)


def test_without_a_secret_nothing_is_signed():
    assert not is_signed(HINDI, [sign(HINDI, "")], [])


ASKED = {"hub.mode": "subscribe", "hub.verify_token": "टोकन", "hub.challenge": "1158201444"}


def test_the_challenge_is_given_back_for_any_sender_s_token():
    assert challenge_of(ASKED.items(), ["other", "टोकन"]) == "1158201444"


@pytest.mark.parametrize(
    "changes",
    [
        {"hub.mode": "unsubscribe"},
        {"hub.mode": None},
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.verify_token": None},
        {"hub.challenge": None},
        {"hub.challenge": ""},
        {"hub.challenge": "9" * 1001},
        {"hub.verify_token": "\ud800"},
    ],
)
def test_nothing_else_is_answered(changes):
    asked = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}

    assert challenge_of(asked.items(), ["other", "टोकन"]) is None


@pytest.mark.parametrize("name", ASKED)
def test_what_is_given_twice_is_not_answered(name):
    assert challenge_of([*ASKED.items(), (name, ASKED[name])], ["टोकन"]) is None


def test_an_empty_token_is_nobody_s():
    assert challenge_of({**ASKED, "hub.verify_token": ""}.items(), []) is None
