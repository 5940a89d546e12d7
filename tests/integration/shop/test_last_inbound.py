"""When each partner last wrote to us, as the shop's inbox knows it."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.database.session import Session
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id
from support.deployment import TICK

HOUR = dt.timedelta(hours=1)
KARAN = "+919829012348"
GANESH = "+919829012349"
SYDNEY = "+61412345678"
MEERA = "+919829012346"


def write(changes: Session, conversation: str, ago: dt.timedelta, direction: str = "inbound") -> None:
    """Put a message into one of the sample shop's conversations."""
    changes.execute(
        "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
        " VALUES (gen_random_uuid()::text, %s, %s, 'ok', %s)",
        [partner_id(conversation), direction, TICK - ago],
    )


def of(name: str, phone: str, ago: dt.timedelta) -> dict[tuple[str, str], dt.datetime]:
    return {(partner_id(name), phone): TICK - ago}


def test_the_newest_inbound_message_counts(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", 9 * HOUR)
    write(changes, "KARANEST", 5 * HOUR)
    write(changes, "KARANEST", 7 * HOUR)
    write(changes, "KARANEST", HOUR, direction="outbound")

    assert source.last_inbound([KARAN], until=TICK) == of("KARAN", KARAN, 5 * HOUR)


@pytest.mark.parametrize(("newer", "older"), [("KARANNEW", "KARANEST"), ("KARANEST", "KARANNEW")])
def test_one_number_in_two_formats_is_one_phone(source: Shop, changes: Session, newer: str, older: str) -> None:
    write(changes, newer, 3 * HOUR)
    write(changes, older, 6 * HOUR)

    assert source.last_inbound([KARAN], until=TICK) == of("KARAN", KARAN, 3 * HOUR)


@pytest.mark.parametrize("typed", ["098290 12348", "0091 98290-12348", "9829012348", "+91 (98290) 12348"])
def test_a_number_may_be_typed_in_any_way(source: Shop, changes: Session, typed: str) -> None:
    write(changes, "KARANEST", HOUR)
    changes.execute(
        "UPDATE messaging_conversation SET phone_number = %s WHERE id = %s", [typed, partner_id("KARANEST")]
    )

    assert source.last_inbound([KARAN], until=TICK) == of("KARAN", KARAN, HOUR)


def test_a_national_number_is_read_in_its_partners_country(source: Shop, changes: Session) -> None:
    write(changes, "SYDNEYTK", HOUR)
    changes.execute(
        "UPDATE messaging_conversation SET phone_number = '0412 345 678' WHERE id = %s", [partner_id("SYDNEYTK")]
    )

    assert source.last_inbound([SYDNEY], until=TICK) == of("SYDNEY", SYDNEY, HOUR)


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("+522221234567", "5212221234567"),
        ("+5491123456789", "541123456789"),
        ("+5511987654321", "551187654321"),
        ("+2290195123456", "22995123456"),
    ],
)
def test_a_number_may_be_spelled_as_meta_does(source: Shop, changes: Session, phone: str, written: str) -> None:
    write(changes, "KARANEST", HOUR)
    changes.execute(
        "UPDATE messaging_conversation SET phone_number = %s WHERE id = %s", [written, partner_id("KARANEST")]
    )

    assert source.last_inbound([phone], until=TICK) == of("KARAN", phone, HOUR)


def test_archived_conversations_count(source: Shop, changes: Session) -> None:
    write(changes, "GANESH1", HOUR)

    assert source.last_inbound([GANESH], until=TICK) == of("GANESH", GANESH, HOUR)


def test_a_deleted_message_does_not_count(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", HOUR)
    changes.execute("UPDATE messaging_message SET deleted_at = now()")

    assert source.last_inbound([KARAN], until=TICK) == {}


def test_a_deleted_conversation_does_not_count(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", HOUR)
    changes.execute("UPDATE messaging_conversation SET deleted_at = now()")

    assert source.last_inbound([KARAN], until=TICK) == {}


def test_what_came_after_the_moment_is_passed_over(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", 2 * HOUR)
    write(changes, "KARANEST", -HOUR)
    write(changes, "GANESH1", 0 * HOUR)

    found = source.last_inbound([KARAN, GANESH], until=TICK)

    assert found == of("KARAN", KARAN, 2 * HOUR) | of("GANESH", GANESH, 0 * HOUR)


def test_each_partner_on_one_phone_counts_alone(source: Shop, changes: Session) -> None:
    write(changes, "GANESH2", HOUR)
    write(changes, "KARANEST", 2 * HOUR)
    changes.execute(
        "UPDATE messaging_conversation SET phone_number = %s WHERE id = %s", [GANESH, partner_id("KARANEST")]
    )

    found = source.last_inbound([GANESH], until=TICK)

    assert found == of("GANESH", GANESH, HOUR) | of("KARAN", GANESH, 2 * HOUR)


def test_a_number_that_only_ends_alike_is_another(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", HOUR)

    assert source.last_inbound(["+919829112348", "+39312348"], until=TICK) == {}


def test_an_empty_number_is_nobodys(source: Shop, changes: Session) -> None:
    write(changes, "ANANDTAK", HOUR)

    assert source.last_inbound([], until=TICK) == {}
    assert source.last_inbound([KARAN], until=TICK) == {}


def test_a_partner_who_is_gone_from_the_shop_still_wrote(source: Shop, changes: Session) -> None:
    write(changes, "KARANEST", HOUR)
    changes.execute("UPDATE messaging_conversation SET partner_id = 'P-gone' WHERE id = %s", [partner_id("KARANEST")])

    assert source.last_inbound([KARAN], until=TICK) == {("P-gone", KARAN): TICK - HOUR}
