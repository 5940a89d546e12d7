"""The package's own steps, timed: `python -m sandbox.bench.steps <step> question.json answer.json`.

Each runs in a process of its own, started by `workplace.Steps`, as a task does, so that its memory is its own. What a
task pays once (imports, the first session with each database) is paid before the clock starts: `make bench` has a row
for whole ticks, which pay all of it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import gc
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil  # type: ignore[import-untyped]
import psycopg
from airflow.providers.postgres.hooks.postgres import PostgresHook

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import SHOP_CONN_ID, Settings
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import RunParams
from partner_messages.deployment.receiving import load_receiving
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.effect import count_what_came_of_it
from partner_messages.message_log.migrations import migrate
from partner_messages.message_log.outbox import messages_of
from partner_messages.message_log.queueing import queued_of_tick
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import RunPass, Tick
from partner_messages.ops.escalate import escalate
from partner_messages.ops.summarise import NeedsAnEngineer, TaskResults, summarise
from partner_messages.ops.upkeep import forget_what_is_old, look_after_the_log
from partner_messages.planning.events.event import parse_event_params
from partner_messages.planning.find import find_stuck_runs
from partner_messages.planning.plan_events import plan_event_messages
from partner_messages.planning.plan_followups import plan_followups
from partner_messages.planning.plan_reminders import plan_messages
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.sending.recheck import no_longer_due
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from partner_messages.tasks.mirror import mirror_to_shop
from partner_messages.tasks.preflight import preflight
from sandbox.bench import HISTORY
from sandbox.bench.memory import peak_mb

DAG = "bench"
PARAMS = RunParams(delivery="live", confirmed=True)
COUNT = Path(__file__).with_name("count.sql")
FORGET_MESSAGES = Path(__file__).with_name("forget_messages.sql")
ONE_MESSAGE = Path(__file__).with_name("one_message.sql")
STUCK_FOR_LONG = Path(__file__).with_name("stuck_for_long.sql")
SENT = Path(__file__).with_name("sent.sql")
TAKE_ALL = Path(__file__).with_name("take_all.sql")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How many seconds something took, and what it returned."""
    start = time.perf_counter()
    returned = work()
    return time.perf_counter() - start, returned


def run_of(number: int, now: dt.datetime) -> RunPass:
    """A DAG run, triggered by hand."""
    return RunPass(DAG, f"bench {number}", "manual", now=now, run_after=now)


def find(now: str, repeats: int) -> dict[str, Any]:
    """Find what is stuck, in every kind at once; beside it, count the runs. The census is measured with planning.

    Args:
        now: The tick, ISO 8601.
        repeats: How often; each is a DAG run of its own.
    """
    count = COUNT.read_bytes()
    counting: list[float] = []
    finding: list[float] = []
    tick: dict[str, Any] = {}
    found = 0
    with contextlib.closing(_shop_session()) as session:
        for number in range(repeats):
            tick = preflight(run_of(number, dt.datetime.fromisoformat(now)), PARAMS.delivery, _templates)
            seconds, _ = timed(lambda: session.execute(count).fetchone())
            counting.append(seconds)
            seconds, found = timed(lambda tick=tick: _find_all(Tick.from_xcom(tick)))  # type: ignore[misc]
            finding.append(seconds)
    return {"tick": tick, "found": found, "count_seconds": counting, "find_seconds": finding}


def _templates(settings: Settings) -> tuple[str, ...]:
    return templates_of(settings.template_family)


def _find_all(tick: Tick) -> int:
    with ThreadPoolExecutor(len(ReminderKind)) as at_once:  # as the DAG's mapped tasks are
        return sum(
            task["found"] for task in at_once.map(lambda kind: find_stuck_runs(tick, kind, PARAMS), ReminderKind)
        )


def _shop_session() -> psycopg.Connection[Any]:
    session = cast("psycopg.Connection[Any]", PostgresHook(postgres_conn_id=SHOP_CONN_ID).get_conn())
    session.autocommit = True
    return session


def forget_messages() -> dict[str, Any]:
    """Let the day begin without a message, where it was sent at another rate before."""
    with open_message_log() as log:
        log.execute(FORGET_MESSAGES.read_bytes())
    return {}


def plan(tick: dict[str, Any], repeats: int) -> dict[str, Any]:
    """Plan what was found, each time as if nothing had been planned yet; return the last time's batches."""
    seconds: list[float] = []
    batches: list[dict[str, Any]] = []
    with open_message_log() as log:
        for _ in range(repeats):
            if repeats > 1:
                log.execute(FORGET_MESSAGES.read_bytes())
            took, batches = timed(lambda: plan_messages(Tick.from_xcom(tick), PARAMS))
            seconds.append(took)
    return {"plan_seconds": seconds, "batches": batches}


