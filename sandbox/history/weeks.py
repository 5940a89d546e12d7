"""Goes through the weeks until yesterday: `python -m sandbox.history.weeks 8`.

Each weekday has the tick of `production_run_reminders` and a run of `message_log_upkeep`, by their own code and without
an Airflow around it; Meta is a local Graph API of this process's own, whose webhooks come to the real receiver. The
clock is moved for the package and for Meta; what PostgreSQL has dated by its own is dated anew after each step.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowException

from partner_messages.config.ends import NothingToDo, RepairNeeded, TryLater
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.params import RunParams
from partner_messages.deployment.receiving import PATH
from partner_messages.deployment.run_context import run_pass
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.ops.escalate import escalate
from partner_messages.ops.said_by_hand import promise_by_hand
from partner_messages.ops.upkeep import look_after_the_log, release_due
from partner_messages.planning.events.event import parse_event_params
from partner_messages.planning.find import find_stuck_runs
from partner_messages.planning.plan_events import plan_event_messages
from partner_messages.planning.plan_followups import plan_followups
from partner_messages.planning.plan_reminders import plan_messages
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from partner_messages.tasks.preflight import preflight_of_events, preflight_of_reminders
from partner_messages.tasks.summarise_run import summarise_run
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.app import Receiver, receiver_app
from sandbox import stack
from sandbox.connections import PORTAL
from sandbox.graph_api import server as graph_api
from sandbox.history import SAYS
from sandbox.history.past import DAY, INDIA, TICK, UPKEEP, Run, at, days_before, runs_of
from sandbox.in_thread import serving
from whatsapp_provider.api.management import template_api

HERE = Path(__file__).parent
PARTNERS, ADVANCE, REDATE = ((HERE / f"{name}.sql").read_bytes() for name in ("partners", "advance", "redate"))
NUMBERS = {
    name: f"+91982901300{number}"
    for number, name in enumerate(("KAVERY", "NARMADA", "GANGA", "TAPTEE", "BETWA", "SABARMATEE"), start=1)
}
"""The phones of `partners.sql`."""
READ_AFTER = {"sent": 0.0, "delivered": 25.0, "read": 1_900.0}
UNREAD = {**READ_AFTER, "read": None}
NO_FIELD = "none"
"""Of which no webhook tells: they are only waited for, and not looked at."""
MANY = 200
LIFECYCLE = ("jyt_production_run_assigned_v1",)
_ENDS = (NothingToDo, RepairNeeded, TryLater, AirflowException)
"""How a task may end that Airflow would show as skipped or failed: a past has such days, too."""


class Weeks:
    """The shop, Meta and the package, on their way through the past.

    Args:
        shop: A session that may change the sample shop.
        meta: The local Graph API.
        days: The weekdays.
    """

    def __init__(self, shop: psycopg.Connection[Any], meta: graph_api.LocalGraphApi, days: Sequence[dt.date]) -> None:
        self._shop, self._meta, self._days = shop, meta, days
        self._runs = runs_of(days)
        self._ago = dt.timedelta()
        run_context.wall_clock = lambda: run_context.machine_clock() - self._ago

    @contextlib.contextmanager
    def _moment(self, moment: dt.datetime) -> Iterator[None]:
        """Let it be a moment of the past for as long as the block lasts."""
        began = run_context.machine_clock()
        self._ago = began - moment
        self._meta.set_clock(moment)
        rows = json.dumps([run.at(moment) for run in self._sent_by(moment)])
        self._shop.execute(ADVANCE, {"runs": rows, "now": moment})
        yield
        with open_message_log() as log, log.transaction():
            for name, value in (("began", began), ("ago", self._ago)):
                log.execute("SELECT set_config(%s, %s::text, true)", [f"history.{name}", value])
            log.execute(REDATE)

    def _sent_by(self, moment: dt.datetime) -> list[Run]:
        return [run for run in self._runs if run.sent_at <= moment]

    def go_through(self, day: dt.date) -> None:
        """One weekday."""
        left = len(self._after(day))
        with self._moment(at(day, TICK)):
            # A receipt is off on some phones, and on others nobody looks before the evening.
            self._meta.set_webhooks(status_delays=UNREAD if left % 4 == 3 else READ_AFTER)
            if left == 12:
                self._meta.mark_recipient(NUMBERS["SABARMATEE"], 131026, late=True)
            self._meta.pause_webhooks()
            self._tick(at(day, TICK))
        with self._moment(at(day, UPKEEP)):
            self._meta.sent_webhooks(NO_FIELD)  # What has become of the messages meanwhile happens now.
            self._answers(left)
            self._meta.release_webhooks(batch=MANY)
            self._meta.sent_webhooks(NO_FIELD)
            self._events(day)
            self._upkeep()
            if left in PROMISES:
                self._promise(day)

    # What Airflow would run

    def _context(
        self, dag_id: str, params: Mapping[str, Any] | None = None, *, now: dt.datetime | None = None
    ) -> dict[str, Any]:
        """What Airflow tells a task of a DAG run; with params one that somebody has triggered."""
        moment = now or run_context.wall_clock()
        how = "scheduled" if params is None else "manual"
        dag_run = SimpleNamespace(
            dag_id=dag_id,
            run_id=f"{how}__{moment.isoformat()}",
            run_type=how,
            logical_date=moment,
            run_after=moment,
            clear_number=0,
        )
        ti = SimpleNamespace(
            task_id="summarise", try_number=1, get_task_states=lambda **_: {}, xcom_pull=lambda **_: [], map_index=-1
        )
        return {"dag_run": dag_run, "params": dict(params or {}), "ti": ti}

    def _tick(self, moment: dt.datetime) -> None:
        context, params = self._context(stack.DAG, now=moment), RunParams()
        begun = self._call(preflight_of_reminders, context)
        tick = Tick.from_xcom(begun) if begun else None
        found, batches = [], None
        if tick:
            found = [self._call(find_stuck_runs, tick, kind, params) for kind in ReminderKind]
            batches = self._call(plan_messages, tick, params)
            self._send(tick, batches, context)
            self._send(tick, self._call(plan_followups, tick, of_all=False), context)
            self._call(escalate, tick, context)
        self._call(summarise_run, context, tick, batches, found, "Reminder run", finds=True)

    def _events(self, day: dt.date) -> None:
        """The shop tells of what it has sent out today."""
        sent = [run for run in self._sent_by(run_context.wall_clock()) if run.sent_at > at(day, TICK)]
        if not sent:
            return
        events = [
            {"event": "production_run.sent_to_partner", "production_run_id": run.id, "event_id": f"past-{run.id}"}
            for run in sent
        ]
        params = {"events": events, "delivery": "live"}
        context = self._context(stack.EVENTS_DAG, params)
        begun = self._call(preflight_of_events, context)
        if begun:
            tick = Tick.from_xcom(begun)
            batches = self._call(plan_event_messages, tick, parse_event_params(params), context["dag_run"].run_after)
            self._send(tick, batches, context)
            self._call(summarise_run, context, tick, batches, None, "Event run")

    def _upkeep(self) -> None:
        context = self._context(stack.UPKEEP_DAG)
        begun = self._call(look_after_the_log, run_pass(context))
        if begun:
            tick = Tick.from_xcom(begun)
            batches = self._call(release_due, tick)
            self._send(tick, batches, context)
            self._call(summarise_run, context, tick, batches, None, "Upkeep run", first="sweep", of_all=True)

    def _send(self, tick: Tick, batches: Sequence[dict[str, Any]] | None, context: dict[str, Any]) -> None:
        for batch in batches or ():
            operator = WhatsAppTemplateOperator(task_id="send_messages", tick=tick.to_xcom(), batch=batch)
            self._call(operator.execute, context)

    def _call(self, work: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """Do a task's work; None where it ends as Airflow would show in another colour than green."""
        try:
            return work(*given, **more)
        except _ENDS as error:
            logging.getLogger(__name__).warning("%s: %s", type(error).__name__, error)
            return None

    # What people do

    def _answers(self, left: int) -> None:
        """What partners write on this day, each below the last message that they got."""
        for name, text in ANSWERS.get(left, ()):
            got = self._meta.outbox(to=NUMBERS[name])
            if got:
                self._meta.answer(got[-1]["phone_number_id"], NUMBERS[name], text, context=got[-1]["id"])
        for name in TAPS.get(left, ()):
            asked = [one for one in self._meta.outbox(to=NUMBERS[name]) if any("payload" in b for b in one["buttons"])]
            if asked:
                self._meta.tap(asked[-1]["id"], 1)

    def _promise(self, day: dt.date) -> None:
        """Operations enter what a partner has said on the telephone of a run that is not over."""
        now = run_context.wall_clock()
        whose = PROMISES[len(self._after(day))]
        rows = [run.at(now) for run in reversed(self._sent_by(now)) if run.partner == whose]
        for row in [row for row in rows if row["status"] != "completed"][:1]:
            said = {
                "promised_run": row["id"],
                "promised_until": (day + 4 * DAY).isoformat(),
                "promised_by": "ops",
                "promised_why": "They called: the loom is repaired by then.",
            }
            self._call(promise_by_hand, said)

    def _after(self, day: dt.date) -> Sequence[dt.date]:
        return self._days[self._days.index(day) + 1 :]


