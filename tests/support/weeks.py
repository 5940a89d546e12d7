"""A small shop over weeks: its runs move, operations change their mind, and Meta has its moods.

The shop and the message log are the real ones, Meta is the local Graph API; each step keeps its own account of what it
has done (`support.small_policy`). Ticks are gone through in `support.checked_weeks`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from partner_messages.database.session import Session
from sandbox.shop import partner_id
from support.dag_tasks import UPKEEP
from support.deployment import Deployment
from support.log_rows import Log, change
from support.small_policy import (
    DAY,
    INDIA,
    ITALY,
    Reminder,
    Rules,
    Run,
    day_of,
)

BEGINNING = dt.datetime(2026, 10, 12, 3, 30, tzinfo=dt.UTC)
"""A Monday, 9:00 in India; on the second Sunday from here the clocks go back in Italy."""
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
MOST_RUNS = 5


@dataclass(frozen=True)
class Partner:
    """Who is reminded."""

    id: str
    phone: str
    zone: ZoneInfo


PARTNERS = {
    "RAJESH": Partner(partner_id("RAJESH"), "+919829012345", INDIA),
    "MEERA": Partner(partner_id("MEERA"), "+919829012346", INDIA),
    "MARTA": Partner(partner_id("MARTA"), "+393123456789", ITALY),
}
BY_ID = {partner.id: partner for partner in PARTNERS.values()}


class Weeks:
    """A shop of a few runs, and what its partners have been sent.

    Args:
        deployment: The package.
        shop: The shop.
        log: The message log, empty.
        graph_api: The local Graph API, as new.
    """

    def __init__(self, deployment: Deployment, shop: Session, log: Log, graph_api: Any) -> None:
        self._deployment, self._shop, self._log, self._graph_api = deployment, shop, log, graph_api
        self._now = deployment.now = BEGINNING
        self._numbers = itertools.count(1)
        self.rules = Rules()
        self.runs: dict[str, Run] = {}
        self._reminders: list[Reminder] = []
        self._taken = 0
        self._refused: set[str] = set()
        self._without_phone: set[str] = set()
        self._token_is_dead = self._was_ill = False
        self._to_be_lost = 0
        shop.execute("DELETE FROM production_run_activity")
        shop.execute("DELETE FROM production_runs")
        shop.execute("DELETE FROM messaging_message")
        self.change_rules()
        for partner, state, days in (("RAJESH", "started", 6), ("RAJESH", "accepted", 3), ("MARTA", "sent", 2)):
            self._make_run(partner, state, BEGINNING - days * DAY)

    # The shop

    def send_out(self, partner: str) -> None:
        """Send a new run to a partner."""
        if len(self._live()) < MOST_RUNS:
            self._pass(HOUR / 2)
            self._make_run(partner, "sent", self._now)

    def happen(self, what: str, which: int, partner: str) -> None:
        """Let something happen to one of the runs that are not over; nothing where it cannot be."""
        live = self._live()
        if live:
            self._pass(HOUR / 2)
            HAPPENINGS[what](self, live[which % len(live)], PARTNERS[partner].id)

    def _advance(self, run: Run, _: str) -> None:
        if run.state == "sent":
            self._change(run, "accepted", status="in_progress", accepted_at=self._now)
        elif run.state == "accepted":
            self._change(run, "started", started_at=self._now)
        elif run.state == "started":
            self._change(run, "over", finished_at=self._now)

    def _report(self, run: Run, _: str) -> None:
        if run.state == "started":
            produced = (run.produced or 0) + 5
            self._shop.execute("UPDATE production_runs SET produced_quantity = %s WHERE id = %s", [produced, run.id])
            self._put(dataclasses.replace(run, produced=produced))

    def _enter(self, run: Run, _: str) -> None:
        if run.state == "started":
            self._note(run, "note", "partner", run.partner_id)
            self._put(dataclasses.replace(run, worked=(*run.worked, (self._now, run.partner_id))))

    def _cancel(self, run: Run, _: str) -> None:
        self._change(run, "over", status="cancelled", cancelled_at=self._now)

    def _park(self, run: Run, _: str) -> None:
        if run.state != "parked":
            self._note(run, "lifecycle_event", "system", None, kind="reassignment_needed")
            self._change(
                run, "parked", None, status="awaiting_reassignment", partner_id=None, previous_partner_id=run.partner_id
            )

    def _reassign(self, run: Run, partner: str) -> None:
        again = dict.fromkeys(("accepted_at", "started_at"))
        self._change(
            run, "sent", partner, status="sent_to_partner", partner_id=partner, dispatch_completed_at=self._now, **again
        )

    def _hand_over(self, run: Run, partner: str) -> None:
        """The run is another partner's from now on, and stands where it stood."""
        if run.state != "parked" and partner != run.partner_id:
            self._shop.execute("UPDATE production_runs SET partner_id = %s WHERE id = %s", [partner, run.id])
            self._put(dataclasses.replace(run, partner_id=partner))

    def _make_run(self, partner: str, state: str, since: dt.datetime) -> None:
        before = since - DAY
        run = Run(f"prod_run_{next(self._numbers)}", state, PARTNERS[partner].id, since)
        self._shop.execute(
            "INSERT INTO production_runs"
            " (id, status, partner_id, quantity, created_at, accepted_at, started_at, snapshot, captured_at)"
            " VALUES (%(id)s, %(status)s, %(partner)s, 100, %(created)s, %(accepted)s, %(started)s, '{}', now())",
            {
                "id": run.id,
                "status": "sent_to_partner" if state == "sent" else "in_progress",
                "partner": run.partner_id,
                "created": since if state == "sent" else before - DAY,
                "accepted": {"accepted": since, "started": before}.get(state),
                "started": since if state == "started" else None,
            },
        )
        self._put(run)

    def _change(self, run: Run, state: str, *partner: str | None, **columns: Any) -> None:
        assignments = ", ".join(f"{column} = %({column})s" for column in columns)
        self._shop.execute(f"UPDATE production_runs SET {assignments} WHERE id = %(id)s", {**columns, "id": run.id})
        whose = partner[0] if partner else run.partner_id
        self._put(dataclasses.replace(run, state=state, partner_id=whose, since=self._now))

    def _note(self, run: Run, activity: str, actor: str, partner: str | None, kind: str | None = None) -> None:
        self._shop.execute(
            "INSERT INTO production_run_activity"
            " (id, production_run_id, activity_type, kind, actor_type, partner_id, occurred_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s)",
            [run.id, activity, kind, actor, partner, self._now],
        )

    def _put(self, run: Run) -> None:
        self.runs[run.id] = dataclasses.replace(run, touched_at=self._now)

    def _live(self) -> list[Run]:
        return [run for run in self.runs.values() if run.state != "over"]

    def lose_phone(self, *, found_again: bool) -> None:
        """Meera, who has no other person to be written to, has no number any more, or has it again."""
        meera = PARTNERS["MEERA"]
        self._shop.execute(
            "UPDATE partner SET whatsapp_number = %s WHERE id = %s", [meera.phone if found_again else None, meera.id]
        )
        (self._without_phone.discard if found_again else self._without_phone.add)(meera.id)

    # Operations

    def change_rules(self, **changes: Any) -> None:
        """Change some settings; the others stay."""
        self.rules = rules = dataclasses.replace(self.rules, **changes)
        partners: dict[str, dict[str, Any]] = {id_: {} for id_ in (*rules.patient, *rules.paused)}
        for id_ in rules.patient:
            partners[id_]["thresholds"] = {"assignment_pending": 48, "not_started": 48, "idle": 144}
        for id_, day in rules.paused.items():
            partners[id_]["paused_until"] = day.isoformat()
        self._deployment.set(
            **{name: getattr(rules, name) for name in ("cadence", "digest", "max_reminders", "escalate_after")},
            holidays_added=sorted(day.isoformat() for day in rules.holidays_added),
            partners=partners,
            partner_send_window=["08:00", "20:00"],
        )

    def pause(self, partner: str, days: int) -> None:
        """Write nothing to a partner for so many days; none ends a pause."""
        others = {id_: day for id_, day in self.rules.paused.items() if id_ != PARTNERS[partner].id}
        if days:
            others[PARTNERS[partner].id] = self.today + days * DAY
        self.change_rules(paused=others)

    def add_holiday(self, days: int) -> None:
        """No ticks on the day in so many days."""
        self.change_rules(holidays_added=self.rules.holidays_added | {self.today + days * DAY})

    def close_an_escalation(self) -> None:
        """Somebody says that one of the open escalations is dealt with."""
        if rows := self._escalations():
            run = min(rows)
            UPKEEP.close_escalation(
                {"params": {"production_run_id": run, "closed_by": "ops", "closed_why": "called them"}}
            )

    # Meta

    def refuse(self, partner: str, *, again: bool = False) -> None:
        """From now on a partner's number is not on WhatsApp; or it is again."""
        phone = PARTNERS[partner].phone
        self._graph_api.mark_recipient(phone, None if again else 131026)
        (self._refused.discard if again else self._refused.add)(phone)

    def lose_the_next_answer(self, *, taken: bool) -> None:
        """The next message's connection is cut, before or after Meta has taken it."""
        self._graph_api.drop_next(operation="send_message", taken=taken)
        self._to_be_lost += 1

    def end_token(self, *, again: bool = False) -> None:
        """The token of the Indian sender expires, or is renewed."""
        token = self._graph_api.accounts["IN"].token
        (self._graph_api.revive_token if again else self._graph_api.kill_token)(token)
        self._token_is_dead, self._was_ill = not again, True

    def hear_of_a_message(self, which: int, status: str, code: int | None) -> None:
        """Meta says what became of one of the last messages, as the webhook will write it down."""
        rows = self._rows("status IN ('sent', 'delivered', 'unknown')")[-4:]
        if rows:
            row = rows[which % len(rows)]
            moment = {"delivered": "delivered_at", "read": "read_at", "failed": "failed_at"}[status]
            if (row["status"], status) != ("delivered", "delivered"):
                change(self._log, row["id"], status=status, error_code=code, **{moment: self._now})

    # The clock, and the message log

    @property
    def today(self) -> dt.date:
        """The day in India."""
        return day_of(self._now)

    def _wait_until(self, moment: dt.datetime) -> None:
        self._now = self._deployment.now = moment

    def _pass(self, time: dt.timedelta) -> None:
        """Let some time pass, but not the day."""
        if day_of(self._now + time) == self.today:
            self._wait_until(self._now + time)

    def _escalations(self) -> dict[str, DictRow]:
        rows = self._log.execute("SELECT * FROM escalation WHERE closed_at IS NULL AND delivery = 'live'").fetchall()
        assert len({row["production_run_id"] for row in rows}) == len(rows), "a run has one open escalation"
        return {row["production_run_id"]: row for row in rows}

    def _rows(self, condition: str, *values: Any) -> list[DictRow]:
        """Messages, each once for every run that it speaks of."""
        return self._log.execute(
            "SELECT m.*, coalesce(r.production_run_id, m.production_run_id) AS run"
            " FROM message_log AS m LEFT JOIN message_run AS r ON r.message_id = m.id"
            f" WHERE {condition.replace('day ', 'm.day ')} ORDER BY m.created_at, m.id",
            values,
        ).fetchall()


HAPPENINGS: dict[str, Callable[[Weeks, Run, str], None]] = {
    "moves on": Weeks._advance,
    "is worked on: a quantity": Weeks._report,
    "is worked on: an entry": Weeks._enter,
    "is cancelled": Weeks._cancel,
    "is parked": Weeks._park,
    "is reassigned": Weeks._reassign,
    "is handed over": Weeks._hand_over,
}
