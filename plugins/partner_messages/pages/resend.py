"""Failed messages that were shown are sent again: which may be, the DAG run that does it, and what came of each."""

from __future__ import annotations

import collections
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from partner_messages.config import dag_ids
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.triggering import state_of_dag_run, trigger
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.resends import chosen_messages, note_resend, resend_asked_for, told_since
from partner_messages.message_log.stops import stopped_senders
from partner_messages.messages.statuses import TAKEN_BY_META
from partner_messages.pages import render, words
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.messages import ON_A_PAGE
from partner_messages.pages.names import names_of
from partner_messages.pages.rights import Actor, Reader, may_act, may_trigger
from partner_messages.planning.resending import Verdict, judge, runs_of
from whatsapp_provider.masking import mask

Ids = list[uuid.UUID]
Text = Annotated[str, Form(max_length=2000)]


def router(log: Callable[[], AbstractContextManager[LogConnection]]) -> APIRouter:
    """The page's routes; `log` opens the message log as pages do."""
    routes = APIRouter()

    @routes.get("/resend")
    def resend_page(
        request: Request,
        person: Reader,
        ids: Annotated[Ids, Query(alias="id", max_length=ON_A_PAGE)] = [],  # noqa: B006
    ) -> Response:
        """Which of the chosen messages may be sent again, and why the others may not."""
        with log() as connection:
            shown = chosen(connection, load_settings(), ids, run_context.wall_clock())
        return render.page(request, person, "resend", **shown)

    @routes.post("/resend", dependencies=[Depends(may_act), Depends(may_trigger)])
    def resend(
        person: Actor,
        ids: Annotated[Ids, Form(alias="id", max_length=ON_A_PAGE)],
        form: Annotated[uuid.UUID, Form()],
        why: Text = "",
    ) -> Response:
        """Have those that still may be sent again by a DAG run; what was asked for once is not done twice."""
        with log() as connection:
            dag_run, done = _resend(connection, ids, f"resend__{form}", who=person.name, why=why)
        return render.back_to(f"/resent/{dag_run}", done)

    @routes.get("/resent/{dag_run}")
    def resent_page(request: Request, person: Reader, dag_run: str) -> Response:
        """What came of each message that was to be sent again."""
        with log() as connection:
            shown = resent(connection, load_settings(), dag_run)
        return render.page(request, person, "resent", **shown)

    return routes


def chosen(connection: LogConnection, settings: Settings, ids: Sequence[uuid.UUID], now: dt.datetime) -> dict[str, Any]:
    """What the page of the chosen messages shows.

    Raises:
        NotAsked: None was chosen, or none of them is there.
    """
    messages = chosen_messages(connection, ids) if ids else ()
    if not messages:
        raise NotAsked("No message was chosen; go back to Messages, and tick those that are to be sent again.")
    verdicts = judge(connection, settings, messages, now)
    stopped = stopped_senders(connection)
    return {
        "messages": [(one, verdicts[one["id"]]) for one in messages],
        "may": [one["id"] for one in messages if verdicts[one["id"]].hindrance is None],
        "stopped": {one["sender"]: stopped[one["sender"]] for one in messages if one["sender"] in stopped},
        "form": uuid.uuid4(),
        "names": _names(settings, messages),
    }


def _names(settings: Settings, messages: Sequence[Mapping[str, Any]]) -> Any:
    runs = [run for one in messages for run in runs_of(one)]
    return names_of(settings.tables, [one["partner_id"] for one in messages], runs)


def _resend(
    connection: LogConnection, ids: Sequence[uuid.UUID], dag_run: str, *, who: str, why: str
) -> tuple[str, str]:
    """Look at each again, write down what is asked for, and begin the DAG runs; return their id and a sentence.

    What was written down is what is begun: where the button was pressed twice, or the first press was cut off, the
    second one begins what the first has asked for, if it has not begun.
    """
    said = " ".join(why.split())
    if not said:
        raise NotAsked("Write why.")
    settings, now = load_settings(), run_context.wall_clock()
    if before := resend_asked_for(connection, dag_run):
        asked = before["detail"]["messages"]
    else:
        messages = chosen_messages(connection, ids)
        verdicts = judge(connection, settings, messages, now)
        if all(verdict.hindrance for verdict in verdicts.values()):
            why_not = _counted(str(verdict.hindrance) for verdict in verdicts.values())
            raise NotAsked(f"None of them may be sent again now: {why_not}. Nothing was done.")
        decided = [_as_asked(one, verdicts[one["id"]]) for one in messages]
        asked = note_resend(connection, dag_run, decided, who=who, why=said, now=now)
    begun = [trigger(dag_id, dag_run, conf, who=who) for dag_id, conf in _runs_of(asked)]
    if not any(begun):
        return dag_run, "That was asked for already; nothing is sent a second time."
    number = sum(one["left_alone"] is None for one in asked)
    return dag_run, f"{words.counted(number, 'message')} handed to Airflow; this page says what becomes of each."


