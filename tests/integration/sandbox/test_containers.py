"""What `make containers` counts, and the `.env` that it writes; the containers themselves need an engine."""

from __future__ import annotations

import datetime as dt

import pytest

from sandbox.airflow_env import PROJECT
from sandbox.containers.__main__ import main
from sandbox.containers.bases import ENTRYPOINT, POSTGRES_BASE, REDIS_BASE
from sandbox.containers.counting import Count, count, same_day
from sandbox.containers.topology import filled_in


@pytest.mark.parametrize(
    ("taken", "rows", "counted"),
    [
        ("ab", {"a": "sent", "b": "read"}, Count(2, 2, 0, 0, 0, 0)),
        ("aba", {"a": "sent", "b": "sent"}, Count(2, 3, 1, 0, 0, 0)),
        ("a", {"a": "unknown", "b": "unknown"}, Count(2, 1, 0, 0, 0, 2)),
        ("a", {"a": "sent", "b": "failed"}, Count(2, 1, 0, 0, 1, 0)),
        ("ab", {"a": "sent", "b": "queued"}, Count(2, 2, 0, 1, 0, 0)),
        ("ab", {"a": "sent"}, Count(1, 2, 0, 1, 0, 0)),
    ],
)
def test_what_meta_took_is_compared_with_the_rows(taken: str, rows: dict[str, str], counted: Count) -> None:
    assert count(taken, rows) == counted
    assert counted.is_right == (counted.duplicates == counted.without_row == counted.lost == 0)


def test_nothing_sent_is_not_right() -> None:
    assert not count("", {}).is_right


def test_a_day_ends_at_midnight_in_india() -> None:
    before = dt.datetime(2026, 11, 29, 18, 29, tzinfo=dt.UTC)

    assert same_day(before - dt.timedelta(hours=1), before)
    assert not same_day(before, before + dt.timedelta(minutes=1))


def test_the_env_has_a_value_for_every_secret_and_what_was_asked_for() -> None:
    example = (PROJECT / ".env.example").read_text()
    given = dict(line.partition("=")[::2] for line in filled_in(example, AIRFLOW_UID="7").splitlines() if "=" in line)

    assert {name for name, value in given.items() if not value} <= {"FLOWER_BASIC_AUTH"}
    assert given["AIRFLOW_UID"] == "7"
    assert given["POSTGRES_PASSWORD"].isalnum()


def test_a_base_keeps_its_data_where_compose_has_a_volume() -> None:
    compose = (PROJECT / "docker-compose.yaml").read_text()

    assert ENTRYPOINT.name
    assert "postgres:/var/lib/postgresql\n" in compose
    assert "/var/lib/postgresql/data" in POSTGRES_BASE.entrypoint
    assert "redis:/data\n" in compose
    assert "--dir /data" in REDIS_BASE.entrypoint


def test_without_an_engine_it_says_so_and_nothing_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")

    assert main([]) == 0
    assert capsys.readouterr().out == "There is no `docker` here, so containers were not tried.\n"
