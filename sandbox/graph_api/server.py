"""Runs the local Graph API in a process of its own for a `with` block, and speaks to its own side.

with running(rate=1_000) as api:
    send(api.url)
    assert api.outbox()[0]["text"] == "..."
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, Account, load_accounts
from sandbox.processes import keep, pauses

START_SECONDS = 30.0
CALL_SECONDS = 60.0
PROJECT = Path(__file__).parents[2]


class LocalGraphApi:
    """A running server.

    Attributes:
        url: Scheme, host and port; what a connection has as its host.
        accounts: The accounts by label.
    """

    def __init__(self, url: str, accounts: tuple[Account, ...]) -> None:
        self.url = url
        self.accounts = {account.label: account for account in accounts}

    def outbox(self, **narrowed_to: str) -> list[dict[str, Any]]:
        """The messages taken, oldest first.

        Args:
            **narrowed_to: `to`, `phone_number_id`, `type`, `template_name`, `language`, `status` or
                `biz_opaque_callback_data`.
        """
        messages: list[dict[str, Any]] = self._get("outbox", **narrowed_to)["messages"]
        return messages

    def move_message(self, message_id: str, status: str, code: int = 131026) -> dict[str, Any]:
        """Let a message be `delivered`, `read` or `failed` (for the reason the code says)."""
        return self._post(f"outbox/{message_id}", status=status, code=code)

    def requests(self, last: int = 50, operation: str | None = None) -> dict[str, Any]:
        """How many requests came (`total`, `by_operation`, `by_object_id`) and the `last` ones with all headers."""
        return self._get("requests", last=last, **({} if operation is None else {"operation": operation}))

    def fail_next(self, code: int, times: int = 1, **order: Any) -> None:
        """Let the next requests be refused with a code.

        Args:
            code: Meta's.
            times: How many requests.
            **order: More fields of `faults.Fault`, such as `object_id`, `to`, `operation`, `details`, `retry_after`.
        """
        self.order_fault("error", code=code, times=times, **order)

    def hang_next(self, seconds: float = 60.0, times: int = 1, **order: Any) -> None:
        """Let the next requests wait for `release`, or so long at most; with `taken`, they are carried out first."""
        self.order_fault("hang", seconds=seconds, times=times, **order)

    def drop_next(self, times: int = 1, **order: Any) -> None:
        """Cut the next connections without an answer; with `taken`, after the request was carried out."""
        self.order_fault("drop", times=times, **order)

    def babble_next(self, times: int = 1, **order: Any) -> None:
        """Answer the next requests with a 5xx page that is no JSON (`status`, `taken`)."""
        self.order_fault("not_json", times=times, **order)

    def forget_id_next(self, times: int = 1, **order: Any) -> None:
        """Take the next messages, but answer 200 without a message id."""
        self.order_fault("no_message_id", times=times, **{"operation": "send_message", **order})

    def hold_next(self, message_status: str, times: int = 1, **order: Any) -> None:
        """Take the next template messages, but say that they are `held_for_quality_assessment` or `paused`."""
        self.order_fault(
            "held_back", message_status=message_status, times=times, **{"operation": "send_message", **order}
        )

    def order_fault(self, kind: str, **order: Any) -> None:
        """Let the next requests go wrong; see `faults.Fault`."""
        self._post("faults", kind=kind, **order)

    def wait_for_hanging(self, at_least: int = 1, at_most: int = sys.maxsize, timeout: float = 10.0) -> int:
        """Wait until so many requests hang, for so many seconds at most; returns how many do."""
        return int(self._get("faults/hanging", at_least=at_least, at_most=at_most, timeout=timeout)["hanging"])

    def release(self) -> int:
        """Let every request that hangs go on; returns how many did."""
        return int(self._post("faults/release")["released"])

    def clear_faults(self) -> None:
        """Forget all open orders and release what hangs."""
        self._call("DELETE", "faults")

    def kill_token(self, token: str) -> None:
        """Let a token expire: 190 from now on."""
        self._post("tokens", token=token, alive=False)

    def revive_token(self, token: str) -> None:
        """Let it work again."""
        self._post("tokens", token=token, alive=True)

    def set_rate(self, messages_per_second: int) -> None:
        """Change the throughput of every phone number."""
        self.set_limits(messages_per_second=messages_per_second)

    def set_limits(self, **limits: float) -> dict[str, Any]:
        """Change limits; see `limits.Limits`. Returns all of them."""
        return self._post("limits", **limits)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.fromisoformat(self._get("clock")["now"])

    def shift_clock(self, seconds: float) -> None:
        """Let time pass (or go back)."""
        self._post("clock", shift_seconds=seconds)

    def set_clock(self, now: datetime) -> None:
        """Make this instant the present; it must have a time zone."""
        self._post("clock", now=now.isoformat())

    def freeze_clock(self, *, frozen: bool = True) -> None:
        """Stop time, or let it run again."""
        self._post("clock", frozen=frozen)

    def open_window(self, phone_number_id: str, number: str, text: str = "Hello") -> None:
        """Let a partner write to the business now: free-form messages reach them for 24 hours."""
        self._post("inbound", phone_number_id=phone_number_id, number=number, text=text)

    def close_window(self, phone_number_id: str, number: str) -> None:
        """End a partner's 24 hours."""
        self._post("inbound", phone_number_id=phone_number_id, number=number, text=None)

    def mark_recipient(self, number: str, code: int | None = 131026, *, late: bool = False) -> None:
        """Refuse messages to this number with a code (131026: not on WhatsApp, 131050: opted out); None takes it back.

        Args:
            number: E.164.
            code: Meta's.
            late: Accept the message and let it fail afterwards.
        """
        self._post("recipients", number=number, code=code, late=late)

    def templates(self, waba_id: str | None = None) -> list[dict[str, Any]]:
        """All templates with their status, category and what review found."""
        query = {} if waba_id is None else {"waba_id": waba_id}
        found: list[dict[str, Any]] = self._get("templates", **query)["templates"]
        return found

    def change_template(self, waba_id: str, name: str, language: str | None = None, **change: str) -> None:
        """Pause, disable, reject, approve or recategorise; `status`, `reason`, `category`, `quality`."""
        self._post("templates", waba_id=waba_id, name=name, language=language, **change)

    def review_next(self, status: str = "APPROVED", times: int = 1, **order: str) -> None:
        """Decide how the next reviews end; `reason`, `category`, and of which `waba_id`, `name`, `language`."""
        self._post("reviews", status=status, times=times, **order)

    def reset(self) -> None:
        """Begin anew, as after a start."""
        self._post("reset")

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._call("GET", path, params=query)

    def _post(self, path: str, **order: Any) -> dict[str, Any]:
        return self._call("POST", path, json=order)

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False  # a proxy in the environment does not know our loopback
            response = session.request(method, f"{self.url}/_sandbox/{path}", timeout=CALL_SECONDS, **sent)
        if not response.ok:
            raise ValueError(f"{method} /_sandbox/{path}: {response.status_code} {response.text}")
        content: dict[str, Any] = response.json()
        return content


