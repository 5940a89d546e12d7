"""Runs the local Graph API in a process of its own for a `with` block, and speaks to its own side.

with running(rate=1_000) as api:
    send(api.url)
    assert api.outbox()[0]["text"] == "..."
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, SANDBOX_VERIFY_TOKEN, Account, load_accounts
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

    def move_message(
        self, message_id: str, status: str, code: int = 131026, *, at: datetime | None = None
    ) -> dict[str, Any]:
        """Let a message be `sent`, `delivered`, `read`, `played` or `failed` (for the reason the code says).

        In whatever order; whoever listens is told by a webhook.

        Args:
            message_id: Its wamid.
            status: Which.
            code: Meta's, for `failed`.
            at: When Meta says that it was; now by default.
        """
        return self._post(f"outbox/{message_id}", status=status, code=code, at=_text_of(at))

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

    def answer(
        self, phone_number_id: str, number: str, text: str = "", *, kind: str = "text", **more: Any
    ) -> dict[str, Any]:
        """Let a partner answer: it opens their window, and whoever listens is told.

        Args:
            phone_number_id: To which business number.
            number: The partner's, E.164.
            text: A text, a button's label, a caption or an emoji.
            kind: One of `inbound.KINDS`: text, button, interactive, reaction, image, edit ...
            **more: `context` (the message answered), `payload` (of a button), `about` (the message reacted to or
                edited), `name`, `user_id`, `hides_number` (Meta says the user id only), `at`.

        Returns:
            The new message's `id`, and what it says.
        """
        if "at" in more:
            more["at"] = _text_of(more["at"])
        return self._post("inbound", phone_number_id=phone_number_id, number=number, text=text, kind=kind, **more)

    def tap(self, message_id: str, button: int = 0, **more: Any) -> dict[str, Any]:
        """Let the partner tap a quick-reply button of a message of ours.

        Args:
            message_id: Its wamid.
            button: Which of its quick replies, from 0.
            **more: As for `answer`; `context=None` leaves out which message it was.
        """
        (message,) = (one for one in self.outbox() if one["id"] == message_id)
        replies = [one for one in message["buttons"] if "payload" in one]
        tapped = replies[button]
        return self.answer(
            message["phone_number_id"],
            message["to"],
            tapped["text"],
            kind="interactive" if tapped["type"] == "REPLY" else "button",
            payload=tapped["payload"],
            **{"context": message_id, **more},
        )

    def prefer(self, phone_number_id: str, number: str, value: str, *, at: datetime | None = None) -> None:
        """Let a partner `stop` or `resume` marketing messages: a `user_preferences` webhook."""
        self._post("preferences", phone_number_id=phone_number_id, number=number, value=value, at=_text_of(at))

    def add_app(self, app_id: str, secret: str, **more: Any) -> str:
        """Let there be another app, or give one that there is another secret.

        Args:
            app_id: Digits.
            secret: What its webhooks are signed with.
            **more: `name`; `token`, a new one of this app, and `waba_ids`, the accounts that it sees.

        Returns:
            The app's own access token, with which its callback is set.
        """
        return str(self._post("apps", app_id=app_id, secret=secret, **more)["access_token"])

    def subscribe(
        self,
        callback_url: str,
        verify_token: str = SANDBOX_VERIFY_TOKEN,
        *,
        app_id: str | None = None,
        fields: Iterable[str] | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Do what somebody does at Meta's dashboard: an app's callback, which is asked at once, and its accounts.

        Args:
            callback_url: The receiver's address.
            verify_token: What it is asked with.
            app_id: Whose callback; that of the sample accounts by default.
            fields: What it wants to hear of; everything by default.
            labels: Of the accounts it hears of; all by default.

        Raises:
            ValueError: The receiver does not answer with the challenge; the message has Meta's sentence.
        """
        chosen = self.accounts.values() if labels is None else [self.accounts[label] for label in labels]
        self._post(
            "subscriptions",
            app_id=app_id or next(iter(self.accounts.values())).app_id,
            callback_url=callback_url,
            verify_token=verify_token,
            waba_ids=[account.waba_id for account in chosen],
            **({} if fields is None else {"fields": list(fields)}),
        )

    def webhook(
        self, field: str, waba_id: str, value: dict[str, Any] | None = None, *, at: datetime | None = None
    ) -> None:
        """Tell of something that happens to an account or a number, such as `account_update`.

        Args:
            field: Which field.
            waba_id: Which account.
            value: Replaces parts of the example in `webhook_accounts.EXAMPLES`.
            at: When; now by default.
        """
        self._post("webhooks", field=field, waba_id=waba_id, value=value, at=_text_of(at))

    def set_webhooks(self, **settings: Any) -> dict[str, Any]:
        """Change how webhooks behave; see `webhooks.WebhookSettings`.

        Args:
            **settings: `status_delays`, `retry_delays`, `answer_seconds`, `leave_out`, `times`.
        """
        return self._post("webhooks/settings", **settings)

    def pause_webhooks(self) -> None:
        """Hold all that is to be told from now on; the messages go on."""
        self._post("webhooks/pause")

    def release_webhooks(self, sequence: str = "as_it_was", **how: Any) -> int:
        """Send what was held, and go on.

        Args:
            sequence: `as_it_was`, `reversed` or `shuffled`.
            **how: `batch` (updates in a POST), `times`, `seed`, `at_once`; see `webhooks.Webhooks.release`.

        Returns:
            How many POSTs these are, each counted once.
        """
        return int(self._post("webhooks/release", sequence=sequence, **how)["posts"])

    def forget_webhooks(self) -> None:
        """Break off what is under way, and never send what is held."""
        self._post("webhooks/forget")

    def sent_webhooks(self, field: str | None = None, app_id: str | None = None) -> list[dict[str, Any]]:
        """The POSTs made, oldest first, once all has been tried whose time has come.

        Args:
            field: Only those that tell of this field.
            app_id: Only those to this app.

        Returns:
            Each with `body` (as sent), `content` (the same, read), `signature`, `url`, `attempts` and `state`.

        Raises:
            TimeoutError: Something is still under way after half a minute.
        """
        query = {name: value for name, value in (("field", field), ("app_id", app_id)) if value is not None}
        found = self._get("webhooks", **query)
        if not found["quiet"]:
            raise TimeoutError("Some webhooks are still under way.")
        sent: list[dict[str, Any]] = found["webhooks"]
        return sent

    def held_webhooks(self) -> int:
        """How many updates wait for `release_webhooks`."""
        return int(self._get("webhooks")["held"])

    def have_history(self, *, there: bool) -> None:
        """Let the accounts have Meta's message history (they do), or get the refusal of accounts without it."""
        self._post("history", there=there)

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
        """Pause, disable, reject, approve or recategorise, and tell whoever listens.

        Args:
            waba_id: Of which account.
            name: Which template.
            language: Only in this language.
            **change: `status` with `reason` and `event`, `category` (now), `correct_category` (announced), `quality`.
        """
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


