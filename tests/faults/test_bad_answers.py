"""Answers that no Meta should give: each costs its own message at most, never its neighbours'."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from partner_messages.sending import dispatch
from partner_messages.sending.gate import SenderStopped
from support.fault_table import Tally
from support.log_rows import Log
from support.sending import ScriptedMeta, dispatch_of, messages, queue_messages, statuses
from whatsapp_provider.api.answers import Answer, read_answer
from whatsapp_provider.masking import MAX_TEXT_LENGTH

GOOD = "wamid.HBgMOTE5ODI5MDEyMzQ1FQIAERgSQUJDREVGMDEyMzQ1Njc4OTAxAA=="
HUGE = 2_000_000


def taken(id_: Any, **more: Any) -> bytes:
    return json.dumps({"messages": [{"id": id_, **more}]}).encode()


def refused(**error: Any) -> bytes:
    return json.dumps({"error": {"type": "OAuthException", "fbtrace_id": "A1", "code": 131026, **error}}).encode()


BAD: list[tuple[str, int, bytes, str]] = [
    ("an id that no index takes", 200, taken("w" * HUGE), "unknown"),
    ("an id that is a little too long", 200, taken("w" * 513), "unknown"),
    ("an id with a NUL", 200, taken("wamid.\0A"), "unknown"),
    ("an id with half a character", 200, taken("wamid.\ud800A"), "unknown"),
    ("an id with a line break", 200, taken("wamid.A\nB"), "unknown"),
    ("an id of blanks", 200, taken("   "), "unknown"),
    ("an empty id", 200, taken(""), "unknown"),
    ("an id that is a number", 200, taken(7), "unknown"),
    ("an id that is a list", 200, taken([GOOD]), "unknown"),
    ("no id", 200, b'{"messages": [{}]}', "unknown"),
    ("no message", 200, b'{"messages": []}', "unknown"),
    ("messages that are an object", 200, b'{"messages": {"id": "wamid.A"}}', "unknown"),
    ("a status that is huge", 200, taken(GOOD, message_status="p" * HUGE), "sent"),
    ("a status with a NUL", 200, taken(GOOD, message_status="a\0"), "sent"),
    ("an id under an error's status", 500, taken(GOOD), "unknown"),
    ("nothing", 200, b"", "unknown"),
    ("half of the answer", 200, taken(GOOD)[:30], "unknown"),
    ("a page", 200, b"<html>Welcome to the hotel</html>", "unknown"),
    ("no text", 200, b"\xff\xfe\x00\x80", "unknown"),
    ("a number that JSON does not know", 200, b'{"messages": NaN}', "unknown"),
    ("a number of a million digits", 200, b'{"messages": ' + b"9" * 1_000_000 + b"}", "unknown"),
    ("brackets without end", 200, b"[" * HUGE, "unknown"),
    ("a gateway's error", 502, b'{"error": {"code": 502}}', "unknown"),
    ("an error without a code", 500, refused(code=None), "unknown"),
    ("a code that is no number", 500, refused(code="OAuth"), "unknown"),
    ("a code that no column takes", 500, refused(code=2**40), "unknown"),
    ("details without end", 400, refused(message="x" * HUGE), "failed"),
    ("details with a NUL", 400, refused(error_data={"details": "a\0b"}), "failed"),
    ("details with half a character", 400, refused(error_data={"details": "a\udfffb"}), "failed"),
    ("details that are a list", 400, refused(error_data=["x"], message=None), "failed"),
    ("a subcode that no column takes", 400, refused(error_subcode=2**70), "failed"),
]


def test_thirty_bad_answers_cost_their_neighbours_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    monkeypatch.setattr(dispatch, "IN_VAIN", len(BAD))  # They come in no order: several in a row are not Meta's end.
    ids = queue_messages(log, 2 * len(BAD))
    bad = dict(zip(map(str, ids[::2]), BAD, strict=True))

    def answer(payload: dict[str, Any]) -> Answer:
        _, status, body, _ = bad.get(payload["id"], ("", 200, taken(GOOD), ""))
        return read_answer(status, {}, body)

    meta = ScriptedMeta(answer)
    dispatch_of(log, meta, per_second=1.0e4).send(ids)

    ends = statuses(log, ids)
    tally.add(
        messages=len(ids),
        duplicates=len(meta.requests) - len(set(meta.requests)),
        unknown=ends.count("unknown"),
        lost=sum(end not in ("sent", "unknown", "failed") for end in ends),
    )
    assert dict(zip([name for name, *_ in BAD], statuses(log, ids[::2]), strict=True)) == {
        name: end for name, *_, end in BAD
    }
    assert set(statuses(log, ids[1::2])) == {"sent"}
    assert max(len(row["error_detail"] or "") for row in messages(log, ids)) <= MAX_TEXT_LENGTH


@pytest.mark.parametrize("code", [190, 132001], ids=["the sender is stopped", "the template is refused"])
def test_bad_words_of_meta_s_keep_nobody_from_writing_down_what_it_said(log: Log, code: int) -> None:
    body = refused(code=code, error_data={"details": "a\0b\ud800" + "x" * HUGE})
    (id_,) = queue_messages(log)
    meta = ScriptedMeta(lambda _: read_answer(400, {}, body))

    with contextlib.suppress(SenderStopped):
        dispatch_of(log, meta).send([id_])

    (row,) = messages(log, [id_])
    stopped = log.execute("SELECT error_detail FROM sender_stop").fetchall()
    said = [row["error_detail"], *(stop["error_detail"] for stop in stopped)]
    assert [f"({code}: ab?xxx" in one for one in said] == [True] * len(said)
    assert len(said) == (2 if code == 190 else 1)
