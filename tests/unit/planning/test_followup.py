"""What follows a template that has no picture, decided from values alone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.planning.reminders.followup import Followed, draft_followup, may_be_sent_freely
from support.deployment import TICK
from support.examples import PARTNER_ID, PHONE
from whatsapp_provider.templates.cleaning import whatsapp_length

PARENT = uuid.UUID("0198c0de-0000-7000-8000-000000000001")
PICTURE = "https://cdn.partners.example/kurta.jpg"
HOUR = dt.timedelta(hours=1)
ASSIGNED = "production_run.sent_to_partner"
CAPTION_LIMIT = 1024


def followed(**changes: Any) -> Followed:
    plain: dict[str, Any] = {
        "id": PARENT,
        "delivery": "live",
        "context_id": "R1:reminder:2026-11-23",
        "message_kind": "reminder",
        "event_name": None,
        "production_run_id": "R1",
        "partner_id": PARTNER_ID,
        "design_id": "D1",
        "sender": "in",
        "to_phone": PHONE,
        "language": "hi",
        "template_name": "jyt_production_run_reminder_idle_v1",
        "variables": {"partner_name": "Rajesh Textiles", "design_name": "Block Print Kurta"},
    }
    return Followed(**{**plain, **changes})


def test_within_the_window_the_picture_follows_with_its_caption() -> None:
    draft = draft_followup(followed(), picture=PICTURE)

    assert (draft.message_kind, draft.parent_id, draft.template_name) == ("followup", PARENT, None)
    assert (draft.context_type, draft.context_id) == ("production_run", "R1:reminder:2026-11-23:image")
    assert (draft.production_run_ids, draft.production_run_id, draft.design_id) == (("R1",), "R1", "D1")
    assert draft.variables == {"partner_name": "Rajesh Textiles", "caption": "Block Print Kurta — Run R1"}
    assert draft.body_text == "Block Print Kurta — Run R1"
    assert (draft.image_url, draft.skip_reason) == (PICTURE, None)


def test_it_goes_where_its_parent_went() -> None:
    parent = followed(partner_id="P7", to_phone="+393123456789", sender="europe", language="en")

    draft = draft_followup(parent, picture=None)

    assert (draft.partner_id, draft.to_phone, draft.sender, draft.language) == ("P7", "+393123456789", "europe", "en")


def test_without_a_picture_it_is_a_text() -> None:
    draft = draft_followup(followed(), picture=None)

    assert (draft.image_url, draft.skip_reason) == (None, None)


def test_what_follows_an_event_keeps_its_hours_and_a_context_of_its_own() -> None:
    parent = followed(context_id=f"R1:{ASSIGNED}:P1", message_kind="event", event_name=ASSIGNED)

    draft = draft_followup(parent, picture=None)

    assert draft.event_name == ASSIGNED
    assert draft.context_id == f"R1:{ASSIGNED}:P1:image:{PARENT}"


def test_a_reminder_that_an_event_asked_for_keeps_its_hours_and_the_context_of_the_day() -> None:
    parent = followed(event_name="production_run.reminder_idle")

    draft = draft_followup(parent, picture=None)

    assert (draft.event_name, draft.context_id) == ("production_run.reminder_idle", "R1:reminder:2026-11-23:image")


@pytest.mark.parametrize(
    ("design_name", "language", "caption"),
    [
        ("Drape\nof two lines", "en", "Drape of two lines — Run R1"),
        ("बंधेज साड़ी 🧵", "en", "बंधेज साड़ी 🧵 — Run R1"),
        (None, "en", "your design — Run R1"),
        ("", "hi", "आपका डिज़ाइन — Run R1"),
    ],
)
def test_the_caption_names_the_design_and_the_run_on_one_line(
    design_name: str | None, language: str, caption: str
) -> None:
    names = {} if design_name is None else {"design_name": design_name}

    draft = draft_followup(followed(variables=names, language=language), picture=None)

    assert draft.body_text == caption


@pytest.mark.parametrize("letter", ["x", "क", "🧵"])
def test_a_caption_leaves_room_for_a_long_link_and_never_loses_the_run(letter: str) -> None:
    run_id = "prod_run_01JZZZZZZZZZZZZZZZZZZZZZZZ"
    parent = followed(variables={"design_name": letter * 2_000}, production_run_id=run_id)

    caption = draft_followup(parent, picture=PICTURE).body_text

    assert caption is not None
    assert caption.endswith(f"… — Run {run_id}")
    assert whatsapp_length(caption) + len("\n") + 600 <= CAPTION_LIMIT


@pytest.mark.parametrize(
    ("delivery", "wrote", "expected"),
    [
        pytest.param("live", (PARTNER_ID, PHONE, 2), True, id="the partner on this phone"),
        pytest.param("live", (PARTNER_ID, PHONE, 25), False, id="the partner on this phone, a day ago"),
        pytest.param("live", ("P2", PHONE, 2), False, id="another partner on this phone"),
        pytest.param("live", (PARTNER_ID, "+919829054321", 2), False, id="the partner on another phone"),
        pytest.param("dry_run", (PARTNER_ID, PHONE, 2), True, id="a rehearsal decides as a live run"),
        pytest.param("dry_run", ("P2", PHONE, 2), False, id="a rehearsal takes nobody else's word either"),
        pytest.param("redirect", ("P2", PHONE, 2), True, id="whoever has the test phone"),
        pytest.param("redirect", ("P2", PHONE, 25), False, id="whoever has the test phone, a day ago"),
        pytest.param("redirect", (PARTNER_ID, "+919829054321", 2), False, id="the partner, but not the test phone"),
    ],
)
def test_whose_word_opens_the_window(delivery: str, wrote: tuple[str, str, int], expected: bool) -> None:
    partner_id, phone, hours = wrote
    inbound = {(partner_id, phone): TICK - hours * HOUR}

    assert may_be_sent_freely(followed(delivery=delivery), inbound, TICK) is expected


def test_the_latest_word_from_a_test_phone_counts() -> None:
    inbound = {("P2", PHONE): TICK - 40 * HOUR, ("P3", PHONE): TICK - HOUR, ("P4", PHONE): TICK - 30 * HOUR}

    assert may_be_sent_freely(followed(delivery="redirect"), inbound, TICK)


def test_nobody_wrote() -> None:
    assert not may_be_sent_freely(followed(), {}, TICK)
    assert not may_be_sent_freely(followed(delivery="redirect"), {}, TICK)
