"""What else the package asks the shop: partners, admins, conversations, designs, and what the shop itself sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.messages.values import reminder_context_id
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id, run_id
from support.deployment import TICK
from support.examples import DAY

SHOP_REMINDED = {run_id("MSGT0DAY"), run_id("MARKT0DAY")}
CONTEXTS = {
    run_id(name): reminder_context_id(run_id(name), DAY)
    for name in ("MSGT0DAY", "MSGYESTERDAY", "MARKT0DAY", "MARKYESTERDAY", "SENT24H1S", "SENT25H")
}


def test_partners_come_by_id_the_deleted_ones_too(source: Shop) -> None:
    found = source.partners([partner_id("RAJESH"), partner_id("TARA"), "01JNOBODY"])

    assert set(found) == {partner_id("RAJESH"), partner_id("TARA")}
    rajesh = found[partner_id("RAJESH")]
    assert (rajesh.name, rajesh.status, rajesh.deleted) == ("Rajesh Textiles", "active", False)
    assert (rajesh.whatsapp_number, rajesh.whatsapp_verified) == ("+919829012345", True)
    assert found[partner_id("TARA")].deleted


def test_admins_come_eldest_first_and_not_when_deleted(source: Shop, changes: Session) -> None:
    changes.execute("UPDATE partner_admin SET deleted_at = now() WHERE id = %s", [partner_id("KARANC")])

    found = source.admins([partner_id("KARAN"), partner_id("NEHA")])

    assert [admin.id for admin in found[partner_id("KARAN")]] == [
        partner_id("KARANA"),
        partner_id("KARANB"),
        partner_id("KARAND"),
    ]
    assert partner_id("NEHA") not in found


def test_conversations_come_with_language_consent_and_pin_and_are_marked_when_deleted(
    source: Shop, changes: Session
) -> None:
    changes.execute("UPDATE messaging_conversation SET deleted_at = now() WHERE id = %s", [partner_id("GANESH3")])

    found = source.conversations({partner_id(name): () for name in ("GANESH", "PANKAJ", "MARTA")})

    assert {talk.id: talk.deleted for talk in found[partner_id("GANESH")]} == {
        partner_id("GANESH1"): False,
        partner_id("GANESH2"): False,
        partner_id("GANESH3"): True,
    }
    (pinned,) = found[partner_id("PANKAJ")]
    assert (pinned.default_sender_platform_id, pinned.language, pinned.consent_given) == (
        partner_id("SENDER39"),
        "hi",
        None,
    )
    (silent,) = found[partner_id("MARTA")]
    assert (silent.language, silent.consent_given) == (None, None)


@pytest.mark.parametrize(
    ("metadata", "language", "consent"),
    [
        ('{"language": "", "consent_given": null}', None, None),
        ('{"language": "en", "consent_given": "False"}', "en", False),
        ('{"consent_given": "true"}', None, True),
        ('{"language": {"code": "en"}}', '{"code": "en"}', None),
        ('{"consent_given": " Yes "}', None, True),
        # Whatever is no "yes" is a "no": nobody is written to on the strength of what nobody understands.
        *((f'{{"consent_given": {no}}}', None, False) for no in ('"no"', "0", '"later"', "[false]", "{}", "-1")),
        ('{"consent_given": " "}', None, None),
        ("[]", None, None),
        ('"consent_given"', None, None),
        (None, None, None),
    ],
)
def test_any_metadata_can_be_read(
    source: Shop, changes: Session, metadata: str | None, language: str | None, consent: bool | None
) -> None:
    changes.execute("UPDATE messaging_conversation SET metadata = %s WHERE id = %s", [metadata, partner_id("MEERATAK")])

    (talk,) = source.conversations({partner_id("MEERA"): ()})[partner_id("MEERA")]

    assert (talk.language, talk.consent_given) == (language, consent)


@pytest.mark.parametrize("written", ["5215559876543", "+525559876543", "00 52 555 987 6543", "525559876543"])
def test_whoever_else_has_a_conversation_on_a_partner_s_phone_comes_with_it(
    source: Shop, changes: Session, written: str
) -> None:
    changes.execute(
        "UPDATE messaging_conversation SET phone_number = %s WHERE id = %s", [written, partner_id("REKHATAK")]
    )

    found = source.conversations({partner_id("MEERA"): ["+525559876543"], partner_id("KARAN"): ["+525550006543"]})

    assert {talk.id for talk in found[partner_id("MEERA")]} == {partner_id("MEERATAK"), partner_id("REKHATAK")}
    assert {talk.id for talk in found[partner_id("KARAN")]} == {partner_id("KARANNEW"), partner_id("KARANEST")}
    assert found.keys() == {partner_id("MEERA"), partner_id("KARAN")}


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0001-01-01 BC", "294276-12-31"])
def test_a_moment_that_no_calendar_has_is_none(source: Shop, changes: Session, moment: str) -> None:
    changes.execute(
        "UPDATE messaging_conversation"
        " SET last_message_at = %(moment)s, created_at = %(moment)s, updated_at = %(moment)s WHERE id = %(id)s",
        {"moment": moment, "id": partner_id("MEERATAK")},
    )

    (talk,) = source.conversations({partner_id("MEERA"): ()})[partner_id("MEERA")]

    assert (talk.last_message_at, talk.created_at, talk.updated_at) == (None, None, None)


@pytest.mark.parametrize(
    ("first", "then", "begun"),
    [
        pytest.param("inbound", "outbound", True, id="the other side wrote first"),
        pytest.param("outbound", "inbound", False, id="the shop wrote first"),
        pytest.param(None, None, False, id="nobody wrote"),
    ],
)
def test_a_conversation_was_begun_by_whoever_wrote_first(
    source: Shop, changes: Session, first: str | None, then: str | None, begun: bool
) -> None:
    for ago, direction in ((2, first), (1, then)):
        if direction:
            changes.execute(
                "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
                " VALUES (gen_random_uuid()::text, %s, %s, 'ok', %s)",
                [partner_id("KARANNEW"), direction, TICK - dt.timedelta(hours=ago)],
            )

    found = source.begun_by_the_other_side([partner_id("KARANNEW"), partner_id("KARANEST")])

    assert found == ({partner_id("KARANNEW")} if begun else set())


def test_a_first_message_that_was_deleted_was_still_the_first(source: Shop, changes: Session) -> None:
    changes.execute("UPDATE messaging_message SET deleted_at = now() WHERE id = %s", [partner_id("M1SAYS")])

    assert source.begun_by_the_other_side([partner_id("MEERATAK")]) == frozenset()


def test_designs_come_with_their_names_and_not_when_deleted(source: Shop) -> None:
    wanted = [partner_id(name) for name in ("KAMEEZ", "BARE", "ERASED", "ABSENT")]

    assert source.design_names(wanted) == {partner_id("KAMEEZ"): "Block Print Kameez", partner_id("BARE"): ""}


@pytest.mark.parametrize("ids", [[], [""], [None], ["", None]])
def test_an_id_that_is_none_finds_nothing_not_even_a_row_with_an_empty_id(
    source: Shop, changes: Session, ids: list[Any]
) -> None:
    changes.execute("INSERT INTO partner (id, name) VALUES ('', 'Unrelated')")
    changes.execute("INSERT INTO partner_admin (id, partner_id) VALUES ('A', '')")
    changes.execute("INSERT INTO messaging_conversation (id, partner_id, phone_number) VALUES ('C', '', '')")
    changes.execute("INSERT INTO design (id, name) VALUES ('', 'Unrelated')")

    assert source.partners(ids) == {}
    assert source.admins(ids) == {}
    assert source.conversations(dict.fromkeys(ids, ())) == {}
    assert source.design_names(ids) == {}


def test_an_id_that_is_none_among_others_finds_only_the_others(source: Shop, changes: Session) -> None:
    changes.execute("INSERT INTO partner (id, name) VALUES ('', 'Unrelated')")

    assert set(source.partners(["", partner_id("RAJESH")])) == {partner_id("RAJESH")}


def test_what_the_shop_itself_reminded_of_today_is_known(source: Shop) -> None:
    assert source.reminded_in_shop(CONTEXTS, day=DAY) == SHOP_REMINDED
    assert source.reminded_in_shop({}, day=DAY) == frozenset()


def test_only_the_runs_that_were_asked_for_are_named(source: Shop) -> None:
    only = {run_id("SENT25H"): CONTEXTS[run_id("SENT25H")]}

    assert source.reminded_in_shop(only, day=DAY) == frozenset()


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ("status = 'queued'", True),
        ("status = 'read'", True),
        ("status = 'failed'", False),
        ("direction = 'inbound'", False),
        ("context_type = 'partner'", False),
        ("deleted_at = now()", False),
    ],
)
def test_a_reminder_of_the_shop_s_counts_where_it_went_out(
    source: Shop, changes: Session, change: str, counts: bool
) -> None:
    changes.execute(f"UPDATE messaging_message SET {change} WHERE id = %s", [partner_id("M3TDAY")])

    assert (run_id("MSGT0DAY") in source.reminded_in_shop(CONTEXTS, day=DAY)) is counts


@pytest.mark.parametrize(
    ("moment", "today"),
    [
        ("2026-11-23T00:00:00+05:30", True),
        ("2026-11-22T23:59:59+05:30", False),
        ("2026-11-23T23:59:59+05:30", True),
        ("2026-11-24T00:00:00+05:30", False),
    ],
)
def test_the_shop_s_own_mark_is_of_a_day_in_india(source: Shop, changes: Session, moment: str, today: bool) -> None:
    changes.execute(
        "UPDATE production_runs SET last_reminded_at = %s WHERE id = %s",
        [dt.datetime.fromisoformat(moment), run_id("SENT25H")],
    )

    assert (run_id("SENT25H") in source.reminded_in_shop(CONTEXTS, day=DAY)) is today


def test_an_older_shop_knows_only_what_its_inbox_says(source: Shop, changes: Session) -> None:
    changes.execute("ALTER TABLE production_runs DROP COLUMN last_reminded_at")

    assert source.reminded_in_shop(CONTEXTS, day=DAY) == {run_id("MSGT0DAY")}


MARK = dt.datetime.fromisoformat("2026-11-23T04:30:20+00:00")


def mark(changes: Session, run: str) -> None:
    changes.execute("UPDATE production_runs SET last_reminded_at = %s WHERE id = %s", [MARK, run])


def write(changes: Session, run: str, seconds: float, status: str, **columns: Any) -> None:
    """The shop's own reminder of that day, so many seconds after its mark."""
    row = {
        "id": f"M{seconds}",
        "conversation_id": partner_id("MEERATAK"),
        "direction": "outbound",
        "content": "Hi",
        "status": status,
        "context_type": "production_run",
        "context_id": CONTEXTS[run],
        "created_at": MARK + dt.timedelta(seconds=seconds),
        **columns,
    }
    changes.execute(
        f"INSERT INTO messaging_message ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


MARKED: dict[str, tuple[list[dict[str, Any]], bool, bool]] = {
    "no message yet, or one that was lost": ([], True, False),
    "sent": ([{"seconds": 2, "status": "sent"}], True, True),
    "on its way": ([{"seconds": 2, "status": "pending"}], True, True),
    "failed": ([{"seconds": 2, "status": "failed"}], False, False),
    "failed, written a moment before the mark": ([{"seconds": -2, "status": "failed"}], False, False),
    "an earlier one failed: the mark is another one's": ([{"seconds": -3600, "status": "failed"}], True, False),
    "failed, and sent again": (
        [{"seconds": 2, "status": "failed"}, {"seconds": 4000, "status": "delivered"}],
        True,
        True,
    ),
    "failed, but deleted": ([{"seconds": 2, "status": "failed", "deleted_at": MARK}], True, False),
    "another day's failed": (
        [{"seconds": 2, "status": "failed", "context_id": CONTEXTS[run_id("SENT25H")].replace("-23", "-22")}],
        True,
        False,
    ),
    "another run's failed": (
        [{"seconds": 2, "status": "failed", "context_id": CONTEXTS[run_id("SENT24H1S")]}],
        True,
        False,
    ),
    "an answer": ([{"seconds": 2, "status": "failed", "direction": "inbound"}], True, False),
    "failed, but ours": ([{"seconds": 2, "status": "failed", "metadata": '{"message_log_id": "1"}'}], True, False),
}
"""What the inbox holds beside the mark, whether that is a reminder, and whether it is where an event asks."""


@pytest.mark.parametrize("case", MARKED)
def test_a_mark_counts_unless_its_message_failed_and_never_where_an_event_asks(
    source: Shop, changes: Session, case: str
) -> None:
    run = run_id("SENT25H")
    messages, reminded, sent = MARKED[case]
    mark(changes, run)
    for message in messages:
        write(changes, run, **message)

    assert (run in source.reminded_in_shop(CONTEXTS, day=DAY)) is reminded
    assert (run in source.reminded_in_shop(CONTEXTS, day=DAY, asked={run})) is sent
    assert source.reminded_in_shop(CONTEXTS, day=DAY, asked={run}) - {run} == SHOP_REMINDED


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0044-03-15 BC"])
def test_a_message_of_a_time_that_cannot_be_may_have_been_the_first(
    source: Shop, changes: Session, moment: str
) -> None:
    changes.execute(
        "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
        " VALUES ('of no time', %s, 'outbound', 'ok', %s)",
        [partner_id("MEERATAK"), moment],
    )

    assert source.begun_by_the_other_side([partner_id("MEERATAK")]) == frozenset()
