"""The shop's own inbox gets what a live run sent: once, in the right conversation, and nothing else."""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from partner_messages.config.setting_groups import Tables
from partner_messages.config.settings import SettingsError
from partner_messages.database.session import Session
from partner_messages.message_log.mirroring import messages_to_mirror
from partner_messages.shop.mirror import InboxError, open_inbox
from partner_messages.tasks.mirror import mirror_to_shop
from sandbox.connections import connections
from sandbox.shop import partner_id, run_id
from support.at_once import at_once, wait_until_blocked
from support.deployment import TICK, Deployment
from support.examples import tick
from support.log_rows import change, put

Send = Callable[..., uuid.UUID]

SENT = TICK + dt.timedelta(minutes=2)
MINUTE = dt.timedelta(minutes=1)
NOTHING = {"written": 0, "already_there": 0, "failed": 0}
KARAN = "+919829012348"
MARTA = "+393123456789"
MEERA = "+919829012346"
GANESH = "+919829012349"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, shop_url: str, log_url: str) -> Deployment:
    """The package over a shop whose inbox it may write; the server's owner stands for a user who may."""
    deployment = Deployment(monkeypatch)
    made = connections(
        shop_url=shop_url, message_log_url=log_url, graph_api_url="http://127.0.0.1:1", shop_inbox_url=shop_url
    )
    for conn_id in ("message_log_db", "shop_inbox_db"):
        deployment.connect(conn_id, made[conn_id])
    deployment.set(mirror_to_shop=True, delivery="live")
    return deployment


@pytest.fixture
def sent(log: Session) -> Send:
    """Puts a sent message into the log: `sent("KARAN", KARAN, wamid)` speaks of run R of that partner."""

    def put_sent(name: str, phone: str, wamid: str | None, run: str = "R1", **columns: Any) -> uuid.UUID:
        facts = {"partner_id": partner_id(name), "to_phone": phone, "meta_message_id": wamid, "sent_at": SENT}
        return put(log, columns.pop("status", "sent"), run_id(run), **{**facts, **columns})

    return put_sent


def messages(shop: Session) -> list[DictRow]:
    """What was written into the inbox; the sample shop's own messages are older."""
    return shop.execute(
        "SELECT m.*, c.partner_id FROM messaging_message AS m"
        " JOIN messaging_conversation AS c ON c.id = m.conversation_id"
        " WHERE wa_message_id NOT LIKE 'wamid.sample-%' ORDER BY m.created_at, m.id"
    ).fetchall()


def written(shop: Session) -> list[str]:
    return [row["wa_message_id"] for row in messages(shop)]


def conversation(shop: Session, name: str) -> DictRow:
    found = shop.execute("SELECT * FROM messaging_conversation WHERE id = %s", [partner_id(name)]).fetchone()
    assert found is not None
    return found


def conversations(shop: Session, name: str) -> list[DictRow]:
    return shop.execute("SELECT * FROM messaging_conversation WHERE partner_id = %s", [partner_id(name)]).fetchall()


def test_a_sent_message_is_written_into_the_partners_conversation(deployed, shop, sent):
    id_ = sent("MEERA", MEERA, "wamid.ONE", body_text="Hi Meera, a reminder.")

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1}

    (row,) = messages(shop)
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", row["id"])
    assert (row["conversation_id"], row["partner_id"]) == (partner_id("MEERATAK"), partner_id("MEERA"))
    assert (row["direction"], row["message_type"], row["status"]) == ("outbound", "template", "sent")
    assert (row["content"], row["wa_message_id"]) == ("Hi Meera, a reminder.", "wamid.ONE")
    assert (row["context_type"], row["context_id"]) == ("production_run", f"{run_id('R1')}:reminder:2026-11-23")
    assert row["metadata"] == {
        "message_log_id": str(id_),
        "template_name": "jyt_production_run_reminder_idle_v1",
        "language": "hi",
    }
    assert (row["created_at"], row["fail_reason"], row["deleted_at"]) == (SENT, None, None)


def test_it_is_off_by_default(deployed, shop, sent, caplog):
    del deployed.settings["mirror_to_shop"]
    deployed.set()
    deployed.disconnect("shop_inbox_db")
    sent("MEERA", MEERA, "wamid.ONE")
    caplog.set_level(logging.INFO)

    assert mirror_to_shop(tick()) == NOTHING
    assert written(shop) == []
    assert "setting mirror_to_shop is off" in caplog.text


@pytest.mark.parametrize("delivery", ["dry_run", "redirect"])
def test_only_what_a_live_run_sends_is_written(deployed, shop, sent, caplog, delivery):
    sent("MEERA", MEERA, "wamid.ONE", delivery=delivery)
    caplog.set_level(logging.INFO)

    assert mirror_to_shop(tick(delivery=delivery)) == NOTHING
    assert written(shop) == []
    assert f"delivery is {delivery}" in caplog.text


