"""The sample shop holds every case, and its table of expectations follows from the rules of the reminder kinds."""

import datetime as dt
import re
from collections import Counter

import phonenumbers
import psycopg
import pytest

from sandbox import shop as sample_shop
from sandbox.shop import expectations, partner_id, run_id
from support.deployment import TICK

HOUR = dt.timedelta(hours=1)
RECORDED = (
    *("sent_to_partner", "accepted", "started", "finished", "completed", "cancelled", "reassignment_needed"),
    *("reminder_escalated", "reminder_retried_same_partner", "partner_assigned"),
)
"""What the shop's recorder notes of a run's life."""
THRESHOLDS = {"assignment_pending": 24 * HOUR, "not_started": 24 * HOUR, "idle": 72 * HOUR}


def as_it_stood(row, now):
    """A run with what happened after `now` taken back: None if it did not exist, else the row."""
    if row["created_at"] > now or row["deleted_at"] is not None:
        return None
    times = [name for name in row if name.endswith("_at") and name != "deleted_at"]
    then = row | {name: None for name in times if row[name] is not None and row[name] > now}
    status = row["status"]
    if status in {"completed", "cancelled"} and then[f"{status}_at"] is None:
        status = "in_progress" if then["accepted_at"] or then["started_at"] else "sent_to_partner"
    elif status == "in_progress" and row["accepted_at"] and not then["accepted_at"]:
        status = "sent_to_partner"
    return then | {"status": status}


def clock_and_kind(run, handed_over, worked):
    """The reminder kind a run would fall into once it is overdue, and the clock that counts."""
    if run["status"] == "in_progress" and run["started_at"]:
        return (None, None) if run["finished_at"] else ("idle", max([run["started_at"], *handed_over, *worked]))
    if run["started_at"]:
        return None, None
    if run["accepted_at"]:
        return "not_started", max([run["accepted_at"], *handed_over])
    if run["status"] == "sent_to_partner":
        sent = filter(None, [run["created_at"], run["dispatch_completed_at"]])
        return "assignment_pending", max([*sent, *handed_over])
    return None, None


def judged(row, now, handed_over=(), worked=()):
    """(kind, outcome up to the partner, whole days) of a run at `now`, by the rules in words."""
    run = as_it_stood(row, now)
    if run is None or run["status"] not in {"sent_to_partner", "in_progress"}:
        return "none", "not_inspected", None
    if run["partner_id"] is None:
        return "no_partner", "no_partner", None
    kind, clock = clock_and_kind(run, *([one for one in moments if one <= now] for moments in (handed_over, worked)))
    if kind is None or not clock < now - THRESHOLDS[kind]:
        return "none", "not_overdue", None
    return kind, "found", max(1, (now - clock).days)


def test_the_expectations_follow_from_the_rules(shop):
    rows = shop.execute("SELECT * FROM production_runs").fetchall()

    entries = shop.execute("SELECT * FROM production_run_activity").fetchall()
    logged = shop.execute(
        "SELECT *, coalesce(production_run_id, metadata ->> 'production_run_id') AS run FROM consumption_log"
        " WHERE consumed_by = 'partner' AND deleted_at IS NULL"
    ).fetchall()

    def entered(run, kinds):
        return [
            entry["occurred_at"]
            for entry in entries
            if (entry["production_run_id"], entry["partner_id"]) == (run["id"], run["partner_id"])
            and entry["kind"] in kinds
        ]

    def handed_over(run):
        return entered(run, {"sent_to_partner", "partner_assigned", "reminder_retried_same_partner"})

    def worked(run):
        seen = entered(run, {"media_attached", "goods_transfer_shipped", "goods_transfer_recorded"})
        return [*seen, *(row["consumed_at"] for row in logged if row["run"] == run["id"])]

    by_row = {row["id"]: judged(row, TICK)[0] for row in rows}
    by_start = {row["id"]: judged(row, TICK, handed_over(row))[0] for row in rows}
    found = {row["id"]: judged(row, TICK, handed_over(row), worked(row)) for row in rows}

    assert by_row == {id_: one.kind_in_older for id_, one in expectations().items()}
    assert by_start == {id_: one.kind_by_start for id_, one in expectations().items()}
    assert {id_: verdict[0] for id_, verdict in found.items()} == {id_: e.kind for id_, e in expectations().items()}
    for id_, one in expectations().items():
        assert found[id_][1] == ("found" if one.is_found else one.outcome), id_
        if one.days is not None:
            assert found[id_][2] == one.days, id_