ANSWERS: Mapping[int, Sequence[tuple[str, str]]] = {
    30: [("KAVERY", "Started today, thank you")],
    24: [("BETWA", "Remind me later")],
    20: [("TAPTEE", "हिंदी")],
    15: [("KAVERY", "Need help")],
    9: [("GANGA", "STOP"), ("BETWA", "Remind me later")],
    5: [("TAPTEE", "The cotton has not come yet, what shall we do?")],
    2: [("NARMADA", "please dont send messages daily"), ("TAPTEE", "HELP")],
}
"""What partners write, by how many weekdays come after that day."""
TAPS: Mapping[int, Sequence[str]] = {23: ["BETWA"], 8: ["BETWA"]}
"""Who taps the second button of the last question that they were asked, likewise."""
PROMISES: Mapping[int, str] = {18: "BETWA", 6: "NARMADA"}
"""Of whose runs operations enter a promise, likewise; the last one is not kept."""


@contextlib.contextmanager
def _receiver() -> Iterator[str]:
    """The receiver of webhooks, in a thread: it only stores, upkeep applies."""
    with serving(receiver_app(receiver=Receiver(applies=False))) as port:
        yield f"http://127.0.0.1:{port}{PREFIX}{PATH}"


def _lead_to(meta: str) -> None:
    """Let the senders' connections lead to this Meta."""
    for name, value in os.environ.items():
        if name.startswith("AIRFLOW_CONN_WHATSAPP_"):
            os.environ[name] = json.dumps({**json.loads(value), "host": meta})


