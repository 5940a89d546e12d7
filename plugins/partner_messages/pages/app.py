"""The pages as one web application (docs/pages.md): every route asks for a right, every error is a sentence.

Reading asks for read access to the DAG `production_run_reminders`, acting for the right to edit it.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from partner_messages.config import dag_ids
from partner_messages.config.ends import NothingToDo, RepairNeeded, TryLater
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import VARIABLE, SettingsError
from partner_messages.config.value_kinds import Day
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings, readable_settings
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.triggering import state_of_dag_run
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.pages import (
    acts,
    before,
    effect,
    history,
    messages,
    people,
    previews,
    render,
    resend,
    templates,
    what_if,
    words,
)
from partner_messages.pages.asked import Delivery, NotAsked, check_asked, filters_of, has_no_nul
from partner_messages.pages.names import partners_like
from partner_messages.pages.rights import Actor, Reader, may_act, may_read, roles_without_pages
from partner_messages.pages.state import state_of
from partner_messages.pages.today import today
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

PATIENCE = "5s"
"""How long a page's statement may take."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""They allow Airflow's own frame, and nothing else."""

ASSETS = {"ops.css": "text/css", "ops.js": "text/javascript", "htmx.min.js": "text/javascript"}

_pages = APIRouter()
_acts = APIRouter(dependencies=[Depends(may_act)])

Text = Annotated[str, Form(max_length=2000)]


@contextlib.contextmanager
def _log() -> Iterator[LogConnection]:
    with open_message_log() as connection:
        connection.execute(f"SET statement_timeout = '{PATIENCE}'")
        yield connection


def pages_app() -> FastAPI:
    """The application, to be mounted at `page_addresses.PREFIX`."""
    app = FastAPI(
        title="partner_messages pages",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(may_read), Depends(has_no_nul), Depends(_is_known)],
    )
    app.middleware("http")(_with_headers)
    for error in (NothingToDo, RepairNeeded, TryLater, StarletteHTTPException, RequestValidationError):
        app.add_exception_handler(error, _in_words)
    app.include_router(_pages)
    app.include_router(_acts)
    app.include_router(before.router(_log))
    app.include_router(effect.router(_log))
    app.include_router(previews.router(_log))
    app.include_router(resend.router(_log))
    app.include_router(templates.router(_log))
    app.include_router(what_if.router(_log))
    return app


_LOOK_FOR_THEMSELVES = frozenset({"/messages", "/messages.csv", "/effect", "/what-if"})
"""Pages that say themselves which parameters they do not know."""


def _is_known(request: Request) -> None:
    """Refuse parameters that a page does not know, and those that are said twice."""
    route = request.scope["route"]
    known = [one.alias for one in get_flat_dependant(route.dependant).query_params]
    names = [name for name, _ in request.query_params.multi_items()]
    check_asked(names, None if route.path in _LOOK_FOR_THEMSELVES else known)


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _in_words(request: Request, error: Exception) -> Response:
    """A page that says what is wrong, with nothing on it that asks a database."""
    match error:
        case StarletteHTTPException():
            status, said = error.status_code, str(error.detail)
            text = _FORBIDDEN if said == "Forbidden" else _HTTP.get(status, said)
        case RequestValidationError():
            status, text = 400, words.invalid(error.errors()[0])
        case TryLater():
            log.warning("A page was not shown: %s", mask(str(error)))
            status, text = 503, f"{_LATER} ({mask(str(error))[:300]})"
        case SettingsError() if str(error).startswith(f"Variable {VARIABLE}"):
            status, text = 400, f"{mask(str(error))} {render.WHERE}"
        case _:
            status, text = 400, mask(words.refusal(str(error)))
    # An act is posted to the address of its page, or below it.
    back = _page_of(request) if request.method == "POST" else None
    # What was typed is there to be corrected.
    typed = request.query_params.multi_items() if status == 400 and request.method == "GET" else []
    return render.page(request, None, "error", status, text=text, code=status, back=back, typed=typed)


def _page_of(request: Request) -> str:
    """The page whose form was sent; where the browser does not say so, the one of the same address."""
    came_from = urlsplit(request.headers.get("referer", ""))
    here = came_from.netloc == request.headers.get("host") and came_from.path.startswith(f"{PREFIX}/")
    path, query = (came_from.path, came_from.query) if here else (request.url.path, request.url.query)
    return f"{path}?{query}" if query else path


_HTTP = {
    401: "You are not logged in to Airflow any more; log in and open the page again.",
    404: "There is no such page.",
    405: "There is no such page.",
}
_FORBIDDEN = "You may look at these pages; to do this, ask somebody who may edit the DAG in Airflow."
_LATER = "This took too long, or a database does not answer; ask for fewer days, or try again in a minute"


@_pages.get("/")
def today_page(request: Request, person: Reader, day: Day | None = None, delivery: Delivery = None) -> Response:
    """A day at a glance."""
    now, settings = run_context.wall_clock(), load_settings()
    with _log() as connection:
        shown = today(connection, day or day_of(now), delivery, now, settings)
        unseeing = roles_without_pages() if person.may_set else ()
        return render.page(
            request,
            person,
            "today",
            **shown,
            state=state_of(connection, settings, by_whom=True),
            roles_without_pages=unseeing,
        )


@_pages.get("/messages")
def messages_page(request: Request, person: Reader) -> Response:
    """The messages that answer to the filters."""
    with _log() as connection:
        settings, wrong = readable_settings()
        shown = messages.messages_page(connection, filters_of(request.query_params), settings.tables)
    return render.page(request, person, "messages", **shown, wrong=wrong)


@_pages.get("/messages.csv")
def messages_csv(request: Request) -> Response:
    """The same as a file."""
    filters = filters_of(request.query_params)
    with _log() as connection:
        lines = messages.as_csv(connection, filters, readable_settings()[0].tables)
    name = f"messages-{filters.since}-{filters.until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@_pages.get("/messages/{message_id}")
def message_page(request: Request, person: Reader, message_id: uuid.UUID) -> Response:
    """One message."""
    with _log() as connection:
        settings, wrong = readable_settings()
        shown = messages.message(connection, message_id, settings.tables)
    return render.page(request, person, "message", **shown, wrong=wrong)


@_pages.get("/partners")
def partners_page(request: Request, person: Reader, name: str = "") -> Response:
    """The partners who have some words in their names."""
    settings, wrong = readable_settings()
    found = partners_like(settings.tables, name) if name.strip() else {}
    return render.page(request, person, "partners", name=name, found=found, wrong=wrong)


@_pages.get("/partners/{partner_id}")
def partner_page(request: Request, person: Reader, partner_id: str) -> Response:
    """One partner, day by day."""
    return _history(request, person, partner_id=partner_id)


@_pages.get("/runs/{run}")
def run_page(request: Request, person: Reader, run: str) -> Response:
    """One run, day by day."""
    return _history(request, person, run=run)


def _history(request: Request, person: Reader, **of: str) -> Response:
    with _log() as connection:
        settings, wrong = readable_settings()
        shown = history.history(connection, settings, run_context.wall_clock(), **of)
    if wrong:  # Nobody is reminded at all as long as it is.
        shown["ahead"] = None
    return render.page(request, person, "history", **shown, wrong=wrong)


@_pages.get("/people")
def people_page(request: Request, person: Reader, dag_run: str | None = None) -> Response:
    """What needs a person; of one DAG run, what it has called people for."""
    with _log() as connection:
        settings, wrong = readable_settings()
        shown = people.work_list(connection, settings, run_context.wall_clock(), dag_run)
    if dag_run and not shown["items"] and not any(state_of_dag_run(dag, dag_run) for dag in dag_ids.SENDING):
        raise NotAsked(f"Airflow knows no DAG run {dag_run[:80]}, and nothing that it has opened is open.")
    return render.page(request, person, "people", **shown, wrong=wrong)


@_pages.get("/sending")
def sending_page(request: Request, person: Reader, names: bool = False) -> Response:
    """Whether messages leave, and who has decided so; it asks for nothing that is slow."""
    with _log() as connection:
        return render.page(request, person, "sending", **acts.sending(connection, named=names))


@_pages.get("/assets/{name}")
def asset(name: str) -> Response:
    """The style sheet and the script."""
    if name not in ASSETS:
        raise HTTPException(404)
    return FileResponse(render.asset(name), media_type=ASSETS[name])


@_acts.post("/sending")
def sending(person: Actor, do: Text, why: Text = "") -> Response:
    """Halt all sending, or let it go on."""
    return render.back_to("/sending", acts.halt_or_go_on(do, who=person.name, why=why))


@_acts.post("/messages/{message_id}")
def settle(person: Actor, message_id: uuid.UUID, outcome: Text = "", why: Text = "") -> Response:
    """Say what became of a message that is not known."""
    return render.back_to(f"/messages/{message_id}", acts.settle(message_id, outcome, who=person.name, why=why))


@_acts.post("/people/{escalation_id}")
def work(
    person: Actor, escalation_id: uuid.UUID, do: Text, why: Text = "", until: Text = "", had: Text = ""
) -> Response:
    """Do something with what needs a person."""
    with _log() as connection:
        done = acts.work(connection, escalation_id, do, who=person.name, why=why, until=until, had=had)
    return render.back_to("/people", done)


@_acts.post("/partners/{partner_id}")
def of_partner(
    person: Actor, partner_id: str, do: Text, why: Text = "", until: Annotated[str, Form()] = ""
) -> Response:
    """Enter what a partner has said about being written to, or leave them alone."""
    done = acts.of_partner(partner_id, do, until, person.name, why)
    return render.back_to(words.address("partners", partner_id), done)


@_acts.post("/runs/{run}")
def of_run(
    person: Actor, run: str, do: Text = "promise", until: Annotated[str, Form()] = "", why: Text = ""
) -> Response:
    """Enter what a partner has promised of a run, or leave it alone."""
    return render.back_to(words.address("runs", run), acts.of_run(run, do, until, person.name, why))