def test_every_kind_and_every_skip_reason_of_planning_is_there():
    assert Counter(one.kind for one in expectations().values()) == Counter(
        {"assignment_pending": 16, "not_started": 7, "idle": 10, "no_partner": 2, "none": 21}
    )
    assert {one.outcome for one in expectations().values()} == {
        *("send", "not_overdue", "not_inspected", "no_partner", "no_phone", "invalid_phone"),
        *("ambiguous_phone", "partner_inactive", "no_consent", "already_in_shop", "waits_for_material"),
    }
    assert {(one.by, one.language) for one in expectations().values() if one.outcome == "send"} == {
        *(("in", "hi"), ("in", "en"), ("au", "en"), ("europe", "en")),
    }


CASES = {
    "exactly at the 24 hours, sent": "created_at = {tick} - interval '24h' AND accepted_at IS NULL",
    "a second past them": "created_at = {tick} - interval '24h 1s' AND accepted_at IS NULL",
    "exactly at the 24 hours, accepted": "accepted_at = {tick} - interval '24h'",
    "exactly at the 72 hours, started": "started_at = {tick} - interval '72h' AND finished_at IS NULL",
    "the partner got it later than it was created": "dispatch_completed_at > created_at + interval '1 day'",
    "sent before it was created": "dispatch_completed_at < created_at",
    "accepted between this tick and the next": "accepted_at BETWEEN {tick} AND {tick} + interval '1 day'",
    "started after the tick": "started_at > {tick}",
    "finished after the tick": "finished_at > {tick} AND completed_at IS NULL",
    "completed after the tick": "completed_at > {tick}",
    "cancelled after the tick": "cancelled_at > {tick}",
    "created after the tick": "created_at > {tick}",
    "started without being accepted": "started_at IS NOT NULL AND accepted_at IS NULL",
    "accepted, but the status did not follow": "status = 'sent_to_partner' AND accepted_at < {tick}",
    "finished, waiting for the shop": "status = 'in_progress' AND finished_at < {tick}",
    "parked": "status = 'awaiting_reassignment' AND partner_id IS NULL AND previous_partner_id IS NOT NULL",
    "soft-deleted": "deleted_at IS NOT NULL AND status = 'sent_to_partner'",
    "without a partner": "status = 'sent_to_partner' AND partner_id IS NULL",
    "a parent with two children": "partner_id IS NULL AND 2 = ("
    "SELECT count(*) FROM production_runs AS child WHERE child.parent_run_id = production_runs.id)",
    "a sample": "run_type = 'sample'",
    "a broken quantity": "quantity <> floor(quantity) AND produced_quantity <> floor(produced_quantity)",
    "started long ago, and a photo came lately": "started_at < {tick} - interval '72h' AND EXISTS ("
    "SELECT FROM production_run_activity WHERE production_run_id = production_runs.id AND kind = 'media_attached'"
    " AND actor_type = 'admin' AND occurred_at BETWEEN {tick} - interval '48h' AND {tick})",
    "an entry of the shop's own people": "EXISTS (SELECT FROM production_run_activity"
    " WHERE production_run_id = production_runs.id AND actor_type = 'admin')",
    "an entry of another partner": "EXISTS (SELECT FROM production_run_activity AS entry"
    " WHERE production_run_id = production_runs.id AND entry.partner_id <> production_runs.partner_id)",
    "an entry after the tick": "EXISTS (SELECT FROM production_run_activity"
    " WHERE production_run_id = production_runs.id AND occurred_at > {tick})",
    "250 pieces and none reported": "quantity = 250 AND produced_quantity IS NULL AND started_at IS NOT NULL",
    "no design": "design_id IS NULL",
    "a design that is not there": "design_id IS NOT NULL AND design_id NOT IN (SELECT id FROM design)",
    "a design without a name": "design_id IN (SELECT id FROM design WHERE name = '')",
    "a soft-deleted design": "design_id IN (SELECT id FROM design WHERE deleted_at IS NOT NULL)",
    "reminded by the shop's inbox today": "EXISTS (SELECT FROM messaging_message WHERE direction = 'outbound' AND"
    " context_id = production_runs.id || ':reminder:2026-11-23')",
    "marked as reminded today": "(last_reminded_at AT TIME ZONE 'Asia/Kolkata')::date = date '2026-11-23'",
    "marked as reminded today, and the message failed": "(last_reminded_at AT TIME ZONE 'Asia/Kolkata')::date"
    " = date '2026-11-23' AND EXISTS (SELECT FROM messaging_message WHERE status = 'failed' AND"
    " context_id = production_runs.id || ':reminder:2026-11-23')",
    "handed over long after it was made": "id IN (SELECT production_run_id FROM production_run_activity"
    " WHERE kind = 'partner_assigned' AND occurred_at > production_runs.created_at + interval '80 days')",
    "its partner logs what is used up": "id IN (SELECT production_run_id FROM consumption_log"
    " WHERE consumed_by = 'partner' AND deleted_at IS NULL AND consumed_at < {tick})",
    "logged in the metadata alone": "id IN (SELECT metadata ->> 'production_run_id' FROM consumption_log"
    " WHERE production_run_id IS NULL)",
    "marked as reminded yesterday": "(last_reminded_at AT TIME ZONE 'Asia/Kolkata')::date = date '2026-11-22'",
    "a partner with a saved language nobody sends": "partner_id IN ("
    "SELECT partner_id FROM messaging_conversation WHERE metadata ->> 'language' = 'it')",
    "a partner pinned to a sender": "partner_id IN (SELECT partner_id FROM messaging_conversation JOIN social_platform"
    " ON social_platform.id = default_sender_platform_id AND social_platform.status = 'active')",
    "a partner pinned to a sender that is off": "partner_id IN (SELECT partner_id FROM messaging_conversation"
    " JOIN social_platform ON social_platform.id = default_sender_platform_id AND social_platform.status <> 'active')",
    "a partner whose newest conversation is archived": "partner_id IN (SELECT partner_id FROM ("
    "SELECT DISTINCT ON (partner_id) * FROM messaging_conversation ORDER BY partner_id, last_message_at DESC"
    ") AS newest WHERE status = 'archived')",
    "a partner without consent": "partner_id IN ("
    "SELECT partner_id FROM messaging_conversation WHERE metadata ->> 'consent_given' = 'false')",
    "a partner whom the shop has not approved yet": "partner_id IN (SELECT id FROM partner WHERE status = 'pending')",
    "a partner whose number is one of two countries": "partner_id IN ("
    "SELECT id FROM partner WHERE whatsapp_number = '6581258574' AND country_code IS NULL)",
    "a name with newline, tab, quotes": "partner_id IN ("
    """SELECT id FROM partner WHERE name LIKE E'%\\n%' AND name LIKE E'%\\t%' AND name LIKE '%"%')""",
    "a name of 5,000 characters": "partner_id IN (SELECT id FROM partner WHERE length(name) = 5000)",
    "a name with an emoji": "partner_id IN (SELECT id FROM partner WHERE name LIKE '%🌸%')",
    "a blank name": "partner_id IN (SELECT id FROM partner WHERE trim(name) = '')",
}


