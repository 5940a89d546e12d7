"""An address that sends what is not signed is told to wait, and no other."""

from __future__ import annotations

from partner_messages.webhook.failure_limit import MAX_ADDRESSES, MAX_FAILURES, WINDOW_SECONDS, SignatureFailureLimit


def test_over_a_hundred_in_a_minute_is_too_many_for_a_minute():
    limit = SignatureFailureLimit()

    assert [limit.failed("a", 0.0) for _ in range(MAX_FAILURES)] == [False] * MAX_FAILURES
    assert limit.failed("a", 1.0)
    assert not limit.failed("b", 1.0)
    assert limit.failed("a", WINDOW_SECONDS + 0.9)
    assert not limit.failed("a", WINDOW_SECONDS + 1.0)


def test_a_hundred_in_each_minute_are_none_too_many():
    limit = SignatureFailureLimit()

    assert not any(limit.failed("a", minute * WINDOW_SECONDS) for minute in range(5) for _ in range(MAX_FAILURES))


def test_addresses_without_end_are_forgotten():
    limit = SignatureFailureLimit()
    for number in range(2 * MAX_ADDRESSES):
        limit.failed(str(number), 0.0)

    assert len(limit._counted) == MAX_ADDRESSES
