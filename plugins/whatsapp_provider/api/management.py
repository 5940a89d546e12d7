"""Meta's template management API: the templates of one WhatsApp Business Account, listed, created and edited.

Nothing is deleted: Meta would lock the name of a deleted template for 30 days. Every request may be retried: a template
is identified by its name and language, so after a lost answer list the templates again and repeat what was not done.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from whatsapp_provider.api.answers import Refused, read_answer
from whatsapp_provider.api.management_errors import (
    INVALID,
    INVISIBLE,
    INVISIBLE_OBJECT,
    Kind,
    ManagementError,
    error_of,
    refusal,
)
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.api.transport import HttpAnswer, why_no_answer
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.masking import mask, mask_phone
from whatsapp_provider.templates.remote import FIELDS, RemoteTemplate, Standing, remote_template, text_of

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Bytes; a page of the largest templates, with the URLs of their example pictures, has about one million."""

PAGE_SIZE = 100
"""Templates a page; Meta refuses to list too many with their components."""

# Ids from Meta's answers become part of a path, so they are checked.
_TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]+")
_UPLOAD_ID = re.compile(r"upload:[A-Za-z0-9_:=+/~-]+(\?sig=[A-Za-z0-9_=%+/~.-]+)?")


NUMBER_FIELDS = (
    *("verified_name", "display_phone_number"),
    *("quality_rating", "whatsapp_business_manager_messaging_limit"),
)
_ADDRESSES = "webhook_configuration"
_LIMITS = {"TIER_UNLIMITED": "as many people as there are", "TIER_NOT_SET": "not set by Meta yet"}
_TIER = re.compile(r"TIER_([0-9]+)(K?)")


@dataclass(frozen=True)
class Number:
    """A business number.

    Attributes:
        name: The name that people see.
        phone: The number.
        quality: Meta's rating: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
        limit: To how many people it may write first in 24 hours, as Meta calls it, such as `TIER_2K`.
    """

    name: str
    phone: str
    quality: str
    limit: str

    def in_words(self) -> str:
        """One sentence, without a secret and with the number masked."""
        tier = _TIER.fullmatch(self.limit)
        limit = (
            f"{int(tier[1]) * (1000 if tier[2] else 1):,} people in 24 hours"
            if tier
            else _LIMITS.get(self.limit, self.limit or "not told")
        )
        return f"{self.name} ({mask_phone(self.phone)}): quality {self.quality or 'not told'}, limit {limit}."


@dataclass(frozen=True)
class WebhookAddresses:
    """Where an app gets the webhooks about a number's messages: at the first of these that there is.

    Attributes:
        phone_number: The number's own address.
        account: The account's.
        app: The app's; webhooks about templates and accounts always go there.
    """

    phone_number: str | None
    account: str | None
    app: str | None


class _OAuthToken(AuthBase):
    """Meta's uploads want the token as `OAuth`, all other requests as `Bearer`."""

    def __init__(self, session: requests.Session) -> None:
        self._bearer: Any = session.auth

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request = self._bearer(request)
        request.headers["Authorization"] = request.headers["Authorization"].replace("Bearer ", "OAuth ", 1)
        return request