def _approve_lifecycle() -> None:
    """Have the templates of lifecycle messages approved, as `whatsapp_templates` does; those of reminders are there."""
    for sender in load_senders(load_settings()):
        with template_api(sender, connect_timeout=5, read_timeout=30) as api:
            for template in filter(None, map(installed_catalog().get, LIFECYCLE)):
                for language in sorted({*sender.languages} & {*template.languages}):
                    api.create(template.create_request(language, portal_url=PORTAL, header_handle=None))


def main(weeks: int) -> None:
    """Write so many weeks."""
    logging.basicConfig(level=logging.WARNING, force=True)
    days = days_before(dt.datetime.now(INDIA).date(), weeks)
    with (
        graph_api.running() as meta,
        psycopg.connect(os.environ["SAMPLE_SHOP_URL"], autocommit=True) as shop,
        _receiver() as hears,
    ):
        _lead_to(meta.url)
        meta.subscribe(hears)
        _approve_lifecycle()
        shop.execute(PARTNERS, {"now": at(days[0], TICK)})
        past = Weeks(shop, meta, days)
        for number, day in enumerate(days, start=1):
            past.go_through(day)
            if number % 5 == 0 or number == len(days):
                messages = len(meta.outbox(type="template"))
                print(f"{SAYS}{number} of {len(days)} weekdays, {messages} messages", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