def test_only_messages_of_this_tick_that_meta_took_are_written(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.SENT", run="R1")
    sent("MEERA", MEERA, "wamid.DELIVERED", run="R2", status="delivered")
    sent("MEERA", MEERA, "wamid.READ", run="R3", status="read")
    sent("MEERA", MEERA, "wamid.FAILED", run="R4", status="failed")
    sent("MEERA", MEERA, None, run="R5", status="unknown")
    sent("MEERA", MEERA, None, run="R6", status="queued")
    sent("MEERA", MEERA, None, run="R7")
    sent("MEERA", MEERA, "wamid.OTHER", run="R8", by=2)
    sent("MEERA", MEERA, "wamid.REDIRECTED", run="R9", delivery="redirect")

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 3}
    assert sorted(written(shop)) == ["wamid.DELIVERED", "wamid.READ", "wamid.SENT"]


@pytest.mark.parametrize(
    ("partner", "phone", "expected"),
    [
        ("KARAN", KARAN, "KARANNEW"),  # the newest, of 91… and +91…
        ("GANESH", GANESH, "GANESH2"),  # the newest one is archived
        ("SYDNEY", "+61412345678", "SYDNEYTK"),  # kept as 61…
        ("MARTA", MARTA, "MARTATAK"),
    ],
)
def test_the_conversation_is_found_by_its_digits(deployed, shop, sent, partner, phone, expected):
    before = len(conversations(shop, partner))
    sent(partner, phone, "wamid.ONE")

    mirror_to_shop(tick())

    (row,) = messages(shop)
    assert row["conversation_id"] == partner_id(expected)
    assert len(conversations(shop, partner)) == before


@pytest.mark.parametrize("unusable", ["status = 'archived'", "deleted_at = now()", "phone_number = '+919829000001'"])
def test_a_conversation_is_made_where_none_can_be_used(deployed, shop, sent, unusable):
    shop.execute(f"UPDATE messaging_conversation SET {unusable} WHERE id = %s", [partner_id("MEERATAK")])
    sent("MEERA", MEERA, "wamid.ONE", run="R1")
    sent("MEERA", MEERA, "wamid.TWO", run="R2", sent_at=SENT + MINUTE)

    mirror_to_shop(tick())

    one, two = messages(shop)
    assert one["conversation_id"] == two["conversation_id"] != partner_id("MEERATAK")
    (made,) = [row for row in conversations(shop, "MEERA") if row["id"] == one["conversation_id"]]
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", made["id"])
    assert (made["phone_number"], made["status"], made["deleted_at"]) == (MEERA, "active", None)
    assert (made["last_message_at"], made["default_sender_platform_id"]) == (SENT + MINUTE, None)
    assert made["metadata"] == {"pending_run_id": run_id("R2")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {}),
        (Jsonb(None), {}),
        (Jsonb({}), {}),
        (Jsonb({"language": "en", "consent_given": True}), {"language": "en", "consent_given": True}),
        (Jsonb({"pending_run_id": "prod_run_OLD", "notes": ["a"]}), {"notes": ["a"]}),
    ],
)
def test_the_run_is_merged_into_what_the_conversation_knows(deployed, shop, sent, before, after):
    shop.execute("UPDATE messaging_conversation SET metadata = %s WHERE id = %s", [before, partner_id("MEERATAK")])
    sent("MEERA", MEERA, "wamid.ONE")

    mirror_to_shop(tick())

    row = conversation(shop, "MEERATAK")
    assert row["metadata"] == {**after, "pending_run_id": run_id("R1")}
    assert row["last_message_at"] == SENT


