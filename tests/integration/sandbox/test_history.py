"""The past of `make up`: weeks of real ticks by a moved clock, after which today is as it would be without them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from sandbox import history, postgres, processes, stack
from sandbox.connections import connections
from sandbox.graph_api.server import LocalGraphApi
from sandbox.history.past import days_before, runs_of
from sandbox.shop import expectations
from support.deployment import Deployment
from support.ticks import go_through

CONDITIONS = {
    "read": "status = 'read'",
    "delivered": "status = 'delivered'",
    "skipped": "status = 'skipped'",
    "left": "status IN ('queued', 'sending')",
    "not in time": "day <> ANY (ARRAY[created_at::date, sent_at::date]) OR delivered_at < sent_at - interval '5 s'",
    "not past": "greatest(created_at, updated_at, sent_at, read_at) >= date_trunc('day', %(now)s::timestamptz)",
}
"""What is counted in the log."""


def test_the_past_is_the_same_every_time_and_over_for_the_partners_of_today() -> None:
    days = days_before(dt.date(2026, 11, 29), 8)
    runs = runs_of(days)

    assert (len(days), days[0], days[-1]) == (40, dt.date(2026, 10, 5), dt.date(2026, 11, 27))
    assert runs == runs_of(days)
    evening = dt.datetime(2026, 11, 27, 12, 30, tzinfo=dt.UTC)
    over = [run.at(evening)["status"] == "completed" for run in runs if run.partner == "RAJESH"]
    assert over
    assert all(over)
    assert any(run.at(evening)["status"] != "completed" for run in runs)


@pytest.mark.parametrize("weeks", ["-1", "many", "100"])
def test_what_is_no_number_of_weeks_is_said(monkeypatch: pytest.MonkeyPatch, weeks: str) -> None:
    monkeypatch.setenv("HISTORY", weeks)
    with pytest.raises(processes.SandboxError, match="HISTORY is a number of weeks from 0 to 50"):
        history.wanted_weeks()


@pytest.mark.takes_a_minute
def test_weeks_are_written_in_their_own_time_and_today_is_as_it_would_be_without_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch, graph_api: LocalGraphApi
) -> None:
    now, told = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0), []
    with postgres.server(folder / "postgres") as server:
        stack.make_databases(server, now)
        made = connections(
            shop_url=stack.shop_reader_url(server),
            message_log_url=server.url_of(stack.MESSAGE_LOG),
            graph_api_url=graph_api.url,
        )
        with history.being_written(folder, server, made, told.append, weeks=1) as until_written:
            until_written()
        assert told[-1].startswith("History: 5 of 5 weekdays, ")

        options = "-c search_path=partner_messages -c timezone=Asia/Kolkata"
        url = server.url_of(stack.MESSAGE_LOG)
        with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as log:
            seen = {
                name: log.execute(f"SELECT FROM message_log WHERE {condition}", {"now": now}).rowcount
                for name, condition in CONDITIONS.items()
            }
            assert min(seen["read"], seen["delivered"], seen["skipped"]) > 2
            assert (seen["left"], seen["not in time"], seen["not past"]) == (0, 0, 0)
            assert graph_api.outbox() == [], "the past has a Meta of its own"
            heard = {row["intent"] for row in log.execute("SELECT intent FROM answer").fetchall()}
            assert {"help", "maybe_stop"} <= heard

            deployed = Deployment(monkeypatch, now=now + dt.timedelta(minutes=1))
            for conn_id, connection in made.items():
                deployed.connect(conn_id, connection)
            deployed.set(
                senders=["in", "au", "europe"],
                delivery="live",
                allow_any_time=True,
                partner_send_window=["00:00", "23:59"],
            )
            monkeypatch.setattr("partner_messages.deployment.run_context.wall_clock", lambda: deployed.now)
            tick = go_through(log, logical_date=now)

        today = {id_: end for id_, end in tick.ends.items() if id_ in expectations()}
        assert today == {
            id_: "sent" if one.outcome == "send" else one.outcome
            for id_, one in expectations().items()
            if one.is_found or one.kind == "no_partner"
        }