def _text_of(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


@contextmanager
def running(
    *,
    rate: int = 80,
    port: int = 0,
    accounts: Path = SAMPLE_ACCOUNTS,
    templates: bool = True,
    approval_delay: float = 0.0,
    callback: str | None = None,
    verify_token: str = SANDBOX_VERIFY_TOKEN,
    status_delays: str | None = None,
) -> Iterator[LocalGraphApi]:
    """Run a server on loopback, in a process that ends with the block whatever happens.

    Args:
        rate: Messages a second per phone number.
        port: Where to listen; 0 takes a free one.
        accounts: The accounts file.
        templates: Whether accounts start with the sample templates, approved.
        approval_delay: Seconds from a template's creation to the end of its review.
        callback: Where the webhooks of all accounts go once it answers; None for nowhere until `subscribe`.
        verify_token: What it is asked with.
        status_delays: Seconds to sent, delivered and read, such as `0,1,4`; None for the usual ones.

    Raises:
        ProcessFailedError: The server ended before it listened.
        TimeoutError: It did not listen in time.
    """
    command: list[str | Path] = [sys.executable, "-m", "sandbox.graph_api", "--port", str(port), "--rate", str(rate)]
    command += ["--accounts", accounts, "--approval-delay", str(approval_delay)]
    if not templates:
        command.append("--no-templates")
    if callback is not None:
        command += ["--callback", callback, "--verify-token", verify_token]
    if status_delays is not None:
        command += ["--status-delays", status_delays]
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
