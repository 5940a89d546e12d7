"""Answers that wait on the worker's disk: as safe as a file can be, and believed no further."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from partner_messages.message_log.spool import KEPT_ON_DISK, Spool
from partner_messages.messages.values import Settlement

TOKEN = uuid.uuid4()
SENT, PUT_OFF = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A worker's disk."""
    return Spool(tmp_path / "home" / "answers")


def keep_one(spool: Spool) -> Path:
    spool.keep(TOKEN, [Settlement(SENT, "sent")])
    return spool.folder / f"{TOKEN}.json"


def test_what_was_kept_is_read_again_but_for_what_meta_said(spool: Spool) -> None:
    failed = uuid.uuid4()
    spool.keep(
        TOKEN,
        [
            Settlement(SENT, "sent", meta_message_id="wamid.HBgMOTE5ODI5MDAwMDAx"),
            Settlement(failed, "failed", error_code=131026, error_detail="+919829000001 has no WhatsApp"),
            Settlement(PUT_OFF, "queued", wait_seconds=600),
        ],
    )

    assert list(spool.kept()) == [
        (
            TOKEN,
            [
                Settlement(SENT, "sent"),
                Settlement(failed, "failed", error_code=131026, error_detail=KEPT_ON_DISK),
                Settlement(PUT_OFF, "queued", wait_seconds=600),
            ],
        )
    ]


def test_what_is_kept_again_stands_in_place_of_what_was_kept_before(spool: Spool) -> None:
    keep_one(spool)
    spool.keep(TOKEN, [Settlement(SENT, "sent"), Settlement(PUT_OFF, "queued")])

    ((_, kept),) = spool.kept()

    assert [one.id for one in kept] == [SENT, PUT_OFF]


def test_what_the_log_has_is_forgotten(spool: Spool) -> None:
    keep_one(spool)
    spool.forget(TOKEN)
    spool.forget(TOKEN)

    assert list(spool.kept()) == []
    assert list(spool.folder.iterdir()) == []


def open_to_others(file: Path) -> None:
    file.chmod(0o640)


def a_link(file: Path) -> None:
    elsewhere = file.with_suffix(".elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def half_written(file: Path) -> None:
    file.write_text(file.read_text()[:-5])


def changed(**fields: Any) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))

    return change


@pytest.mark.parametrize(
    "spoil",
    [
        open_to_others,
        a_link,
        half_written,
        changed(token="not a token"),
        changed(answers=[["no id", "sent", None, 0]]),
        changed(answers=[[str(SENT), "delivered", None, 0]]),
        changed(answers=[[str(SENT), "failed", "131026; DROP TABLE message_log", 0]]),
        changed(answers=[[str(SENT), "queued", None, "soon"]]),
        changed(answers=[[str(SENT)]]),
        changed(answers=None),
    ],
)
def test_a_file_that_is_not_ours_or_not_whole_is_left_alone(
    spool: Spool, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    file = keep_one(spool)
    spoil(file)

    assert list(spool.kept()) == []
    assert os.path.lexists(file)
    assert str(file) in caplog.text


def test_a_disk_that_takes_nothing_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()

    keep_one(Spool(blocked / "answers"))

    assert "cannot be kept" in caplog.text
    assert list(Spool(blocked / "answers").kept()) == []


def test_it_lies_in_airflow_s_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))

    assert Spool.of_this_worker().folder.parent == tmp_path