def test_a_message_that_is_mirrored_late_takes_no_reply_from_a_later_one(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.LATER", run="R2", by=2, sent_at=SENT + MINUTE)
    sent("MEERA", MEERA, "wamid.EARLIER", run="R1")

    mirror_to_shop(tick(2))
    mirror_to_shop(tick(1))

    row = conversation(shop, "MEERATAK")
    assert written(shop) == ["wamid.EARLIER", "wamid.LATER"]
    assert (row["metadata"]["pending_run_id"], row["last_message_at"]) == (run_id("R2"), SENT + MINUTE)


def test_a_message_about_no_single_run_leaves_the_pending_one(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.ONE", run="R1")
    digest = {"message_kind": "digest", "context_type": "partner", "context_id": "P:digest:2026-11-23"}
    sent("MEERA", MEERA, "wamid.TWO", run="R2", **digest, production_run_id=None, sent_at=SENT + MINUTE)

    mirror_to_shop(tick())

    assert written(shop) == ["wamid.ONE", "wamid.TWO"]
    assert conversation(shop, "MEERATAK")["metadata"]["pending_run_id"] == run_id("R1")


@pytest.mark.parametrize(
    ("image_url", "message_type", "metadata"),
    [
        (None, "text", {"language": "hi"}),
        ("https://cdn.example/a.jpg", "media", {"language": "hi", "image_url": "https://cdn.example/a.jpg"}),
    ],
)
def test_a_follow_up_is_a_text_or_a_picture(deployed, shop, sent, image_url, message_type, metadata):
    parent = sent("MEERA", MEERA, None, status="unknown")
    followup = {"message_kind": "followup", "template_name": None, "context_id": "R1:image", "parent_id": parent}
    id_ = sent("MEERA", MEERA, "wamid.ONE", **followup, image_url=image_url)

    mirror_to_shop(tick())

    (row,) = messages(shop)
    assert (row["message_type"], row["metadata"]) == (message_type, {"message_log_id": str(id_), **metadata})


def test_a_template_with_a_picture_is_a_template(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.ONE", image_url="https://cdn.example/a.jpg")

    mirror_to_shop(tick())

    (row,) = messages(shop)
    assert (row["message_type"], row["metadata"]["image_url"]) == ("template", "https://cdn.example/a.jpg")


def test_what_is_there_already_is_not_written_again(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.ONE", run="R1")
    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1}
    sent("MEERA", MEERA, "wamid.TWO", run="R2")

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1, "already_there": 1}
    assert mirror_to_shop(tick()) == {**NOTHING, "already_there": 2}
    assert sorted(written(shop)) == ["wamid.ONE", "wamid.TWO"]


@pytest.mark.parametrize(
    "since",
    [
        "UPDATE messaging_conversation SET status = 'archived'",
        "UPDATE messaging_conversation SET deleted_at = now()",
        "UPDATE messaging_message SET deleted_at = now()",
        "UPDATE messaging_message SET status = 'failed'",
        "UPDATE messaging_message SET conversation_id = 'elsewhere'",
    ],
)
def test_what_was_there_is_not_written_again_whatever_the_shop_did_to_it(deployed, shop, sent, since):
    sent("MEERA", MEERA, "wamid.ONE")
    mirror_to_shop(tick())
    shop.execute(since)

    assert mirror_to_shop(tick()) == {**NOTHING, "already_there": 1}
    assert shop.execute("SELECT FROM messaging_message WHERE wa_message_id = 'wamid.ONE'").rowcount == 1


def test_what_an_earlier_pass_of_the_run_has_sent_is_written_by_a_later_one(deployed, shop, sent):
    sent("MEERA", MEERA, "wamid.ONE", tick_id=tick(7).id)

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1}


@pytest.mark.parametrize(
    ("minutes_ago", "columns", "written_by_upkeep"),
    [
        pytest.param(31, {}, 1, id="its run broke off"),
        pytest.param(20, {}, 0, id="its run may be at work"),
        pytest.param(60 * 25, {}, 0, id="long ago"),
        pytest.param(60, {"mirrored_at": TICK}, 0, id="it is there"),
        pytest.param(60, {"delivery": "redirect"}, 0, id="redirected"),
        pytest.param(60, {"status": "unknown"}, 0, id="nobody knows"),
    ],
)
def test_the_upkeep_writes_what_other_runs_have_left(deployed, shop, sent, minutes_ago, columns, written_by_upkeep):
    sent_at = dt.datetime.now(dt.UTC) - minutes_ago * MINUTE
    sent("MEERA", MEERA, "wamid.ONE", by=2, **{"sent_at": sent_at, **columns})

    assert mirror_to_shop(tick(), of_all=True) == {**NOTHING, "written": written_by_upkeep}
    assert mirror_to_shop(tick(), of_all=True) == NOTHING
    assert mirror_to_shop(tick(3)) == NOTHING


def test_two_tasks_at_once_write_each_message_once_into_one_conversation(deployed, shop, sent):
    for number in range(5):
        sent("VERA", "+919829012399", f"wamid.VERA{number}", run=f"T{number}")
        sent("KARAN", KARAN, f"wamid.KARAN{number}", run=f"K{number}")
    shop.execute("INSERT INTO partner (id, name) VALUES (%s, 'Vera')", [partner_id("VERA")])

    ends = at_once(*[lambda: mirror_to_shop(tick())] * 2)

    assert sum(end["written"] for end in ends) == 10
    assert sum(end["already_there"] for end in ends) == 10
    assert len(set(written(shop))) == len(written(shop)) == 10
    assert len(conversations(shop, "VERA")) == 1


def test_whoever_waits_for_another_task_sees_what_that_one_wrote(deployed, shop, shop_url, log, sent):
    sent("MEERA", MEERA, "wamid.ONE")
    (message,) = messages_to_mirror(log, tick())
    of_partner = [f"partner_messages inbox {partner_id('MEERA')}"]
    with psycopg.connect(shop_url) as first, open_inbox(Tables()) as inbox:
        first.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", of_partner)

        def write_and_let_go() -> None:
            wait_until_blocked(shop, inbox._connection)
            first.execute(
                "INSERT INTO messaging_message (id, conversation_id, direction, content, wa_message_id)"
                " VALUES ('M', %s, 'outbound', '', 'wamid.ONE')",
                [partner_id("MEERATAK")],
            )
            first.commit()

        _, mirrored = at_once(write_and_let_go, lambda: inbox.mirror([message]))

    assert mirrored is not None
    assert mirrored.counts() == {**NOTHING, "already_there": 1}
    assert written(shop) == ["wamid.ONE"]


def test_a_partner_who_is_missing_stops_no_other_and_fails_the_task(deployed, shop, sent, caplog):
    sent("AAAA", "+919829099999", "wamid.HBgMOTE5ODI5MDk5OTk5FQIAERgS", run="R1")
    sent("MEERA", MEERA, "wamid.ONE", run="R2")
    sent("ZZZZ", "+919829099998", "wamid.THREE", run="R3")

    with pytest.raises(InboxError, match=r"2 of 3 messages .* shop_inbox_db"):
        mirror_to_shop(tick())

    assert written(shop) == ["wamid.ONE"]
    assert partner_id("AAAA") in caplog.text


def test_a_row_that_the_shop_refuses_stops_no_other_and_is_told_masked(deployed, altered_shop, sent, caplog):
    wamid = "wamid.HBgMOTE5ODI5MDEyMzQ2FQIAERgSMkQ3"
    altered_shop.execute("ALTER TABLE messaging_message ADD CHECK (content <> 'Bad')")
    sent("MEERA", MEERA, "wamid.ONE", run="R1")
    sent("MEERA", MEERA, wamid, run="R2", body_text="Bad")
    sent("MEERA", MEERA, "wamid.THREE", run="R3")

    with pytest.raises(InboxError, match="1 of 3") as error:
        mirror_to_shop(tick())

    assert sorted(written(altered_shop)) == ["wamid.ONE", "wamid.THREE"]
    assert "CheckViolation" in caplog.text
    for said in (caplog.text, str(error.value)):
        assert wamid not in said
        assert MEERA.removeprefix("+") not in said


def test_once_the_cause_is_gone_a_retry_writes_the_rest(deployed, shop, sent):
    sent("VERA", "+919829012399", "wamid.ONE", run="R1")
    sent("MEERA", MEERA, "wamid.TWO", run="R2")
    with pytest.raises(InboxError):
        mirror_to_shop(tick())

    shop.execute("INSERT INTO partner (id, name) VALUES (%s, 'Vera')", [partner_id("VERA")])

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1, "already_there": 1}


