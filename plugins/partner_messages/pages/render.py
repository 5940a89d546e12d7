"""Writes a page: Jinja2 with everything escaped, from `include/templates/ops`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from partner_messages.config.paths import OPS, included
from partner_messages.deployment import run_context
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.pages import words
from partner_messages.pages.rights import Person
from whatsapp_provider.masking import mask

_DONE = "partner_messages_done"
WHERE = "Correct it in Airflow: Admin, Variables, partner_messages."


@functools.cache
def environment() -> Environment:
    """The templates of the pages, with the words that they use."""
    made = Environment(
        loader=FileSystemLoader(included(OPS)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters |= {
        "moment": words.moment,
        "day": words.day,
        "reason": words.reason,
        "why_not_sent": words.why_not_sent,
        "spoken": words.spoken,
        "mask": lambda text: mask(text or ""),
        "state": lambda status: words.STATES.get(status, status),
        "stuck": lambda kind: words.STUCK.get(kind, words.spoken(kind)),
        "message": lambda kind: words.MESSAGES.get(kind, words.spoken(kind)),
        "counted": words.counted,
        "act": words.act,
        "about": words.about,
        "error": words.error,
        "event": lambda name: words.EVENTS.get(name, words.spoken(name)),
        "language": lambda code: words.LANGUAGES.get(code or "", code),
    }
    made.globals |= {"zone": words.ZONE, "prefix": PREFIX}
    return made


def page(
    request: Request, person: Person | None, name: str, /, status: int = 200, *, wrong: str | None = None, **shown: Any
) -> HTMLResponse:
    """One page.

    Args:
        request: What was asked.
        person: Who asks; None on a page that says what is wrong.
        name: The template, without `.html`.
        status: HTTP's.
        wrong: What is wrong with the settings, on a page that is shown all the same.
        shown: What the template shows.
    """
    done = request.cookies.get(_DONE)
    text = (
        environment()
        .get_template(f"{name}.html")
        .render(
            person=person,
            wrong=f"{mask(wrong)} {WHERE}" if wrong else None,
            here=request.url.path.removeprefix(PREFIX),
            done=unquote(done) if done else None,
            as_of=run_context.wall_clock(),
            **shown,
        )
    )
    response = HTMLResponse(text, status)
    if done:
        response.delete_cookie(_DONE, path=PREFIX)
    return response


def back_to(address: str, done: str) -> RedirectResponse:
    """After an act: the page, which says once what was done. In a cookie, as anybody can write an address.

    Args:
        address: Of one of our pages, without the prefix.
        done: A sentence.
    """
    response = RedirectResponse(PREFIX + address, 303)
    response.set_cookie(_DONE, quote(done), max_age=60, path=PREFIX, httponly=True, samesite="strict")
    return response


def asset(name: str) -> Path:
    """The file of a style sheet or a script."""
    return included(OPS) / name