class TemplateApi:
    """The templates of the account that a sender belongs to.

    Every method raises `ManagementError` if Meta or the network fails.

    Args:
        hook: The sender's connection.
    """

    def __init__(self, hook: WhatsAppHook) -> None:
        self._hook, self._sender = hook, hook.sender

    def number(self) -> Number:
        """The business number itself, as Meta describes it; that it is one of the account's is asked, too."""
        id_, account = self._sender.phone_number_id, self._sender.waba_id
        said = self._call("GET", id_, params={"fields": ",".join(NUMBER_FIELDS)})
        name, phone, quality, limit = (text_of(said, key) for key in NUMBER_FIELDS)
        if id_ not in {text_of(one, "id") for one in self._pages(f"{account}/phone_numbers", {"fields": "id"})}:
            raise error_of(
                Kind.ACCOUNT,
                f"{self._sender.conn_id}: the phone number is not one of the account's; compare phone_number_id and"
                " waba_id in the connection with WhatsApp Manager (API setup).",
            )
        return Number(name, phone, quality, limit)

    def template(self, name: str, language: str) -> RemoteTemplate | None:
        """The template of this name in this language; None if there is none."""
        return self.template_and_languages(name, language)[0]

    def template_and_languages(self, name: str, language: str) -> tuple[RemoteTemplate | None, tuple[str, ...]]:
        """The template as `template` finds it, and the languages in which there is one of this name, sorted."""
        # Meta's filter may also find names of which this is a part.
        found = [one for one in map(remote_template, self.list_templates(FIELDS, name=name)) if one.name == name]
        wanted = next((one for one in found if one.language == language), None)
        return wanted, tuple(sorted({one.language for one in found if one.standing is not Standing.GONE}))

    def list_templates(self, fields: Sequence[str], name: str | None = None) -> list[dict[str, Any]]:
        """Every template of the account in Meta's form, all pages or none.

        The next page is asked for by cursor, not by the URL that Meta offers: that has the access token in it.

        Args:
            fields: The fields of each template.
            name: Only those with this in their name.
        """
        wanted = {"name": name} if name else {}
        return self._pages(f"{self._sender.waba_id}/message_templates", {"fields": ",".join(fields), **wanted})

    def _pages(self, path: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        """Every entry of a list of Meta's, all pages or none."""
        what = path.rpartition("/")[2].replace("message_", "").replace("_", " ")
        found: list[dict[str, Any]] = []
        cursors: list[str] = []
        while True:
            after = {"after": cursors[-1]} if cursors else {}
            page = self._call("GET", path, params={**asked, "limit": str(PAGE_SIZE), **after})
            data, paging = page.get("data"), page.get("paging") or {}
            if not isinstance(data, list) or not isinstance(paging, dict):
                raise self._unclear(f"the answer is no list of {what}")
            found += [row for row in data if isinstance(row, dict)]
            if "next" not in paging:
                return found
            cursor = (paging.get("cursors") or {}).get("after")
            if not isinstance(cursor, str) or cursor in cursors:
                raise self._unclear(f"the list of {what} goes on without saying where")
            cursors.append(cursor)

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a template in one language for review.

        Args:
            request: The body of `POST /{waba}/message_templates` (`Template.create_request`).

        Returns:
            `id`, `status` and `category` (which Meta may have changed).
        """
        answer = self._call("POST", f"{self._sender.waba_id}/message_templates", json_body=request)
        if not answer.get("id"):
            raise self._unclear("the answer names no template")
        return answer

    def edit(self, template_id: str, changes: Mapping[str, Any]) -> None:
        """Change a template in place; it is reviewed again.

        Args:
            template_id: Meta's id of the template in one language.
            changes: `components` (all of them), `message_send_ttl_seconds` and, unless it is approved, `category`.
        """
        if not _TEMPLATE_ID.fullmatch(template_id):
            raise self._unclear("what Meta calls the template is no id")
        answer = self._call("POST", template_id, json_body=changes)
        if answer.get("success") is not True:
            raise self._unclear("the answer does not say that it was done")

    def subscribed_apps(self) -> dict[str, str | None]:
        """The apps that get the account's webhooks: by id, the URL that overrides the app's own, or None."""
        data = self._call("GET", f"{self._sender.waba_id}/subscribed_apps").get("data")
        if not isinstance(data, list):
            raise self._unclear("the answer is no list of apps")
        found: dict[str, str | None] = {}
        for one in data:
            app = one.get("whatsapp_business_api_data") if isinstance(one, dict) else None
            if isinstance(app, dict) and app.get("id"):
                override = one.get("override_callback_uri")
                found[str(app["id"])] = override if isinstance(override, str) else None
        return found

    def webhook_addresses(self, phone_number_id: str) -> WebhookAddresses | None:
        """Where the token's app gets the webhooks about a number's messages; None if Meta does not tell.

        Args:
            phone_number_id: Any number of the account.
        """
        try:
            found = self._call("GET", phone_number_id, params={"fields": _ADDRESSES}).get(_ADDRESSES)
        except ManagementError as error:
            if error.code == INVALID and error.subcode != INVISIBLE_OBJECT:
                return None  # An older version of the Graph API knows no such field.
            raise
        if not isinstance(found, dict):
            return None
        number, account, app = (
            text_of(found, key) or None for key in ("phone_number", "whatsapp_business_account", "application")
        )
        return WebhookAddresses(number, account, app)

    def subscribe(self) -> None:
        """Subscribe the token's app to the account's webhooks; no change if it is subscribed already."""
        answer = self._call("POST", f"{self._sender.waba_id}/subscribed_apps")
        if answer.get("success") is not True:
            raise self._unclear("the answer does not say that it was done")

    def upload_example(self, picture: bytes, mime_type: str) -> str:
        """Upload the example picture of a template, for Meta's reviewers, and return its handle.

        Args:
            picture: A JPEG or PNG of at most 5 MB.
            mime_type: `image/jpeg` or `image/png`.
        """
        if self._sender.app_id is None:
            raise error_of(
                Kind.TEMPLATE,
                f'{self._sender.conn_id}: extra "app_id" is missing; set it to the id of Meta\'s app, to which example'
                " pictures are uploaded.",
            )
        upload = self._open_upload(len(picture), mime_type)
        answer = self._call(
            "POST",
            upload,
            body=picture,
            headers={"Content-Type": mime_type, "file_offset": "0"},
            auth=_OAuthToken(self._hook.get_conn()),
        )
        handle = answer.get("h")
        if not isinstance(handle, str) or not handle:
            raise self._unclear("the picture was not taken completely")
        return handle

    def _open_upload(self, length: int, mime_type: str) -> str:
        asked = {"file_length": str(length), "file_type": mime_type}
        answer = self._call("POST", f"{self._sender.app_id}/uploads", params=asked)
        upload = answer.get("id")
        if not isinstance(upload, str) or not _UPLOAD_ID.fullmatch(upload):
            raise self._unclear("the answer names no upload")
        return upload

    def _call(
        self,
        method: str,
        path: str,
        *,
        json_body: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        **sent: Any,
    ) -> dict[str, Any]:
        content = body if json_body is None else json.dumps(json_body).encode()
        try:
            received = self._hook.request(method, path, max_bytes=MAX_ANSWER_BYTES, data=content, **sent)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._unclear(why_no_answer(error, self._sender.host)) from None
        return self._read(received, path.partition("/")[0])

    def _read(self, received: HttpAnswer, asked_for: str) -> dict[str, Any]:
        try:
            payload = json.loads(received.body)
        except (ValueError, RecursionError):
            payload = None
        if received.status < 400 and isinstance(payload, dict) and "error" not in payload:
            return payload
        answer = read_answer(received.status, received.headers, received.body)
        if isinstance(answer, Refused):
            key = next((key for key in INVISIBLE if getattr(self._sender, key) == asked_for), None)
            raise refusal(self._sender.conn_id, answer, _user_text(payload) or answer.details, key)
        raise self._unclear(getattr(answer, "reason", f"HTTP {received.status}"))

    def _unclear(self, seen: str) -> ManagementError:
        return error_of(Kind.UNCLEAR, f"{self._sender.conn_id}: {seen}.")


def _user_text(payload: Any) -> str:
    """Meta's title and text for users, masked; empty if there are none."""
    error = payload["error"] if isinstance(payload, dict) else {}
    words = [error.get(key) for key in ("error_user_title", "error_user_msg")]
    return mask(": ".join(text.strip() for text in words if isinstance(text, str) and text.strip()))


@contextlib.contextmanager
def template_api(sender: Sender, *, connect_timeout: float, read_timeout: float) -> Iterator[TemplateApi]:
    """The template API of a sender's account; its connections are closed afterwards.

    Args:
        sender: Any sender on the account.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for an answer.
    """
    hook = WhatsAppHook(sender=sender, connect_timeout=connect_timeout, read_timeout=read_timeout)
    with contextlib.closing(hook):
        yield TemplateApi(hook)
