"""How a partner of the real shop is reached: by what it knows of the phone, whoever wrote it down and however."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from partner_messages.database.session import Session
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.drafting.recipient import Recipient, find_recipient
from partner_messages.planning.gather import shop_knowledge
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id
from support.deployment import TICK
from support.examples import DAY, drafting_setup, sender

HENG = partner_id("HENG")
MEERA = partner_id("MEERA")
RAJESH = partner_id("RAJESH")
RAJESH_ON_META = "919829012345"
SENDERS = (sender(), sender("au", country_codes=("+61",), languages=("en",)))
MEXICAN = "+525559876543"


def reached(source: Shop, who: str) -> Recipient | SkipReason:
    facts = shop_knowledge(source, partner_ids=[who], design_ids=(), day=DAY)
    return find_recipient(who, facts, drafting_setup(senders=SENDERS))


def talk(changes: Session, who: str, phone: str, *directions: str, **columns: Any) -> None:
    """Add a conversation, whose messages go in these directions one after the other."""
    id_ = columns.pop("id", "TALK")
    metadata = Jsonb(columns.pop("metadata", {}))
    row = {"id": id_, "partner_id": who, "phone_number": phone, "metadata": metadata, **columns}
    names = ", ".join(row)
    changes.execute(
        f"INSERT INTO messaging_conversation ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )
    for number, direction in enumerate(directions):
        changes.execute(
            "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
            " VALUES (%s, %s, %s, 'ok', %s::timestamptz + %s * interval '1 minute')",
            [f"{id_}{number}", id_, direction, TICK, number],
        )


def refuse(changes: Session, who: str, phone: str, **columns: Any) -> None:
    talk(changes, who, phone, **{"id": "NO", "metadata": {"consent_given": False}, **columns})


def test_a_number_of_two_countries_is_nobodys(source: Shop) -> None:
    assert reached(source, HENG) == SkipReason.AMBIGUOUS_PHONE


@pytest.mark.parametrize(
    ("phone", "expected"),
    [("6581258574", "+6581258574"), ("916581258574", "+916581258574")],
)
def test_the_number_from_which_the_partner_wrote_first_decides(
    source: Shop, changes: Session, phone: str, expected: str
) -> None:
    talk(changes, HENG, phone, "inbound", "outbound", status="archived")

    found = reached(source, HENG)

    assert isinstance(found, Recipient)
    assert found.phone == expected


@pytest.mark.parametrize(
    ("directions", "columns"),
    [
        pytest.param(["outbound"], {}, id="nobody answered"),
        pytest.param([], {}, id="nobody wrote"),
        pytest.param(["outbound", "inbound"], {}, id="the shop began: its own words for the number, whoever answered"),
        pytest.param(["inbound"], {"metadata": {"consent_source": "admin_initiated"}}, id="an admin made it"),
        pytest.param(["inbound"], {"partner_id": MEERA}, id="another partner's"),
        pytest.param(["inbound"], {"deleted_at": TICK}, id="deleted"),
        pytest.param(["inbound"], {"phone_number": "SG.6581258574"}, id="an id that is no number"),
    ],
)
def test_a_conversation_whose_number_is_not_metas_decides_nothing(
    source: Shop, changes: Session, directions: list[str], columns: dict[str, Any]
) -> None:
    talk(changes, HENG, "6581258574", *directions, **columns)

    assert reached(source, HENG) == SkipReason.AMBIGUOUS_PHONE


def test_two_numbers_from_which_the_partner_wrote_decide_nothing(source: Shop, changes: Session) -> None:
    talk(changes, HENG, "6581258574", "inbound")
    talk(changes, HENG, "916581258574", "inbound", id="TALK2")

    assert reached(source, HENG) == SkipReason.AMBIGUOUS_PHONE


@pytest.mark.parametrize(
    ("who", "phone", "columns"),
    [
        pytest.param(RAJESH, RAJESH_ON_META, {}, id="the partner's"),
        pytest.param(RAJESH, RAJESH_ON_META, {"status": "archived"}, id="archived"),
        pytest.param(RAJESH, RAJESH_ON_META, {"deleted_at": TICK}, id="deleted"),
        pytest.param(RAJESH, "+919829099999", {}, id="on another phone"),
        pytest.param(RAJESH, "IN.13491208655302741918", {}, id="by an id within the business"),
        pytest.param(MEERA, RAJESH_ON_META, {}, id="another partner's on the phone"),
        pytest.param("GONE", "0091 98290-12345", {"status": "archived"}, id="of one who is gone from the shop"),
    ],
)
def test_a_no_is_heard_wherever_it_stands(
    source: Shop, changes: Session, who: str, phone: str, columns: dict[str, Any]
) -> None:
    refuse(changes, who, phone, **columns)

    assert reached(source, RAJESH) == SkipReason.NO_CONSENT


def test_another_partners_no_on_another_phone_forbids_nothing(source: Shop, changes: Session) -> None:
    refuse(changes, MEERA, "919829112345")

    assert isinstance(reached(source, RAJESH), Recipient)


@pytest.mark.parametrize(("said", "refused"), [("2026-11-20T04:30:00.000Z", False), ("2026-11-18T04:30:00.000Z", True)])
def test_a_yes_on_the_phone_takes_back_only_a_no_before_it(
    source: Shop, changes: Session, said: str, refused: bool
) -> None:
    refuse(changes, RAJESH, "+919829099999", updated_at="2026-11-19T04:30:00Z")
    talk(changes, RAJESH, RAJESH_ON_META, metadata={"consent_given": True, "consent_given_at": said})

    assert (reached(source, RAJESH) == SkipReason.NO_CONSENT) is refused


def test_metas_spelling_of_the_phone_finds_language_sender_and_consent(source: Shop, changes: Session) -> None:
    changes.execute("UPDATE partner SET whatsapp_number = %s, country_code = 'MX' WHERE id = %s", [MEXICAN, RAJESH])
    talk(
        changes,
        RAJESH,
        "5215559876543",
        metadata={"language": "hi"},
        default_sender_platform_id=SENDERS[1].platform_id,
    )

    found = reached(source, RAJESH)

    assert isinstance(found, Recipient)
    assert (found.phone, found.sender, found.readable) == (MEXICAN, SENDERS[1], ("hi",))

    refuse(changes, MEERA, "5215559876543", status="archived")
    assert reached(source, RAJESH) == SkipReason.NO_CONSENT
