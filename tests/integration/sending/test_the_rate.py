"""Messages leave no faster than the number may send, and no slower than they could."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.sending.pacing import Pacer
from support.at_once import at_once
from support.log_rows import Log
from support.sending import ScriptedMeta, SendTask, dispatch_of, queue_messages, statuses, taken
from whatsapp_provider.api.answers import Accepted, Answer, Refused
from whatsapp_provider.api.errors import Action, NextStep


def too_fast(graph_api: Any) -> int:
    """How often the local Graph API found the number too fast."""
    return sum(seen["code"] == 130429 for seen in graph_api.requests(last=5000)["last"])


def test_a_chunk_keeps_within_metas_limit(send: SendTask, log: Log, graph_api: Any) -> None:
    # A sixth below the limit: on a busy machine the local Graph API may count a request late.
    graph_api.set_rate(240)
    send.set_rate(200)
    ids = queue_messages(log, 300)

    assert send(ids).counts == {"sent": 300}
    assert too_fast(graph_api) == 0
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


def test_chunks_at_work_together_keep_within_it_too(send: SendTask, log: Log, graph_api: Any) -> None:
    graph_api.set_rate(240)
    send.set_rate(200)
    chunks = [queue_messages(log, 40) for _ in range(4)]

    at_once(*[lambda chunk=chunk: send(chunk) for chunk in chunks])

    assert too_fast(graph_api) == 0
    assert len(taken(graph_api)) == 160


def test_a_number_that_is_too_fast_after_all_sends_everything(
    send: SendTask, log: Log, graph_api: Any, steps: list[NextStep]
) -> None:
    graph_api.fail_next(130429, times=5, skip=10)
    ids = queue_messages(log, 30)

    assert send(ids).counts == {"sent": 30}
    assert [step.action for step in steps] == [Action.RETRY_NOW] * 5
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


def test_a_pause_that_meta_asks_for_is_everybodys(
    log: Log, monkeypatch: pytest.MonkeyPatch, steps: list[NextStep]
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(Pacer, "slow_down", lambda _pacer, pause: asked.append(pause))
    ids = queue_messages(log, 2)
    refusals: list[Answer] = [Refused(130429, retry_after=0.25), Refused(131056, retry_after=0.25)]
    meta = ScriptedMeta(lambda _: refusals.pop() if refusals else Accepted("wamid.A"))

    dispatch_of(log, meta, per_second=40).send(ids)

    assert asked == [0.25]
    assert statuses(log, ids) == ["sent", "sent"]


def test_nothing_is_claimed_long_before_its_turn(log: Log) -> None:
    ids = queue_messages(log, 3)
    ahead: list[int] = []

    def answered(_: dict[str, Any]) -> Answer:
        ahead.append(statuses(log, ids).count("sending"))
        return Accepted("wamid.A")

    dispatch_of(log, ScriptedMeta(answered), per_second=4).send(ids)

    assert statuses(log, ids) == ["sent"] * 3
    assert ahead == [1, 1, 1]


def test_slow_answers_do_not_slow_sending_down(send: SendTask, log: Log, graph_api: Any) -> None:
    graph_api.hang_next(times=40)
    ids = queue_messages(log, 40)

    def release_when_all_hang() -> int:
        hanging: int = graph_api.wait_for_hanging(40)
        graph_api.release()
        return hanging

    _, hanging = at_once(lambda: send(ids), release_when_all_hang)

    assert hanging == 40
    assert statuses(log, ids) == ["sent"] * 40
