"""Every task of a run killed at a random moment, and plannings of all kinds at once: each run is spoken of once."""

from __future__ import annotations

import collections
import multiprocessing
import random
from collections.abc import Callable
from typing import Any

import pytest

from partner_messages.database.session import Session
from sandbox.connections import connections
from sandbox.shop.expectations import expectations
from support.children import Child
from support.deployment import Deployment
from support.event_examples import ASSIGNED, OTHER_RUN, REMINDER, RUN, conf
from support.event_runs import tell_together
from support.fault_table import Tally
from support.killed_tick import KilledTick
from support.log_rows import Log, everything
from support.restoring import empty, restore_shop
from support.rough_weather import ended_of
from support.submitted import submit_templates
from support.task_work import found, whole_tick

pytestmark = pytest.mark.usefixtures("in_chunks")
TO_SEND = sorted(run_id for run_id, one in expectations().items() if one.outcome == "send")


def asked_of_meta(log: Log, graph_api: Any) -> list[tuple[str, str]]:
    """The kind and the run of each message that the local Graph API has taken."""
    rows = {str(row["id"]): row for row in everything(log)}
    taken = [rows[message["biz_opaque_callback_data"]] for message in graph_api.outbox()]
    return sorted((row["message_kind"], row["production_run_id"]) for row in taken)


def left_behind(log: Log) -> dict[str, Any]:
    """What a run has found, decided and escalated, which must all be there once."""
    return {
        "stuck": sorted(
            (row["production_run_id"], row["kind"]) for row in log.execute("SELECT * FROM stuck_run").fetchall()
        ),
        "decided": sorted(
            (row["production_run_id"], row["skip_reason"] or "")
            for row in everything(log)
            if row["message_kind"] != "followup"
        ),
        "left alone": [
            row["production_run_id"]
            for row in log.execute("SELECT production_run_id FROM left_alone WHERE ended_at IS NULL").fetchall()
        ],
        "waits": log.execute("SELECT DISTINCT 1 FROM tick WHERE awaits_approval").fetchall(),
        "escalated": sorted(
            (row["production_run_id"], row["reason"]) for row in log.execute("SELECT * FROM escalation").fetchall()
        ),
    }


def in_the_inbox(shop: Session) -> list[str]:
    """Meta's ids of the messages that were written into the shop's inbox."""
    found = shop.execute("SELECT wa_message_id FROM messaging_message WHERE wa_message_id NOT LIKE 'wamid.sample-%'")
    return sorted(row["wa_message_id"] for row in found.fetchall())


@pytest.mark.slow
def test_every_task_is_killed(
    start: Callable[..., Child],
    deployment: Deployment,
    log: Log,
    log_url: str,
    shop: Session,
    shop_url: str,
    graph_api: Any,
    rounds: range,
    tally: Tally,
) -> None:
    made = connections(shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url, shop_inbox_url=shop_url)
    deployment.connect("shop_inbox_db", made["shop_inbox_db"])
    deployment.set(mirror_to_shop=True)
    lasts: dict[str, float] = {}
    unkilled = KilledTick(log, start, None, lasts)
    counts = unkilled.go_through()
    expected, sent = left_behind(log), asked_of_meta(log, graph_api)
    assert counts is not None
    assert [run_id for kind, run_id in sent if kind == "reminder"] == TO_SEND

    for number in rounds:
        empty(log)
        restore_shop(shop)
        graph_api.reset()
        killed = KilledTick(log, start, random.Random(number), lasts)
        again = killed.go_through()

        gone = asked_of_meta(log, graph_api)
        rows = everything(log)
        doubtful = {(row["message_kind"], row["production_run_id"]) for row in rows if row["status"] == "unknown"}
        # What is in doubt is not followed up.
        missing = set(sent) - set(gone) - doubtful
        tally.add(
            messages=len(sent),
            duplicates=len(gone) - len(set(gone)),
            unknown=len(doubtful),
            lost=sum(not (kind == "followup" and ("reminder", run_id) in doubtful) for kind, run_id in missing),
        )
        assert killed.killed
        assert left_behind(log) == expected
        assert in_the_inbox(shop) == sorted(row["meta_message_id"] for row in rows if row["status"] == "sent")
        assert not {"queued", "sending"} & {row["status"] for row in rows}
        if not doubtful:
            assert again == counts
    assert (tally.duplicates, tally.lost) == (0, 0)


@pytest.mark.slow
def test_plannings_and_events_at_once(
    start: Callable[..., Child],
    deployment: Deployment,
    log: Log,
    graph_api: Any,
    rounds: range,
    tally: Tally,
) -> None:
    once = {("reminder", run_id) for run_id in TO_SEND} | {("event", RUN)}
    for number in rounds:
        empty(log)
        graph_api.reset()
        submit_templates()
        asked = random.Random(number).choice([RUN, OTHER_RUN])
        told = [conf(ASSIGNED), conf(ASSIGNED, event_id="again"), conf(REMINDER, asked)]
        together = multiprocessing.get_context("forkserver").Barrier(2 + len(told), timeout=60)
        at_once = [start(whole_tick, found(run_id), together, ("plan", "send")) for run_id in ("run 1", "run 2")]
        at_once += [start(tell_together, one, f"event {of}", together) for of, one in enumerate(told)]
        assert [ended_of(child) for child in at_once] == [None] * len(at_once)

        gone = collections.Counter(asked_of_meta(log, graph_api))
        tally.add(
            messages=len(once),
            duplicates=sum(gone.values()) - len(gone),
            unknown=sum(row["status"] == "unknown" for row in everything(log)),
            lost=len(once - gone.keys()),
        )
        assert gone.keys() == once
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)
