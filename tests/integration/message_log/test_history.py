"""What planning asks the message log about the past, and what is found stuck."""

from __future__ import annotations

import datetime as dt
import functools
import math
from typing import Any

import pytest

from partner_messages.message_log import history
from partner_messages.message_log.ticks import note_counts, record_stuck, start_tick
from partner_messages.messages.kinds import Census, ReminderKind, StuckRun
from partner_messages.messages.values import SlotHolder
from support.deployment import TICK
from support.examples import DAY, PHONE, ago, stuck_run, tick
from support.log_rows import Log, put
from whatsapp_provider.api.errors import RECIPIENT_CODES

YESTERDAY = DAY - dt.timedelta(days=1)
NOT_ON_WHATSAPP, TEMPLATE_REFUSED = 131026, 132001
KIND = ReminderKind.ASSIGNMENT_PENDING

record = functools.partial(record_stuck, observed_at=TICK)


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "delivered", "read", "unknown", "rehearsed"])
def test_a_slot_has_a_holder_with_its_status_and_tick(log: Log, status: str) -> None:
    id_ = put(log, status, "R1", by=1)

    assert history.slot_holders(log, tick(2), ["R1", "R2"], TICK) == {"R1": SlotHolder(id_, status, tick(1).id)}


@pytest.mark.parametrize("event_name", [None, "production_run.reminder_idle"])
def test_of_a_slot_s_holder_it_is_known_whether_an_event_asked_for_it(log: Log, event_name: str | None) -> None:
    put(log, "queued", "R1", event_name=event_name)

    assert history.slot_holders(log, tick(2), ["R1"], TICK)["R1"].asked_by_event is (event_name is not None)


def test_every_run_of_a_digest_has_the_digest_for_its_holder(log: Log) -> None:
    id_ = put(log, "sent", "R1", "R2", context_type="partner", context_id="P1:digest", message_kind="digest")

    holders = history.slot_holders(log, tick(2), ["R1", "R2"], TICK)

    assert {run_id: holder.id for run_id, holder in holders.items()} == {"R1": id_, "R2": id_}


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        ("failed", {}),
        ("skipped", {}),
        ("sent", {"day": YESTERDAY}),
        ("sent", {"delivery": "redirect"}),
        ("sent", {"message_kind": "followup", "context_id": "R1:reminder:image"}),
        ("sent", {"message_kind": "event", "context_id": "R1:cancelled:P1"}),
    ],
)
def test_what_does_not_hold_the_slot_is_no_holder(log: Log, status: str, columns: dict[str, Any]) -> None:
    put(log, status, "R1", **columns)

    assert history.slot_holders(log, tick(2), ["R1"], TICK) == {}
    assert history.slot_holders(log, tick(2), [], TICK) == {}


def test_a_run_was_last_reminded_on_the_latest_day_before_today(log: Log) -> None:
    for days in (9, 2, 5, 0, -1):
        put(log, "sent", "R1", day=ago(days))

    assert history.last_reminded(log, tick(), ["R1", "R2"]) == {"R1": ago(2)}


@pytest.mark.parametrize(
    ("status", "columns", "counts"),
    [
        ("sent", {}, True),
        ("delivered", {}, True),
        ("read", {}, True),
        ("unknown", {}, True),
        ("rehearsed", {}, True),
        ("failed", {}, False),
        ("skipped", {}, False),
        ("queued", {}, False),
        ("sending", {}, False),
        ("sent", {"delivery": "dry_run"}, False),
        ("sent", {"delivery": "redirect"}, False),
        ("sent", {"message_kind": "followup", "context_id": "R1:image"}, False),
        ("sent", {"message_kind": "event", "context_id": "R1:event"}, False),
    ],
)
def test_a_reminder_counts_once_meta_took_it_in_this_delivery_s_own_history(
    log: Log, status: str, columns: dict[str, Any], counts: bool
) -> None:
    put(log, status, "R1", day=YESTERDAY, **columns)

    assert history.last_reminded(log, tick(), ["R1"]) == ({"R1": YESTERDAY} if counts else {})


def test_phones_that_meta_refused_today_for_the_recipient_s_sake_are_known(log: Log) -> None:
    refused = {"error_code": NOT_ON_WHATSAPP}
    put(log, "failed", "R1", **refused)
    put(log, "failed", "R2", **refused)
    put(log, "failed", "R3", to_phone="+919811111111", error_code=TEMPLATE_REFUSED)
    put(log, "failed", "R4", to_phone="+919822222222", day=YESTERDAY, **refused)
    put(log, "failed", "R5", to_phone="+919833333333", delivery="redirect", **refused)
    put(log, "queued", "R6", to_phone="+919844444444", **refused)

    assert history.refused_phones(log, tick(), RECIPIENT_CODES) == frozenset({PHONE})
    assert history.refused_phones(log, tick(delivery="redirect"), RECIPIENT_CODES) == frozenset({"+919833333333"})
    assert history.refused_phones(log, tick(), ()) == frozenset()