@contextmanager
def running(
    *,
    rate: int = 80,
    port: int = 0,
    accounts: Path = SAMPLE_ACCOUNTS,
    templates: bool = True,
    approval_delay: float = 0.0,
) -> Iterator[LocalGraphApi]:
    """Run a server on loopback, in a process that ends with the block whatever happens.

    Args:
        rate: Messages a second per phone number.
        port: Where to listen; 0 takes a free one.
        accounts: The accounts file.
        templates: Whether accounts start with the sample templates, approved.
        approval_delay: Seconds from a template's creation to the end of its review.

    Raises:
        ProcessFailedError: The server ended before it listened.
        TimeoutError: It did not listen in time.
    """
    command: list[str | Path] = [sys.executable, "-m", "sandbox.graph_api", "--port", str(port), "--rate", str(rate)]
    command += ["--accounts", accounts, "--approval-delay", str(approval_delay)]
    if not templates:
        command.append("--no-templates")
    with tempfile.TemporaryDirectory(prefix="graph-api-") as folder:
        log = Path(folder) / "log"
        with keep("the local Graph API", command, log=log, env={**os.environ, "PYTHONPATH": str(PROJECT)}) as process:
            for _ in pauses(START_SECONDS, longest=0.05):
                if process.status() is not None:
                    raise process.failure()
                for line in log.read_text().splitlines(keepends=True):
                    if line.startswith(READY) and line.endswith("\n"):
                        yield LocalGraphApi(line.removeprefix(READY).strip(), load_accounts(accounts))
                        return
            raise TimeoutError(f"The local Graph API did not listen within {START_SECONDS:.0f} s.")
