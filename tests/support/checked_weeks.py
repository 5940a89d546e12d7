"""Ticks and upkeep over weeks of a small shop, with all that must hold looked at after each of their tasks."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from unittest import mock

from psycopg.rows import DictRow

from partner_messages.messages.kinds import ReminderKind
from partner_messages.planning import plan_reminders as plan
from support.dag_tasks import REMINDERS, UPKEEP
from support.deployment import airflow_run
from support.small_policy import (
    DAY,
    INDIA,
    TAKEN,
    Reminder,
    Run,
    day_of,
    is_day,
    may_leave,
    waits_until,
)
from support.ticks import TaskByTask
from support.weeks import BY_ID, HOUR, MINUTE, Weeks
from whatsapp_provider.api.errors import RECIPIENT_CODES


class CheckedWeeks(Weeks):
    """A small shop whose messages are looked at, each when it is planned and when it leaves."""

    def next_tick(self, **how: Any) -> None:
        """Wait for the next weekday's tick, and go through it."""
        day = self.today + DAY
        while day.isoweekday() > 5:
            day += DAY
        self._wait_until(dt.datetime.combine(day, dt.time(10), INDIA).astimezone(dt.UTC))
        self.tick(scheduled=True, **how)

    def trigger(self, hours: float) -> None:
        """Start a tick by hand, so many hours from now, unless that is another day."""
        later = self._now + hours * HOUR
        if day_of(later) == self.today:
            self._wait_until(later)
            self.tick(scheduled=False)

    def tick(
        self, *, scheduled: bool, planning: str = "goes well", meanwhile: tuple[str, int, str] | None = None
    ) -> None:
        """Go through a tick's tasks, and look at what each has done.

        Args:
            scheduled: Whether it is the schedule's own; it starts a minute late.
            planning: A name of `PLANNING`.
            meanwhile: What happens between planning and sending.
        """
        now = self._now
        if scheduled:
            self._pass(MINUTE)
        run = TaskByTask({"dag_run": self._dag_run("production_run_reminders", now, scheduled), "params": {}})
        tick = run.call("preflight", REMINDERS.preflight)
        if scheduled and not self.rules.is_sending_day(self.today):
            assert run.tasks == {"preflight": "skipped"}, "on a holiday nothing is sent"
            return
        assert run.tasks["preflight"] == "success"
        assert not self._rows("status = 'queued' AND day < %s", self.today), "a message has outlived its day"
        for kind in ReminderKind:
            run.call(f"find_stuck_runs[{kind}]", REMINDERS.find_stuck_runs, tick, kind)
        self._look_at(self.runs)
        known = dict(self.runs)
        stood = self._rows("status = 'queued' AND day = %s", self.today)
        with PLANNING[planning]():
            batches = run.call("plan_messages", REMINDERS.plan_messages, tick)
        assert (batches is None) == planning.startswith("dies"), "planning ends well unless it is killed for good"
        if planning != "dies before writing":
            self._check_plan(tick, known, now, stood)
        if meanwhile:
            self.happen(*meanwhile)
        if batches is not None:
            self._send(run, tick, batches)
            self._check_ends(tick, known, now, batches)
        run.call("escalate", REMINDERS.escalate, tick)
        if planning in ("goes well", "is killed before writing", "is killed after writing"):
            assert run.tasks["escalate"] == "success"
            self._check_escalations(tick, known, now)

    def upkeep(self, clock: str) -> None:
        """Let `message_log_upkeep` run at a time of today, in India, unless that is past."""
        moment = dt.datetime.combine(self.today, dt.time.fromisoformat(clock), INDIA).astimezone(dt.UTC)
        if moment < self._now:
            return
        self._wait_until(moment)
        run = TaskByTask({"dag_run": self._dag_run("message_log_upkeep", self._now, True), "params": {}})
        tick = run.call("sweep", UPKEEP.sweep)
        batches = run.call("release", UPKEEP.release, tick)
        assert batches is not None
        self._send(run, tick, batches)
        left = self._rows("status = 'queued' AND attempts = 0 AND not_before <= %s", self._now)
        assert not left or self._was_ill or not may_leave(self._now), "what has come due was forgotten"

    def _dag_run(self, dag_id: str, now: dt.datetime, scheduled: bool) -> SimpleNamespace:
        return airflow_run(
            f"{dag_id} {next(self._numbers)}",
            dag_id=dag_id,
            run_type="scheduled" if scheduled else "manual",
            logical_date=now if scheduled else None,
            run_after=now,
        )

    def _send(self, run: TaskByTask, tick: Any, batches: Sequence[dict[str, Any]]) -> None:
        self._pass(MINUTE)
        ids = [id_ for batch in batches for id_ in batch["message_ids"]]
        if may_leave(self._now):
            self._look_at(row["run"] for row in self._rows("m.id = ANY (%s::uuid[])", ids))
        unknown = {row["id"] for row in self._rows("status = 'unknown'")}
        run.send("send_messages", tick, batches)
        outbox = self._graph_api.outbox()
        arrived = {message["biz_opaque_callback_data"]: message["to"] for message in outbox[self._taken :]}
        assert len(arrived) == len(outbox) - self._taken, "a message left twice"
        self._taken = len(outbox)
        left: dict[str, list[DictRow]] = {}
        for row in self._rows("m.status = ANY (%s)", [*TAKEN, "failed"]):
            if str(row["id"]) in arrived or (row["status"] == "unknown" and row["id"] not in unknown):
                left.setdefault(str(row["id"]), []).append(row)
        assert arrived.keys() <= left.keys(), "Meta has taken what is not in the log"
        self._to_be_lost -= sum(rows[0]["status"] == "unknown" for rows in left.values())
        assert self._to_be_lost >= 0, "an answer was lost for no reason"
        for id_, rows in left.items():
            self._check_message(rows, arrived.get(id_))

    def _look_at(self, run_ids: Iterable[str]) -> None:
        for id_ in run_ids:
            self.runs[id_] = self.runs[id_].looked_at_on(self._now)

    # What must hold

    def _check_message(self, rows: Sequence[DictRow], to: str | None) -> None:
        """What holds of every message that leaves, when it leaves."""
        now, message = self._now, rows[0]
        partner = BY_ID[message["partner_id"]]
        assert message["day"] == self.today, "a message leaves on its own day"
        assert to in (None, partner.phone), "a message goes to its partner"
        assert partner.id not in self._without_phone
        assert not self.rules.is_paused(partner.id, self.today), "a paused partner gets nothing"
        assert may_leave(now), "nothing leaves outside the send window"
        assert is_day(partner.zone, now), "nothing leaves by night"
        for row in rows:
            run = self.runs[row["run"]]
            assert run.partner_id == partner.id, "a run's own partner is reminded of it"
            assert self.rules.is_overdue(run, now), "only of what is stuck somebody is reminded"
            assert row["reminder_kind"] in (None, run.kind), "a message says where the run is stuck"
            assert not self._reminded_today(run.id), "a run is in one message a day"
        self._reminders += [Reminder(str(message["id"]), self.runs[row["run"]], now) for row in rows]

    def _check_plan(self, tick: Any, known: dict[str, Run], now: dt.datetime, stood: Sequence[DictRow]) -> None:
        """Every overdue run has one row that says what becomes of it, and it is the one that the settings ask for."""
        explained = self._explanations(tick)
        whole = {run.id for run in known.values() if self.rules.is_overdue(run, now)}
        messages: dict[str, set[Any]] = {}
        for run in known.values():
            rows = explained.pop(run.id, [])
            if run.id not in whole:
                assert all(row["message_kind"] == "digest" for row in rows), "what is not stuck is left alone"
                continue
            assert len(rows) == 1, f"{run} is explained by {rows}"
            (row,) = rows
            if row["message_kind"] == "digest" and not set(row["runs"]) <= whole:
                continue  # It was queued before and speaks of others, too; it is looked at again before it leaves.
            reasons = self._reasons(run, now)
            said = row["skip_reason"] or row["status"]
            if said == "no_approved_template" and self._token_is_dead:
                continue
            if reasons:
                assert said in reasons, f"{run} is {said}, not {reasons}"
            else:
                assert said == "queued", f"{run} is forgotten: {said}"
                partner = BY_ID[run.partner_id or ""]
                by_night = None if is_day(partner.zone, self._now) else waits_until(partner.zone, self._now)
                assert (row["not_before"], row["partner_id"]) == (by_night, partner.id)
                messages.setdefault(partner.id, set()).add(row["id"])
        assert not explained, "there are rows of runs that are none"
        if self.rules.digest and not stood:
            assert all(len(ids) == 1 for ids in messages.values()), "there is one message for each partner"

    def _check_ends(
        self, tick: Any, known: dict[str, Run], now: dt.datetime, batches: Sequence[dict[str, Any]]
    ) -> None:
        """What was dealt out and has not been touched since has left, unless Meta had something against it."""
        dealt = {id_ for batch in batches for id_ in batch["message_ids"]}
        for run_id, rows in self._explanations(tick).items():
            row = rows[0]
            if str(row["id"]) not in dealt or not all(self.runs[id_] == known[id_] for id_ in row["runs"]):
                continue
            end = row["skip_reason"] or row["status"]
            phone = BY_ID[row["partner_id"]].phone
            if not may_leave(self._now):
                allowed = {"queued"}
            elif phone in self._refused:
                allowed = {"failed"}
            else:
                allowed = {"sent"}
            allowed |= {"unknown"}  # They are counted in `_send`.
            if self._token_is_dead:
                allowed |= {"queued"}
            assert end in allowed, f"{run_id} is {end}, not {allowed}"

    def _check_escalations(self, tick: Any, known: dict[str, Run], now: dt.datetime) -> None:
        """Who needs a person has one open escalation, and nobody else has."""
        rows = self._escalations()
        by_hand = {
            row["production_run_id"]
            for row in self._log.execute("SELECT * FROM escalation WHERE closed_at IS NOT NULL AND over_at IS NULL")
        }
        ends = {run_id: rows[0] for run_id, rows in self._explanations(tick).items()}
        for run in known.values():
            if self.runs[run.id] != run:
                continue
            row, end = rows.get(run.id), ends.get(run.id, {})
            causes = set()
            if run.state == "parked":
                causes.add("parked")
            elif self.rules.is_overdue(run, now):
                causes |= self._causes(run, now, end)
            else:
                assert row is None, f"{run} needs nobody any more"
                continue
            if causes and run.id not in by_hand:
                assert row, f"{run} needs a person: {causes}"
            if row:
                assert (row["kind"], row["partner_id"]) == (run.kind, run.partner_id), f"{run} has moved on from {row}"
                assert row["since"] == run.clock(now), f"{run} has moved on from {row}"
                maybe = {"no_approved_template"} if self._was_ill else set()
                if any(one["error_code"] == 131026 for one in self._rows("m.status = 'failed'")):
                    maybe.add("not_on_whatsapp")
                most, reminded = self.rules.max_reminders, self._days_reminded(run, now, until=self.today + DAY)
                if most is not None and len(reminded) >= most:
                    maybe.add("reminders_used_up")  # It is not due today.
                if end.get("skip_reason") != "moved_on":  # Else nobody knows today.
                    assert row["reason"] in causes | maybe, f"{run} needs a person for {causes}, not {row}"

    def _causes(self, run: Run, now: dt.datetime, end: dict[str, Any]) -> set[str]:
        causes: set[str] = set()
        if end.get("skip_reason") == "paused":
            return causes
        if end.get("skip_reason") == "escalated":
            causes.add("reminders_used_up")
        if end.get("skip_reason") == "no_phone":
            causes.add("no_phone")
        if end.get("status") == "failed" and end.get("error_code") == 131026:
            causes.add("not_on_whatsapp")
        after = self.rules.escalate_after
        if after and self.rules.longest_row(self._days_reminded(run, now, until=self.today + DAY)) >= after:
            causes.add("no_reaction")
        return causes

    def _reasons(self, run: Run, now: dt.datetime) -> set[str]:
        """Why somebody is not reminded of an overdue run today; any of them will do, and none means: a message."""
        if self._reminded_today(run.id):
            return {"duplicate"}
        partner = BY_ID[run.partner_id or ""]
        reminded = self._days_reminded(run, now, until=self.today)
        is_due = self.rules.is_due(run, reminded, now)
        most = self.rules.max_reminders
        by_night = not is_day(partner.zone, self._now)
        codes = [row["error_code"] for row in self._rows("day = %s AND to_phone = %s", self.today, partner.phone)]
        holds = {
            "paused": self.rules.is_paused(partner.id, self.today),
            "no_phone": partner.id in self._without_phone,
            "refused_today": any(code in RECIPIENT_CODES for code in codes),
            "not_due": not is_due,
            "escalated": is_due and most is not None and len(reminded) >= most,
            "expired": by_night and waits_until(partner.zone, self._now) is None,
        }
        return {reason for reason, it_does in holds.items() if it_does}

    def _days_reminded(self, run: Run, now: dt.datetime, *, until: dt.date) -> list[dt.date]:
        count = {str(row["id"]) for row in self._rows("m.status = ANY (%s)", list(TAKEN))}
        days = {day_of(one.at) for one in self._reminders if one.message_id in count and one.counts_for(run, now)}
        return sorted(day for day in days if day < until)

    def _reminded_today(self, run_id: str) -> bool:
        """Whether a message about a run has left today, and has not failed on its way."""
        failed = {str(row["id"]) for row in self._rows("m.status = 'failed' AND delivered_at IS NULL")}
        return any(
            one.run.id == run_id and day_of(one.at) == self.today and one.message_id not in failed
            for one in self._reminders
        )

    def _explanations(self, tick: Any) -> dict[str, list[DictRow]]:
        """The rows of a tick by the runs that they speak of, without digests that were planned anew."""
        rows = self._rows(
            "tick_id = %s AND (m.message_kind <> 'digest' OR skip_reason IS DISTINCT FROM 'moved_on')", tick["id"]
        )
        explained: dict[str, list[DictRow]] = {}
        for row in rows:
            explained.setdefault(row["run"], []).append(row)
        for row in rows:
            row["runs"] = [one["run"] for one in rows if one["id"] == row["id"]]
        return explained


@contextlib.contextmanager
def _killed(where: str, times: int) -> Iterator[None]:
    """Planning ends at its call of `where`, so many times."""
    goes_on, calls = getattr(plan, where), itertools.count(1)

    def killed(*given: Any, **named: Any) -> Any:
        if next(calls) <= times:
            raise ConnectionError("The process was killed.")
        return goes_on(*given, **named)

    with mock.patch.object(plan, where, killed):
        yield


PLANNING: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    "goes well": contextlib.nullcontext,
    "is killed before writing": lambda: _killed("write_drafts", 1),
    "is killed after writing": lambda: _killed("note_counts", 1),
    "dies before writing": lambda: _killed("write_drafts", 99),
    "dies after writing": lambda: _killed("note_counts", 99),
}
