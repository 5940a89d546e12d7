"""Whatever upkeep and a summary name has a heading in the runbook, or a row in the tables of reasons."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from partner_messages.message_log import silences
from partner_messages.message_log.answers import STOP_OF_NOBODY
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Promise
from partner_messages.ops.promises_due import broken_in_words
from partner_messages.ops.reasons import Reason
from partner_messages.ops.summarise import PAUSED, problems_of
from partner_messages.ops.summary import Summary
from partner_messages.planning import template_gate
from partner_messages.tasks import endings
from partner_messages.templates.approvals.gate import Approval
from partner_messages.webhook import account_news, apply, parsing
from partner_messages.webhook.events import Unrecognised
from partner_messages.webhook.statuses import Problem
from support.deployment import TICK
from support.examples import DAY, sender, tick
from support.webhooks import envelope, messages_change

DOCS = Path(__file__).resolve().parents[3] / "docs"
HEADINGS = re.findall(r"^### `(.+)`$", (DOCS / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
ANY_ITEM = "… items of webhooks could not be applied (…)…"

SUMMARY = Summary(
    tick=tick(),
    inspected=9,
    no_partner=0,
    found={},
    statuses={"queued": 1},
    skipped={},
    kept_by_meta={PAUSED: 1},
    stopped_senders={"in": "190 the token is dead"},
    unapproved={"t in hi on the account of in": 2},
    broken={132001: 1, 131000: 1},
    untold={uuid.UUID(int=1): "another run"},
)
ACCOUNT_NEWS = {"event": "DISABLED_UPDATE", "field": "account_update", "phone_number": "+911234567890", "waba_id": "2"}
ACCOUNT_NEWS["detail"] = {"ban_info": {"waba_ban_state": "DISABLE"}}
APPROVED = Approval("2", "t", "hi", "APPROVED", "UTILITY", "", "", 4, TICK, announced="MARKETING")
FLAGGED, RED = replace(APPROVED, status="FLAGGED", announced=""), replace(APPROVED, quality="RED", announced="")
SENDER = sender(waba_id="2")
PROMISE = Promise(
    id=uuid.UUID(int=2),
    production_run_id="R1",
    partner_id="P1",
    kind="idle",
    since=TICK,
    due_on=DAY,
    state="open",
    made_at=TICK,
    source="answer",
)
SAID = [
    *problems_of(SUMMARY, []),
    silences.in_words("in", TICK),
    account_news.account_event_sentence(ACCOUNT_NEWS),
    account_news.account_event_sentence({**ACCOUNT_NEWS, "phone_number": None}),
    account_news.account_event_sentence(
        {**ACCOUNT_NEWS, "field": "message_history", "event": "REFUSED", "detail": {"sender": "in", "said": "HTTP 403"}}
    ),
    broken_in_words(PROMISE),
    f"{STOP_OF_NOBODY}: answer 1 of 2026-11-23 04:30 UTC comes from somebody with a username.",
    *template_gate._warnings({("2", "t"): {"hi": APPROVED, "en": FLAGGED, "it": RED}}, [SENDER]),
    *(
        endings._failed({"ti": SimpleNamespace(xcom_pull=lambda said=said, **_: said)}, "send_messages", 2)
        for said in ([], ["No."])
    ),
    *(apply._error_sentence(problem.value, 2, message_id) for problem in Problem for message_id in (None, "an id")),
]
ODD = {
    "no JSON": b"{",
    "an unknown field": envelope({"field": "flows", "value": {}}),
    "an error of Meta's": envelope(messages_change(errors=[{"code": 130429, "title": "Rate limit"}])),
    "an unknown status": envelope(messages_change(statuses=[{"id": "w", "status": "seen", "timestamp": "1"}])),
    "nobody": envelope(messages_change(messages=[{"id": "w", "timestamp": "1790000000", "type": "text"}])),
}


def matching(said: str) -> list[str]:
    """The headings that a sentence stands under."""
    return [one for one in HEADINGS if re.fullmatch(".*".join(map(re.escape, one.split("…"))), said, re.DOTALL)]


@pytest.mark.parametrize("said", SAID, ids=lambda said: said[:60])
def test_what_is_named_has_one_heading_of_its_own(said: str) -> None:
    assert len([one for one in matching(said) if one != ANY_ITEM]) == 1


@pytest.mark.parametrize("case", ODD)
def test_whatever_cannot_be_read_has_a_heading(case: str) -> None:
    (item,) = (one for one in parsing.parse(ODD[case], TICK) if isinstance(one, Unrecognised))

    assert ANY_ITEM in matching(apply._error_sentence(item.why, 1, None))


PACKAGE = DOCS.parent / "plugins/partner_messages"


def texts_of(*paths: Path) -> str:
    """The code, with the pieces of its texts joined."""
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in paths))


SENTENCES = {
    "ops/summarise.py": r'(?:True|finds and not summary\.planned|bool\(\w+\)), *f?"(.+?)"[,)\n]',
    "ops/upkeep.py": r'"([^"]*messages of past days[^"]*)"',
    "webhook/sources.py": r'return \[f"(.+?)"\]',
    "webhook/shop_inbox.py": r'return \[f"(.+?)"\]',
    "message_log/position.py": r'"([^"]*(?:so nothing is sent from it|does not hold what a run kept)[^"]*)"',
    "message_log/server.py": r'"([^"]*(?:clocks are more than a minute apart| runs with )[^"]*)"',
    "deployment/installed_copies.py": r'"(\{package\} is there twice[^"]*)"',
    "planning/typed_ids.py": r'"([^"]*(?:would be refused|which the shop has deleted|which is no)[^"]*)"',
    "ops/notifier.py": r'"(The notifier [^"]*so nobody was told\.)"',
}
"""Where what is said only if something has gone wrong stands in the code."""


@pytest.mark.parametrize("file", SENTENCES)
def test_each_sentence_of_these_modules_has_one(file: str) -> None:
    found = re.findall(SENTENCES[file], re.sub(r",\s*f?\"", ', "', texts_of(PACKAGE / file)))
    page = " ".join(HEADINGS)

    assert found
    for one in found:
        pieces = [piece.strip() for piece in re.split(r"\{[^}]*\}|%[ds]", one) if len(piece.strip()) > 8]
        assert any(piece[:25] in page for piece in pieces), one


@pytest.mark.parametrize("name", [*Reason, *SkipReason])
def test_each_reason_has_a_row_for_operations(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "operations.md").read_text(encoding="utf-8")


def test_a_heading_is_of_something_that_is_said() -> None:
    code = texts_of(*PACKAGE.rglob("*.py"))
    for heading in HEADINGS:
        longest = max(re.split(r"…|[()]", heading), key=len).strip(" :,.")
        assert longest in code or any(heading in matching(one) for one in SAID), heading


def test_a_moment_is_said_in_india_s_time() -> None:
    assert "last heard 2026-11-23 10:00 IST" in silences.in_words("in", dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC))