def plan_again(tick: dict[str, Any]) -> dict[str, Any]:
    """Plan what is planned already, as after a stopped day."""
    seconds, _ = timed(lambda: plan_messages(Tick.from_xcom(tick), PARAMS))
    return {"seconds": seconds}


def write_history(now: str, days: int, per_day: int) -> dict[str, Any]:
    """Let the message log have a past, and find what is stuck after it."""
    moment = dt.datetime.fromisoformat(now)
    tick = preflight(run_of(0, moment), PARAMS.delivery, _templates)
    size = {"day": moment.date(), "now": moment, "days": days, "per_day": per_day, "partners": 2_000}
    with open_message_log() as log:
        psycopg.ClientCursor(log).execute(HISTORY.read_bytes(), size)
    _find_all(Tick.from_xcom(tick))
    return {"tick": tick}


def pages(now: str, days: int, per_day: int, asked: int) -> dict[str, Any]:
    """Let the message log have a past, count it, and ask for each page.

    Returns:
        Milliseconds of each page (`milliseconds`, by name), and how long the counting of one day took.
    """
    from airflow.utils import db

    from sandbox.bench.visiting import visit

    db.initdb()
    write_history(now, days, per_day)
    moment = dt.datetime.fromisoformat(now)
    today, counted, seconds = day_of(moment), 0, 0.0
    with open_message_log() as log:
        while True:
            took, done = timed(lambda: count_what_came_of_it(log, moment, lambda _: ()))
            if not done:
                break
            counted, seconds = counted + done, seconds + took
        (found,) = log.execute(ONE_MESSAGE.read_bytes()).fetchall()
    span = f"since={today - dt.timedelta(days=399)}&until={today}"
    yesterday = today - dt.timedelta(days=1)
    addresses = {
        "Today": f"/?day={yesterday}&delivery=live",
        "Messages of a day": f"/messages?since={yesterday}&until={yesterday}",
        "Messages of 400 days": f"/messages?{span}",
        "Messages of 400 days that failed": f"/messages?{span}&status=failed",
        "Messages of 400 days, skipped as moved on": f"/messages?{span}&reason=moved_on",
        "Messages of a partner": f"/messages?{span}&partner={found['partner_id']}",
        "a message": f"/messages/{found['id']}",
        "a partner": f"/partners/{found['partner_id']}",
        "a run": f"/runs/{found['production_run_id']}",
        "Needs a person": "/people",
        "Does it work?": "/effect?days=90",
        "Templates": "/templates",
        "Halt": "/sending",
    }
    return {"milliseconds": visit(addresses, asked), "seconds_a_day": seconds / counted}


def take_all(**_tick: Any) -> dict[str, Any]:
    """Let Meta take what is queued, without asking it."""
    with open_message_log() as log:
        log.execute(TAKE_ALL.read_bytes())
    return {}


def _look_again(tick: Tick) -> Any:
    with open_message_log() as log:
        ids = [message.id for message in queued_of_tick(log, tick, now=tick.now)][:1_000]
        queued = messages_of(log, ids, tick.now)
    return no_longer_due(tick, queued, PARAMS.model_dump(mode="json"), load_settings())


def _list_of_events(tick: Tick) -> Any:
    with contextlib.closing(_shop_session()) as session:
        runs = session.execute("SELECT id FROM production_runs WHERE status = 'cancelled' LIMIT 1000").fetchall()
    events = [
        {"event": "production_run.cancelled", "production_run_id": run, "event_id": f"bench-{run}"} for (run,) in runs
    ]
    params = parse_event_params({"events": events, "delivery": "live"})
    return plan_event_messages(tick, params, tick.now)


def _summarise(tick: Tick) -> Any:
    with contextlib.suppress(NeedsAnEngineer):
        summarise(
            tick,
            RunPass(DAG, tick.dag_run_id, "manual", tick.now, tick.now),
            [],
            "Bench",
            told=TaskResults(),
            finds=True,
        )


def _look_after(_tick: Tick) -> Any:
    look_after_the_log(run_of(1, dt.datetime.now(dt.UTC)))
    forget_what_is_old()


def _as_its_task(work: Callable[[Tick], Any]) -> Callable[..., dict[str, Any]]:
    return lambda tick: {"seconds": timed(lambda: work(Tick.from_xcom(tick)))[0]}


def send(tick: dict[str, Any], batch: dict[str, Any]) -> dict[str, Any]:
    """Send one batch as its task does; return when it began, how long it took, and its messages by status."""
    now = Tick.from_xcom(tick).now
    dag_run = SimpleNamespace(
        dag_id=DAG, run_id=tick["dag_run_id"], run_type="manual", logical_date=now, run_after=now, clear_number=0
    )
    operator = WhatsAppTemplateOperator(task_id="send_messages", tick=tick, batch=batch)
    with open_message_log():  # the imports of a first session
        pass
    began = time.time()
    seconds, counts = timed(lambda: operator.execute({"dag_run": dag_run, "params": PARAMS.model_dump(mode="json")}))
    return {"began": began, "seconds": seconds, "counts": counts}