def test_a_missing_connection_is_named(deployed, sent):
    deployed.disconnect("shop_inbox_db")

    with pytest.raises(SettingsError, match=r"no connection shop_inbox_db, which the setting mirror_to_shop needs"):
        mirror_to_shop(tick())


def test_a_shop_that_cannot_be_reached_is_worth_a_retry(deployed, sent):
    connection = deployed.connection("shop_inbox_db")
    deployed.connect("shop_inbox_db", {**connection, "host": "127.0.0.1", "port": 1, "password": "s3cret", "extra": {}})

    with pytest.raises(InboxError, match="shop_inbox_db: OperationalError") as error:
        mirror_to_shop(tick())

    assert "s3cret" not in str(error.value)


def test_a_session_that_breaks_off_ends_the_task(deployed, altered_shop, sent, log):
    sent("KARAN", KARAN, "wamid.ONE", run="R1")
    sent("MEERA", MEERA, "wamid.TWO", run="R2")
    altered_shop.execute(
        "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';"
        "CREATE TRIGGER break_off BEFORE INSERT ON messaging_message FOR EACH ROW EXECUTE FUNCTION break_off()"
    )

    with pytest.raises(InboxError, match="shop_inbox_db: "):
        mirror_to_shop(tick())

    assert written(altered_shop) == []


def test_tables_may_have_other_names(deployed, altered_shop, sent):
    altered_shop.execute("ALTER TABLE messaging_message RENAME TO inbox_message")
    deployed.set(tables={"messaging_message": "inbox_message"})
    sent("MEERA", MEERA, "wamid.ONE")

    assert mirror_to_shop(tick()) == {**NOTHING, "written": 1}


def test_a_message_that_was_settled_without_a_time_is_written_all_the_same(deployed, shop, sent, log):
    id_ = sent("MEERA", MEERA, "wamid.ONE", status="delivered", sent_at=None)
    change(log, id_, updated_at=SENT)

    mirror_to_shop(tick())

    assert [row["created_at"] for row in messages(shop)] == [SENT]