def _as_asked(message: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    return {
        "id": str(message["id"]),
        "runs": list(verdict.production_run_ids or runs_of(message)),
        "event": verdict.event,
        "left_alone": verdict.hindrance,
    }


def _runs_of(asked: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The DAGs that send it again, each with its params: the same as by Airflow's own form."""
    goes = [one for one in asked if one["left_alone"] is None]
    events = [one["event"] for one in goes if one["event"]]
    runs = sorted({run for one in goes if not one["event"] for run in one["runs"]})
    return [
        *([(dag_ids.REMINDERS, {"production_run_ids": runs, "confirmed": True})] if runs else []),
        *([(dag_ids.EVENTS, {"events": events})] if events else []),
    ]


def resent(connection: LogConnection, settings: Settings, dag_run: str) -> dict[str, Any]:
    """What the page of what was sent again shows.

    Raises:
        NotAsked: Nothing was asked of such a DAG run.
    """
    asked_for = resend_asked_for(connection, dag_run)
    if asked_for is None:
        raise NotAsked("Nothing was asked to be sent again under this address.")
    asked = asked_for["detail"]["messages"]
    ids = [uuid.UUID(one["id"]) for one in asked]
    runs = sorted({run for one in asked for run in one["runs"]})
    told = told_since(connection, dag_run, runs, ids, since=asked_for["at"], day=day_of(asked_for["at"]))
    messages = {one["id"]: one for one in chosen_messages(connection, ids)}
    ends = [(messages.get(id_), one, _end(one, told)) for id_, one in zip(ids, asked, strict=True)]
    return {
        "who": mask(asked_for["who"]),
        "why": mask(asked_for["why"]),
        "at": asked_for["at"],
        "ends": ends,
        "sentence": sentence([_outcome(one, end) for _, one, end in ends]),
        "runs_in_airflow": [(dag_id, state_of_dag_run(dag_id, dag_run)) for dag_id, _ in _runs_of(asked)],
        "dag_run": dag_run,
        "names": _names(settings, list(messages.values())),
    }


def _end(asked: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The message in which one was sent again, or the skip that says why not; None where nothing is decided yet."""
    if asked["left_alone"]:
        return None
    event = asked["event"]["event"] if asked["event"] else None
    its = (one for one in told if {*asked["runs"]} & {*runs_of(one)} and one["event_name"] == event)
    return next(its, None)


def _outcome(asked: Mapping[str, Any], end: Mapping[str, Any] | None) -> tuple[str, str | None]:
    """What became of one in the words of the sentence, and, where it was left alone, why."""
    if asked["left_alone"]:
        return "left alone", asked["left_alone"]
    if end is None:
        return "not decided yet", None
    if end["status"] in TAKEN_BY_META:
        return "resent", None
    if end["status"] == "skipped":
        return "left alone", words.spoken(end["skip_reason"])
    return {"queued": "waiting", "sending": "waiting", "failed": "failed again"}.get(end["status"], "not known"), None


def sentence(outcomes: Sequence[tuple[str, str | None]]) -> str:
    """Such as `31 resent, 4 left alone: 3 moved on, 1 opted out.`; its numbers add up to what was chosen."""
    number = collections.Counter(outcome for outcome, _ in outcomes)
    order = ("resent", "waiting", "not decided yet", "failed again", "not known")
    parts = [f"{number[outcome]} {outcome}" for outcome in order if number[outcome]]
    if number["left alone"]:
        parts.append(f"{number['left alone']} left alone: {_counted(why for _, why in outcomes if why)}")
    return ", ".join(parts) + "."


def _counted(reasons: Iterable[str]) -> str:
    found = collections.Counter(reasons).most_common()
    return found[0][0] if len(found) == 1 else ", ".join(f"{number} {reason}" for reason, number in found)