def listen(messages: int, per_webhook: int) -> dict[str, Any]:
    """Apply a status of each of so many messages, so many of them in a webhook."""
    # Here, as no task imports the receiver's web application.
    from partner_messages.webhook.applier_process import collect_garbage_rarely
    from partner_messages.webhook.apply import apply_backlog
    from partner_messages.webhook.sender_ids import SenderIds
    from partner_messages.webhook.sessions import SessionPool
    from partner_messages.webhook.store import store

    (number,) = [one for one in load_receiving().numbers if one.label == "in"]
    now = dt.datetime.now(dt.UTC)
    numbers = SenderIds({"in": number.phone_number_id}, {"in": number.waba_id})
    sessions = SessionPool(open_message_log)
    with sessions.session() as connection:
        migrate(connection)
        psycopg.ClientCursor(connection).execute(SENT.read_bytes(), {"messages": messages})
        for first in range(0, messages, per_webhook):
            of = range(first, min(first + per_webhook, messages))
            store(connection, _statuses(of, number.phone_number_id, now), now)
        with sessions.session():  # the second one's imports and session are there, too
            pass
    collect_garbage_rarely()
    seconds, done = timed(lambda: apply_backlog(sessions.session, numbers, lambda: now))
    sessions.close()
    return {"seconds": seconds, "changed": done.changed}


def try_settings(now: str, runs: int, days: int, partners: int, repeats: int) -> dict[str, Any]:
    """Show the page that tries settings, beside those of now; and measure what this machine does meanwhile."""
    # Here, as no task imports them: they bring Airflow's web application.
    from partner_messages.pages.past import read_history
    from partner_messages.pages.what_if import what_if

    moment = dt.datetime.fromisoformat(now)
    size = {"day": moment.date(), "days": days, "runs": runs, "partners": partners}
    asked = {"cadence": "1, 3, 7 then weekly", "max_reminders": "5", "holidays": "IN"}
    seconds, of_ours, reading, beside = [], [], [], []
    with open_message_log() as log:
        migrate(log)
        psycopg.ClientCursor(log).execute(STUCK_FOR_LONG.read_bytes(), size)
        for _ in range(repeats):
            beside.append(timed(lambda: sum(number for number in range(3_000_000)))[0])
            begun = time.process_time()
            seconds.append(timed(lambda: what_if(log, asked, moment))[0])
            of_ours.append(time.process_time() - begun)
            reading.append(timed(lambda: read_history(log, load_settings(), moment))[0])
    return {"seconds": seconds, "of_ours": of_ours, "reading": reading, "beside": beside}


def _id(number: int) -> str:
    """The id of a message of `sent.sql`."""
    return str(uuid.UUID(hashlib.md5(f"message {number}".encode(), usedforsecurity=False).hexdigest()))


def _statuses(messages: range, phone_number_id: str, now: dt.datetime) -> bytes:
    pricing = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
    item = {
        "status": "delivered",
        "timestamp": str(int(now.timestamp())),
        "recipient_id": "919829012345",
        "pricing": pricing,
    }
    statuses = [{**item, "id": f"wamid.{number}", "biz_opaque_callback_data": _id(number)} for number in messages]
    metadata = {"display_phone_number": "911234567890", "phone_number_id": phone_number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": statuses}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "find": find,
    "plan": plan,
    "forget messages": forget_messages,
    "plan again": plan_again,
    "send": send,
    "history": write_history,
    "take all": take_all,
    "recheck": _as_its_task(_look_again),
    "follow-ups": _as_its_task(plan_followups),
    "mirror": _as_its_task(mirror_to_shop),
    "escalate": _as_its_task(lambda tick: escalate(tick, {"params": PARAMS.model_dump()})),
    "summarise": _as_its_task(_summarise),
    "events": _as_its_task(_list_of_events),
    "upkeep": _as_its_task(_look_after),
    "listen": listen,
    "pages": pages,
    "what if": try_settings,
}


def main() -> None:
    """Run the step that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.bench.steps", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("question", type=Path, help="the step's arguments, JSON")
    parser.add_argument("answer", type=Path, help="where to write what it returns, JSON")
    asked = parser.parse_args()
    # Every message is a line of its task's log; writing them is part of the work.
    logging.basicConfig(level=logging.INFO, force=True)
    gc.freeze()  # LocalExecutor's workers are forked so: what was imported is not looked through for garbage
    answer = STEPS[asked.step](**json.loads(asked.question.read_text()))
    asked.answer.write_text(json.dumps(answer | {"peak_mb": peak_mb(psutil.Process())}))


if __name__ == "__main__":
    main()
