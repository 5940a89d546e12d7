"""Any run at any moment: what SQL makes of it is what the issue's words make of it, read once more in Python."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass, fields

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_messages.config.setting_groups import Thresholds
from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.shop.shop import Shop
from support.deployment import TICK

STATUSES = ("draft", "pending_review", "approved", "sent_to_partner", "in_progress", "completed", "cancelled")
Moment = dt.datetime | None


@dataclass(frozen=True)
class Row:
    """The columns of a run that classification may look at."""

    status: str
    partner_id: str | None
    created_at: dt.datetime
    dispatch_completed_at: Moment
    accepted_at: Moment
    started_at: Moment
    finished_at: Moment
    completed_at: Moment
    cancelled_at: Moment
    deleted_at: Moment


def status_at(row: Row, now: dt.datetime) -> str:
    """A status reached only after now is wound back; with nothing after now it stands as it is."""
    over = {"completed": row.completed_at, "cancelled": row.cancelled_at}.get(row.status)
    if over is not None and over > now:
        touched = [moment for moment in (row.accepted_at, row.started_at) if moment is not None and moment <= now]
        return "in_progress" if touched else "sent_to_partner"
    if row.status == "in_progress" and row.accepted_at is not None and row.accepted_at > now:
        return "sent_to_partner"
    return row.status


def classify(row: Row, now: dt.datetime, hours: Thresholds) -> tuple[str, Moment]:
    """The run's kind and the clock that made it stuck, or why it is in none."""
    if row.deleted_at is not None or row.created_at > now:
        return "not inspected", None
    status = status_at(row, now)
    if status not in ("sent_to_partner", "in_progress"):
        return "not inspected", None
    if not row.partner_id:
        return "no partner", None

    def past(moment: Moment) -> Moment:
        return moment if moment is not None and moment <= now else None

    def longer_than(limit: float, moment: Moment) -> bool:
        return moment is not None and now - moment > dt.timedelta(hours=limit)

    dispatched, accepted, started = past(row.dispatch_completed_at), past(row.accepted_at), past(row.started_at)
    sent = dispatched if dispatched is not None and dispatched > row.created_at else row.created_at
    if past(row.finished_at) is not None:
        # "A run that no longer waits on the partner is not stuck" (source database, what went wrong there).
        return "not overdue", None
    # Nobody makes what nobody has accepted: found at once, as `bad_data`, where it seems to stand.
    is_bad = row.status == "in_progress" and row.accepted_at is None and row.started_at is None
    waits = status == "sent_to_partner" and accepted is None and longer_than(hours.assignment_pending, sent)
    if is_bad or waits:
        return "assignment_pending", sent
    if started is None and longer_than(hours.not_started, accepted):
        return "not_started", accepted
    if status == "in_progress" and longer_than(hours.idle, started):
        return "idle", started
    return "not overdue", None


# Moments crowd around now and around the thresholds, where mistakes are.
edges = st.sampled_from([0, 24, 30, 48, 72]).map(lambda hours: dt.timedelta(hours=hours))
nudges = st.sampled_from([dt.timedelta(0), dt.timedelta(microseconds=1), -dt.timedelta(microseconds=1)])
ages = st.builds(lambda edge, nudge: edge + nudge, edges, nudges) | st.timedeltas(
    dt.timedelta(hours=-60), dt.timedelta(hours=200)
)
moments = ages.map(lambda age: TICK - age)
later = st.integers(1, 50).map(lambda hours: TICK + dt.timedelta(hours=hours))
limits = st.integers(1, 100)
rows = st.builds(
    Row,
    # The two states that wait for a partner and the two that may be wound back, more often than the others.
    status=st.sampled_from((*STATUSES, *STATUSES[3:], *STATUSES[3:])),
    partner_id=st.sampled_from(["P1", "P2", "P3", "P4", None, ""]),
    created_at=moments,
    dispatch_completed_at=st.none() | moments,
    accepted_at=st.none() | moments,
    started_at=st.none() | moments,
    finished_at=st.none() | st.none() | moments,
    completed_at=st.none() | moments | later,
    cancelled_at=st.none() | moments | later,
    deleted_at=st.sampled_from([None] * 9 + [TICK]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(rows, min_size=15, max_size=25),
    now=st.just(TICK) | moments,
    hours=st.just(Thresholds()) | st.builds(Thresholds, assignment_pending=limits, not_started=limits, idle=limits),
)
def test_sql_and_the_issue_s_words_agree(
    source: Shop, changes: Session, runs: list[Row], now: dt.datetime, hours: Thresholds
) -> None:
    names = [field.name for field in fields(Row)]
    with changes.transaction(force_rollback=True), changes.cursor() as cursor:
        cursor.execute("DELETE FROM production_runs")
        cursor.executemany(
            f"INSERT INTO production_runs (id, {', '.join(names)}, snapshot, captured_at)"
            f" VALUES (%s, {', '.join(['%s'] * len(names))}, '{{}}', now())",
            [(f"R{number:02}", *astuple(run)) for number, run in enumerate(runs)],
        )
        found = [
            (run.production_run_id, kind.value, run.since)
            for kind in ReminderKind
            for run in source.stuck_runs(kind, now=now, threshold_hours=getattr(hours, kind), scope=Scope())
        ]
        census = source.census(now=now, scope=Scope())

    expected = {f"R{number:02}": classify(run, now, hours) for number, run in enumerate(runs)}
    kinds = {kind.value for kind in ReminderKind}
    assert sorted(found) == sorted((id_, kind, since) for id_, (kind, since) in expected.items() if kind in kinds)
    assert census.without_partner == tuple(id_ for id_, (kind, _) in expected.items() if kind == "no partner")
    assert census.inspected == sum(kind != "not inspected" for kind, _ in expected.values())
    not_overdue = sum(kind == "not overdue" for kind, _ in expected.values())
    assert census.inspected == len(found) + len(census.without_partner) + not_overdue
