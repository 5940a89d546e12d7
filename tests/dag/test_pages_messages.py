"""Messages as list, file and page: what a filter finds, and what others have typed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid

import pytest

from sandbox.shop import partner_id
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, PHONE
from support.log_rows import Log, put
from support.pages import Visitor

NOBODY = str(uuid.UUID(int=0))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("statuss=failed", '"statuss" is no filter; "status" is.'),
        ("status=gone", '"gone" is none of'),
        ("reason=because", '"because" is none of'),
        ("since=2026-11-24&until=2026-11-23", "comes after the last"),
        ("since=2020-01-01&until=2026-11-23", "ask for less at once"),
        ("since=yesterday", "since"),
        ("partner=Nobody+At+All", "No partner has the id"),
        ("after=nowhere", "go back to the first page"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_an_error_in_words_and_never_everybody(
    op: Visitor, log: Log, asked: str, said: str
) -> None:
    put(log, "sent")
    html = op.get(f"/messages?{asked}", 400)
    assert said in html
    assert "Rajesh" not in html
    assert op.client.get(f"/partner-messages/messages.csv?{asked}").status_code == 400


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ("", {"A", "B", "C"}),
        ("status=failed", {"B"}),
        ("reason=no_phone", {"C"}),
        ("kind=reminder&run=A", {"A"}),
        (f"partner={PARTNER_ID}", {"A", "B", "C"}),
        ("sender=au", {"B"}),
        ("template=other_v1", {"A"}),
        ("since=2026-11-20&until=2026-11-20", {"D"}),
        ("since=2026-11-20", {"A", "B", "C", "D"}),
    ],
)
def test_filters_narrow(op: Visitor, log: Log, asked: str, runs: set[str]) -> None:
    put(log, "sent", "A", template_name="other_v1")
    put(log, "failed", "B", sender="au")
    put(log, "skipped", "C", skip_reason="no_phone")
    put(log, "sent", "D", day=dt.date(2026, 11, 20))
    assert set(re.findall(r'/runs/(\w)"', op.get(f"/messages?{asked}"))) == runs


def test_a_long_list_is_read_page_by_page_and_has_each_message_once(op: Visitor, log: Log) -> None:
    wanted = {str(put(log, "sent", f"R{number}")) for number in range(120)}
    address, seen = "/messages", list[str]()
    while address:
        html = op.get(address)
        seen += re.findall(r'/messages/([0-9a-f-]{36})"', html)
        following = re.search(r'rel="next" href="([^"]*)"', html)
        address = f"/messages{following.group(1)}" if following else ""
    assert (len(seen), set(seen)) == (120, wanted)


def test_the_file_opens_in_a_spreadsheet_and_runs_nothing_there(op: Visitor, log: Log) -> None:
    put(log, "sent", body_text='=HYPERLINK("https://evil.example.com")', error_detail="@SUM(1)")
    answer = op.client.get("/partner-messages/messages.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="messages-2026-11-23-2026-11-23.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert line["Text"] == '\'=HYPERLINK("https://evil.example.com")'
    assert line["Error"] == "'@SUM(1)"
    assert PHONE not in answer.text
    assert "•••••" in line["Number"]


def test_what_somebody_typed_is_shown_and_not_run(op: Visitor, log: Log) -> None:
    sent = put(log, "failed", body_text="<script>alert(1)</script>", error_detail="<img src=x>")
    answer = op.client.get(f"/partner-messages/messages/{sent}").text
    assert "<script>alert" not in answer
    assert "<img" not in answer
    assert "&lt;script&gt;alert(1)" in answer


def test_a_message_shows_its_ladder_its_error_and_what_an_earlier_one_has_told(op: Visitor, log: Log) -> None:
    at = TICK.astimezone(dt.UTC)
    first = put(log, "read", claimed_at=at, sent_at=at, delivered_at=at, read_at=at)
    second = put(log, "skipped", skip_reason="duplicate", duplicate_of=first)
    html = op.get(f"/messages/{first}")
    assert [name in html for name in ("accepted by Meta", "delivered", "read")] == [True] * 3
    assert html.count("<time>Mon 23 Nov, 10:00</time>") == 4
    assert f"/messages/{first}" in op.get(f"/messages/{second}")
    assert "There is no message" in op.get(f"/messages/{NOBODY}", 400)


def test_a_partner_whose_name_is_blank_is_called_by_the_id(op: Visitor, log: Log) -> None:
    blank = partner_id("NAMEGAP")
    put(log, "sent", partner_id=blank)
    assert f">{blank}</a>" in op.get("/messages")


def test_a_filter_that_little_answers_to_looks_back_some_days_at_once_and_offers_more(op: Visitor, log: Log) -> None:
    for days in (0, 70, 130):
        put(log, "failed", f"R{days}", day=DAY - dt.timedelta(days=days), error_code=987654, error_detail=f"{days} ago")
    page = op.get("/messages?since=2025-12-01&until=2026-11-23&status=failed")
    said = []
    for _ in range(9):
        said += re.findall(r"(\d+) ago", page)
        onwards = re.search(r'id="older" rel="next" href="(\?[^"]+)"', page)
        if not onwards:
            break
        assert "Look further back" in page
        assert "since Fri 25 Sep 2026" in page or len(said) > 1 or "Nothing answers" in page
        page = op.get("/messages" + onwards.group(1))
    assert said == ["0", "70", "130"]
    assert "Look further back" not in page
    assert "130 ago" in op.get(f"/messages?since=2025-12-01&until=2026-11-23&partner={PARTNER_ID}")