@pytest.mark.parametrize("case", CASES)
def test_there_is_a_run(shop, case):
    condition = CASES[case].format(tick=f"timestamptz '{TICK.isoformat()}'")

    assert shop.execute(f"SELECT id FROM production_runs WHERE {condition}").fetchall()


def test_every_status_is_there(shop):
    rows = shop.execute("SELECT DISTINCT status FROM production_runs").fetchall()

    assert {row["status"] for row in rows} == {
        *("draft", "pending_review", "approved", "sent_to_partner", "in_progress", "completed", "cancelled"),
        "awaiting_reassignment",
    }


def test_every_way_to_write_a_phone_number_is_there(shop):
    numbers = shop.execute("SELECT whatsapp_number AS number FROM partner UNION SELECT phone FROM partner_admin")
    written = [row["number"] for row in numbers if row["number"]]

    for form in (
        r"\+91\d{10}",
        r"0\d{5} \d{5}",
        r"91\d{10}",
        r"0091[ \d]+",
        r"\+91-[-\d]+",
        r"\+91 \(.*",
        r"0039[ \d]+",
        r"\d{5}",
    ):
        assert any(re.fullmatch(form, number) for number in written), form
    for country in ("+61", "+39", "+1 "):
        assert any(number.startswith(country) for number in written), country


def test_nothing_stands_in_the_activity_that_the_real_shop_does_not_write(shop):
    written = shop.execute("SELECT DISTINCT activity_type, kind, actor_type FROM production_run_activity").fetchall()

    assert {tuple(row.values()) for row in written} <= {
        *(("reminder_sent", kind, "scheduled_flow") for kind in THRESHOLDS),
        *(("lifecycle_event", kind, "system") for kind in RECORDED),
        *(("note", kind, "admin") for kind in ("media_attached", "admin_comment")),
        *(("system", kind, "system") for kind in ("goods_transfer_shipped", "goods_transfer_recorded")),
    }


def test_ids_are_ulids_and_the_files_know_every_run(shop):
    tables = ["production_runs", "partner", "partner_admin", "design", "messaging_conversation", "messaging_message"]
    ids = [row["id"] for table in tables for row in shop.execute(f"SELECT id FROM {table}")]

    assert [id_ for id_ in ids if not re.fullmatch(r"(prod_run_)?[0-7][0-9A-HJKMNP-TV-Z]{25}", id_)] == []
    assert {id_ for id_ in ids if id_.startswith("prod_run_")} == set(expectations())
    assert run_id("SENT25H") in ids
    assert partner_id("RAJESH") in ids


