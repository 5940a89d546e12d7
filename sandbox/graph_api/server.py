"""Run the local Graph API in a process of its own for a `with` block, with a client of its admin routes.

with running(rate=1_000) as api:
    send(api.url)
    assert api.outbox()[0]["text"] == "..."
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.graph_api import READY
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, SANDBOX_VERIFY_TOKEN, Account, load_accounts
from sandbox.processes import keep, pauses

START_SECONDS = 30.0
CALL_SECONDS = 60.0
PROJECT = Path(__file__).parents[2]


class LocalGraphApi:
    """A running server.

    Attributes:
        url: Scheme, host and port: the host of a connection.
        accounts: The accounts by label.
    """

    def __init__(self, url: str, accounts: tuple[Account, ...]) -> None:
        self.url = url
        self.accounts = {account.label: account for account in accounts}

    def outbox(self, **narrowed_to: str) -> list[dict[str, Any]]:
        """The accepted messages, oldest first.

        Args:
            **narrowed_to: `to`, `phone_number_id`, `type`, `template_name`, `language`, `status` or
                `biz_opaque_callback_data`.
        """
        messages: list[dict[str, Any]] = self._get("outbox", **narrowed_to)["messages"]
        return messages

    def move_message(
        self, message_id: str, status: str, code: int = 131026, *, at: datetime | None = None
    ) -> dict[str, Any]:
        """Give a message the status `sent`, `delivered`, `read`, `played` or `failed`, in any order; send the webhook.

        `code` is Meta's error code for `failed`, `at` Meta's time (now by default).
        """
        return self._post(f"outbox/{message_id}", status=status, code=code, at=_text_of(at))

    def requests(self, last: int = 50, operation: str | None = None) -> dict[str, Any]:
        """The number of requests (`total`, `by_operation`, `by_object_id`) and the `last` ones with all headers."""
        return self._get("requests", last=last, **({} if operation is None else {"operation": operation}))

    def fail_next(self, code: int, times: int = 1, **order: Any) -> None:
        """Refuse the next requests with a code.

        Args:
            code: Meta's error code.
            times: The number of requests.
            **order: More fields of `faults.Fault`, such as `object_id`, `to`, `operation`, `details`, `retry_after`.
        """
        self.order_fault("error", code=code, times=times, **order)

    def hang_next(self, seconds: float = 60.0, times: int = 1, **order: Any) -> None:
        """Let the next requests hang until `release` or the time-out; with `taken`, they are processed first."""
        self.order_fault("hang", seconds=seconds, times=times, **order)

    def drop_next(self, times: int = 1, **order: Any) -> None:
        """Close the next connections without an answer; with `taken`, after the request was processed."""
        self.order_fault("drop", times=times, **order)

    def babble_next(self, times: int = 1, **order: Any) -> None:
        """Answer the next requests with a 5xx HTML page (`status`, `taken`)."""
        self.order_fault("not_json", times=times, **order)

    def forget_id_next(self, times: int = 1, **order: Any) -> None:
        """Accept the next messages, but answer 200 without a message id."""
        self.order_fault("no_message_id", times=times, **{"operation": "send_message", **order})

    def hold_next(self, message_status: str, times: int = 1, **order: Any) -> None:
        """Accept the next template messages as `held_for_quality_assessment` or `paused`."""
        self.order_fault(
            "held_back", message_status=message_status, times=times, **{"operation": "send_message", **order}
        )

    def order_fault(self, kind: str, **order: Any) -> None:
        """Order a fault; see `faults.Fault`."""
        self._post("faults", kind=kind, **order)

    def wait_for_hanging(self, at_least: int = 1, at_most: int = sys.maxsize, timeout: float = 10.0) -> int:
        """Wait until so many requests hang, or until the time-out; return their number."""
        return int(self._get("faults/hanging", at_least=at_least, at_most=at_most, timeout=timeout)["hanging"])

    def release(self) -> int:
        """Release all hanging requests; return their number."""
        return int(self._post("faults/release")["released"])

    def clear_faults(self) -> None:
        """Remove all ordered faults and release all hanging requests."""
        self._call("DELETE", "faults")

    def kill_token(self, token: str) -> None:
        """Make a token expired (error 190)."""
        self._post("tokens", token=token, alive=False)

    def revive_token(self, token: str) -> None:
        """Make a token valid again."""
        self._post("tokens", token=token, alive=True)

    def set_rate(self, messages_per_second: int) -> None:
        """Change the throughput of every phone number."""
        self.set_limits(messages_per_second=messages_per_second)

    def set_limits(self, **limits: float) -> dict[str, Any]:
        """Change limits (see `limits.Limits`); return all of them."""
        return self._post("limits", **limits)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.fromisoformat(self._get("clock")["now"])

    def shift_clock(self, seconds: float) -> None:
        """Move the clock forward or back."""
        self._post("clock", shift_seconds=seconds)

    def set_clock(self, now: datetime) -> None:
        """Set the clock to an aware time."""
        self._post("clock", now=now.isoformat())

    def freeze_clock(self, *, frozen: bool = True) -> None:
        """Freeze the clock, or start it again."""
        self._post("clock", frozen=frozen)

    def answer(
        self, phone_number_id: str, number: str, text: str = "", *, kind: str = "text", **more: Any
    ) -> dict[str, Any]:
        """A partner writes, which opens the 24-hour window and is sent as a webhook.

        Args:
            phone_number_id: The business number.
            number: The partner's, E.164.
            text: A text, a button's label, a caption or an emoji.
            kind: One of `inbound.INBOUND_KINDS`: text, button, interactive, reaction, image, edit ...
            **more: `context` (the answered message), `payload` (of a button), `about` (the message reacted to or
                edited), `name`, `user_id`, `hides_number` (Meta sends only the user id), `at`.

        Returns:
            The new message with its `id`.
        """
        if "at" in more:
            more["at"] = _text_of(more["at"])
        return self._post("inbound", phone_number_id=phone_number_id, number=number, text=text, kind=kind, **more)

    def tap(self, message_id: str, button: int = 0, **more: Any) -> dict[str, Any]:
        """The partner taps a quick-reply button of a message.

        Args:
            message_id: Its wamid.
            button: The index of the quick reply.
            **more: As for `answer`; with `context=None` Meta does not send the answered message.
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
        """A partner stops (`stop`) or resumes (`resume`) marketing messages: a `user_preferences` webhook."""
        self._post("preferences", phone_number_id=phone_number_id, number=number, value=value, at=_text_of(at))

    def add_app(self, app_id: str, secret: str, **more: Any) -> str:
        """Add an app, or change the secret of an existing one; return its own access token, for its callback.

        `more`: `name`; `token`, a new token of this app, and `waba_ids`, the accounts that it sees.
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
        """Set an app's callback and subscribe the app to accounts, as in Meta's dashboard.

        Args:
            callback_url: The receiver's URL, which is verified at once.
            verify_token: The verify token that is sent.
            app_id: The app; by default that of the sample accounts.
            fields: The webhook fields; all by default.
            labels: The labels of the accounts; all by default.

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
        """Send a webhook about an account or a number, with a field such as `account_update`.

        `value` replaces parts of the example in `webhook_accounts.EXAMPLES`; `at` is now by default.
        """
        self._post("webhooks", field=field, waba_id=waba_id, value=value, at=_text_of(at))

    def set_webhooks(self, **settings: Any) -> dict[str, Any]:
        """Change the webhook settings; see `webhooks.WebhookSettings`.

        Args:
            **settings: `status_delays`, `retry_delays`, `answer_seconds`, `leave_out`, `times`.
        """
        return self._post("webhooks/settings", **settings)

    def pause_webhooks(self) -> None:
        """Hold all webhooks from now on; messages still get their statuses."""
        self._post("webhooks/pause")

    def release_webhooks(self, sequence: str = "as_it_was", **how: Any) -> int:
        """Send the held webhooks and end the pause.

        Args:
            sequence: `as_it_was`, `reversed` or `shuffled`.
            **how: `batch` (updates in a POST), `times`, `seed`, `at_once`; see `webhooks.Webhooks.release`.

        Returns:
            The number of POSTs, each counted once.
        """
        return int(self._post("webhooks/release", sequence=sequence, **how)["posts"])

    def forget_webhooks(self) -> None:
        """Cancel running deliveries and drop held webhooks."""
        self._post("webhooks/forget")

    def sent_webhooks(self, field: str | None = None, app_id: str | None = None) -> list[dict[str, Any]]:
        """The POSTs (with this field, to this app), oldest first, after all due deliveries were tried.

        Returns:
            Each with `body` (as sent), `content` (parsed), `signature`, `url`, `attempts` and `state`.

        Raises:
            TimeoutError: Some deliveries still run after half a minute.
        """
        query = {name: value for name, value in (("field", field), ("app_id", app_id)) if value is not None}
        found = self._get("webhooks", **query)
        if not found["quiet"]:
            raise TimeoutError("Some webhooks are still under way.")
        sent: list[dict[str, Any]] = found["webhooks"]
        return sent

    def held_webhooks(self) -> int:
        """The number of held updates."""
        return int(self._get("webhooks")["held"])

    def have_history(self, *, there: bool) -> None:
        """Switch Meta's message history on (the default) or off for the accounts."""
        self._post("history", there=there)

    def open_window(self, phone_number_id: str, number: str, text: str = "Hello") -> None:
        """A partner writes to the business now, which opens the 24-hour window."""
        self._post("inbound", phone_number_id=phone_number_id, number=number, text=text)

    def close_window(self, phone_number_id: str, number: str) -> None:
        """Close a partner's 24-hour window."""
        self._post("inbound", phone_number_id=phone_number_id, number=number, text=None)

    def mark_recipient(self, number: str, code: int | None = 131026, *, late: bool = False) -> None:
        """Refuse messages to this number with a code (131026: not on WhatsApp, 131050: opted out).

        Args:
            number: E.164.
            code: Meta's error code; None accepts messages again.
            late: Accept the message and let it fail afterwards.
        """
        self._post("recipients", number=number, code=code, late=late)

    def templates(self, waba_id: str | None = None) -> list[dict[str, Any]]:
        """All templates with status, category and the result of the review."""
        query = {} if waba_id is None else {"waba_id": waba_id}
        found: list[dict[str, Any]] = self._get("templates", **query)["templates"]
        return found

    def change_template(self, waba_id: str, name: str, language: str | None = None, **change: str) -> None:
        """Change a template (in one language, or in all), and send the webhook.

        `change`: `status` with `reason` and `event`, `category` (now), `correct_category` (announced), `quality`.
        """
        self._post("templates", waba_id=waba_id, name=name, language=language, **change)

    def review_next(self, status: str = "APPROVED", times: int = 1, **order: str) -> None:
        """Order the result of the next reviews; `reason`, `category`, and for which `waba_id`, `name`, `language`."""
        self._post("reviews", status=status, times=times, **order)

    def reset(self) -> None:
        """Reset the state, as after a start."""
        self._post("reset")

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._call("GET", path, query=query)

    def _post(self, path: str, **order: Any) -> dict[str, Any]:
        return self._call("POST", path, order=order)

    def _call(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, order: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        # Not with `requests`, which takes three times as long: tests ask small things thousands of times.
        target = f"/_sandbox/{path}" + (f"?{urlencode(query)}" if query else "")
        body, headers = (None, {}) if order is None else (json.dumps(order), {"content-type": "application/json"})
        with contextlib.closing(HTTPConnection(urlsplit(self.url).netloc, timeout=CALL_SECONDS)) as connection:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            answer = response.read()
        if response.status != HTTPStatus.OK:
            raise ValueError(f"{method} /_sandbox/{path}: {response.status} {answer.decode()}")
        content: dict[str, Any] = json.loads(answer)
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
    """Run a server on loopback, in a process that always ends with the block.

    Args:
        rate: Messages a second per phone number.
        port: The port; 0 for a free one.
        accounts: The accounts file.
        templates: Whether accounts start with the sample templates, approved.
        approval_delay: Seconds from a template's creation to the end of its review.
        callback: The URL for the webhooks of all accounts; None for none until `subscribe`.
        verify_token: The verify token for it.
        status_delays: Seconds to sent, delivered and read, such as `0,1,4`; None for the defaults.

    Raises:
        ProcessFailedError: The server ended before it listened.
        TimeoutError: The server did not listen in time.
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
