"""Answers that the message log cannot take, on this machine's disk until it can: the last resort before they are lost.

A file holds ids of rows, what became of each and Meta's error code; no phone number, and no message id of Meta's, which
contains one. It is its owner's alone, and what is read from it is as much as the query `settle` believes of any answer:
that of the claim whose token it names.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.values import SETTLED, Settlement

log = logging.getLogger(__name__)

FOLDER = "partner_messages_answers"
"""In Airflow's home: there the next try on this worker looks, too."""
KEPT_ON_DISK = "Kept on the worker's disk while the message log was away; Meta's own words are lost."

_LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is still read: 100,000 answers and more."""


@dataclass(frozen=True)
class Spool:
    """The answers on this machine's disk.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    @classmethod
    def of_this_worker(cls) -> Spool:
        """The one that every task on this machine shares."""
        return cls(Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / FOLDER)

    def keep(self, token: uuid.UUID, settlements: Sequence[Settlement]) -> None:
        """Keep what became of a token's claims, in place of what was kept of them before.

        A disk that is full or may not be written to must not be what the task fails for.
        """
        answers = [[str(one.id), one.status, one.error_code, one.wait_seconds] for one in settlements]
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self._file(token).with_suffix(".part")
            unfinished.unlink(missing_ok=True)
            with open(unfinished, "x", opener=_for_us_alone) as file:
                json.dump({"token": str(token), "answers": answers}, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._file(token))
        except OSError:
            log.exception("%d answers cannot be kept in %s.", len(answers), self.folder)

    def forget(self, token: uuid.UUID) -> None:
        """The message log has a token's answers."""
        with contextlib.suppress(OSError):
            self._file(token).unlink(missing_ok=True)

    def kept(self) -> Iterator[tuple[uuid.UUID, list[Settlement]]]:
        """What is kept, by token; files that are not ours or not whole are named in the log and left alone."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield _read(path)
            except FileNotFoundError:  # Another task of this machine has just written it down.
                continue
            except (OSError, ValueError, TypeError, KeyError):
                log.exception("%s is left alone: it is no file of answers of ours.", path)

    def _file(self, token: uuid.UUID) -> Path:
        return self.folder / f"{token}.json"


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, mode=0o600)


def _read(path: Path) -> tuple[uuid.UUID, list[Settlement]]:
    with open(path, opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise ValueError("it is not a file of this user alone")
        if found.st_size > _LARGEST:
            raise ValueError("it is too large")
        kept = json.load(file)
    return uuid.UUID(kept["token"]), [_settlement(*answer) for answer in kept["answers"]]


def _settlement(id_: str, status: Any, code: Any, seconds: Any) -> Settlement:
    if status not in SETTLED or not (code is None or type(code) is int) or type(seconds) not in (int, float):
        raise ValueError("it holds what is no answer")
    said = KEPT_ON_DISK if status in (MessageStatus.FAILED, MessageStatus.UNKNOWN) else None
    return Settlement(uuid.UUID(id_), MessageStatus(status), error_code=code, error_detail=said, wait_seconds=seconds)