def test_the_same_tick_gives_the_same_runs(postgres):
    def runs(database):
        url = postgres.create_database(database)
        sample_shop.load(url, TICK)
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT * FROM production_runs ORDER BY id").fetchall()

    assert runs("shop_once") == runs("shop_twice")


def test_it_is_made_anew_over_an_earlier_one_and_moves_with_the_tick(postgres):
    url = postgres.create_database("shop_again")
    sample_shop.load(url, TICK, deployment="older")
    sample_shop.load(url, TICK + dt.timedelta(days=3))

    with psycopg.connect(url) as connection:
        created = connection.execute("SELECT created_at FROM production_runs WHERE id = %s", [run_id("SENT24H")])
        assert created.fetchone() == (TICK + dt.timedelta(days=2),)


def test_a_tick_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        sample_shop.load("postgresql://nowhere.example/shop", TICK.replace(tzinfo=None))


def test_an_older_deployment_lacks_the_reminder_columns_the_parking_and_the_activity(postgres):
    url = postgres.create_database("shop_older")
    sample_shop.load(url, TICK, deployment="older")

    with psycopg.connect(url) as connection:
        columns = {
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'production_runs'"
            )
        }
        assert not columns & {"reminder_count", "reminder_kind", "reminder_status", "last_reminded_at"}
        assert {"metadata", "produced_quantity"} <= columns
        assert connection.execute("SELECT to_regclass('production_run_activity')").fetchone() == (None,)
        runs = {row[0] for row in connection.execute("SELECT id FROM production_runs")}
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE production_runs SET status = 'awaiting_reassignment'")
    assert set(expectations()) - runs == {id_ for id_, one in expectations().items() if one.older == "absent"}


def test_a_role_that_may_read_the_shop_writes_nothing(postgres):
    url = postgres.create_database("shop_read")
    sample_shop.load(url, TICK)
    role = postgres.create_role("reader", "x")
    sample_shop.allow_reading(url, role)

    with psycopg.connect(postgres.url_of("shop_read", user=role, password="x")) as connection:
        assert connection.execute("SELECT count(*) FROM production_runs").fetchone() == (len(expectations()),)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM partner")
        connection.rollback()
        connection.read_only = False
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM partner")


def test_a_role_that_may_write_the_inbox_writes_nothing_else_of_the_shop(postgres):
    url = postgres.create_database("shop_inbox")
    sample_shop.load(url, TICK)
    role = postgres.create_role("inbox_writer", "x")
    sample_shop.allow_writing_inbox(url, role)

    with psycopg.connect(url) as connection:
        rights = connection.execute(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = %s", [role]
        ).fetchall()
    assert set(rights) == {
        *(("partner", "SELECT"), ("messaging_conversation", "SELECT"), ("messaging_message", "SELECT")),
        *(("messaging_conversation", "INSERT"), ("messaging_message", "INSERT"), ("messaging_conversation", "UPDATE")),
    }


def test_who_wrote_within_the_last_day_is_known_by_number(postgres):
    url = postgres.create_database("shop_wrote")
    sample_shop.load(url, dt.datetime.now(dt.UTC))

    wrote = sample_shop.wrote_today(url)

    assert ("+919829012346", "Working on it, photo tomorrow") in wrote
    assert {number for number, _ in wrote} == {"+919829012346"}  # another wrote 30 hours ago


def test_the_data_for_measuring_has_as_many_stuck_runs_as_asked_for(postgres):
    url = postgres.create_database("shop_bench")
    sample_shop.load_bench(url, TICK, runs=9_000, stuck=90, partners=20)

    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        rows = connection.execute("SELECT * FROM production_runs").fetchall()
        numbers = [row["whatsapp_number"] for row in connection.execute("SELECT whatsapp_number FROM partner")]
    verdicts = Counter(judged(row, TICK)[:2] for row in rows)

    assert verdicts[("assignment_pending", "found")] == 30
    assert verdicts[("not_started", "found")] == 30
    assert verdicts[("idle", "found")] == 30
    assert verdicts[("none", "not_overdue")] > 0
    assert verdicts.total() == 9_000
    assert len(set(numbers)) == 20
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)


def test_measuring_needs_a_share_that_comes_out_even():
    with pytest.raises(ValueError, match="do not divide"):
        sample_shop.load_bench("postgresql://nowhere.example/shop", TICK, runs=100, stuck=33)