def planned(log: Log, number: int, many: int | None, **changes: Any) -> None:
    of = tick(number, **changes)
    start_tick(log, of)
    if many is not None:
        note_counts(log, of, Census(inspected=50, without_partner=("R8", "R9")), many)


def test_the_sizes_of_the_last_ten_days_of_this_delivery_are_known(log: Log) -> None:
    for number in range(1, 13):
        planned(log, number, number * 10, day=ago(13 - number))
    planned(log, 20, 5_000, delivery="dry_run")
    planned(log, 21, 6_000, dag_id="production_run_events")
    planned(log, 22, None)
    planned(log, 23, 7_000)

    sizes = history.recent_sizes(log, tick(99, dag_run_id="run 23"))

    assert sizes == [120, 110, 100, 90, 80, 70, 60, 50, 40, 30]


def test_small_runs_by_hand_beside_a_day_s_tick_say_nothing_of_its_size(log: Log) -> None:
    planned(log, 1, 200, day=ago(2))
    for number in (2, 3, 4):
        planned(log, number, 1, day=ago(2))
    planned(log, 5, 0, day=ago(1))
    planned(log, 6, 210, day=ago(1))

    assert history.recent_sizes(log, tick(99)) == [210, 200]


def test_what_was_found_stuck_is_read_back_oldest_first(log: Log) -> None:
    older = stuck_run("R2", since=TICK - dt.timedelta(days=30), design_id=None, produced_quantity=12.5)
    younger = stuck_run("R1", since=TICK - dt.timedelta(days=2), quantity=0.5)
    idle = stuck_run("R3", kind=ReminderKind.IDLE, since=TICK - dt.timedelta(days=4))

    record(log, tick(), KIND, [younger, older])
    record(log, tick(), ReminderKind.IDLE, [idle])
    record(log, tick(), ReminderKind.NOT_STARTED, [])

    assert history.stuck_of_run(log, "run 1") == [older, idle, younger]
    assert history.stuck_of_run(log, "run 2") == []
    found = log.execute("SELECT DISTINCT delivery, day FROM stuck_run").fetchall()
    assert found == [{"delivery": "live", "day": DAY}]


def test_a_second_try_of_finding_replaces_the_first(log: Log) -> None:
    record(log, tick(), KIND, [stuck_run("R1"), stuck_run("R2")])
    record(log, tick(2), KIND, [stuck_run("R1")])

    record(log, tick(), KIND, [stuck_run("R2", since=TICK - dt.timedelta(days=8)), stuck_run("R3")])

    assert [run.production_run_id for run in history.stuck_of_run(log, "run 1")] == ["R2", "R3"]
    assert [run.production_run_id for run in history.stuck_of_run(log, "run 2")] == ["R1"]


def test_a_run_that_changed_kind_between_two_tries_is_in_one_kind_only(log: Log) -> None:
    record(log, tick(), KIND, [stuck_run("R1"), stuck_run("R2")])

    record(log, tick(), ReminderKind.NOT_STARTED, [stuck_run("R1", kind=ReminderKind.NOT_STARTED)])

    assert {run.production_run_id: run.kind for run in history.stuck_of_run(log, "run 1")} == {
        "R1": ReminderKind.NOT_STARTED,
        "R2": KIND,
    }


def test_finding_that_fails_half_way_leaves_the_first_try_s_finds(log: Log) -> None:
    record(log, tick(), KIND, [stuck_run("R1")])

    with pytest.raises(Exception, match="production_run_id"):
        record(log, tick(), KIND, [stuck_run("R2"), stuck_run("")])

    assert [run.production_run_id for run in history.stuck_of_run(log, "run 1")] == ["R1"]


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_a_quantity_that_is_no_number_is_written_down_like_any_other(log: Log, strange: float) -> None:
    record(log, tick(), KIND, [stuck_run("R1", quantity=strange, produced_quantity=strange)])

    (found,) = history.stuck_of_run(log, "run 1")
    assert repr((found.quantity, found.produced_quantity)) == repr((strange, strange))


def test_the_shop_s_floats_come_back_as_they_were(log: Log) -> None:
    run = stuck_run("R1", quantity=0.1, produced_quantity=123456.78)

    record(log, tick(), KIND, [run])

    (found,) = history.stuck_of_run(log, "run 1")
    assert isinstance(found, StuckRun)
    assert found.quantity == pytest.approx(0.1)
    assert found.produced_quantity == pytest.approx(123456.78)
