"""The apps, their subscriptions to accounts, and their URLs.

A webhook is sent, as at Meta, if the app has a callback (its dashboard, or `POST /{app_id}/subscriptions`), the app is
subscribed to the account (`POST /{waba_id}/subscribed_apps`), and the field is one of the app's. An account or a phone
number can have an override URL for an app (`override_callback_uri`); the phone number's comes before the account's, and
both are for messages only (D/webhooks/override).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.webhook_changes import MESSAGES, OVERRIDABLE, Change


@dataclass
class App:
    """An app at Meta.

    Attributes:
        id: Digits.
        secret: The secret with which its webhooks are signed.
        name: Its name in `subscribed_apps`.
        callback_url: The URL for its webhooks; None until it is set.
        verify_token: The verify token for the callback.
        fields: The webhook fields that it gets.
    """

    id: str
    secret: str
    name: str
    callback_url: str | None = None
    verify_token: str = ""
    fields: tuple[str, ...] = ()

    @property
    def access_token(self) -> str:
        """The app's own access token, which the requests about its callback need."""
        return f"{self.id}|{self.secret}"

    @property
    def link(self) -> str:
        """Its link in `subscribed_apps`."""
        return f"https://www.facebook.com/games/?app_id={self.id}"


@dataclass(frozen=True, slots=True)
class Target:
    """The app and URL for a webhook."""

    app: App
    url: str


@dataclass
class Subscriptions:
    """All apps and their subscriptions.

    Attributes:
        apps: Apps by id.
        overrides: Override URLs by app id and the id of an account or a phone number.
    """

    apps: dict[str, App] = field(default_factory=dict)
    overrides: dict[tuple[str, str], str] = field(default_factory=dict)
    _of_account: dict[str, list[str]] = field(default_factory=dict)

    def add_app(self, app_id: str, secret: str, name: str) -> App:
        """Add an app; an existing one gets this secret and name, as after a rotation."""
        app = self.apps.setdefault(app_id, App(app_id, secret, name))
        app.secret, app.name = secret, name
        return app

    def with_token(self, access_token: str) -> App | None:
        """The app with this own token, if there is one."""
        app = self.apps.get(access_token.partition("|")[0])
        return app if app is not None and app.access_token == access_token else None

    def subscribe(self, app_id: str, waba_id: str, override: str | None) -> None:
        """Subscribe an app to an account; without an override, an existing one is removed, as at Meta."""
        apps = self._of_account.setdefault(waba_id, [])
        if app_id not in apps:
            apps.append(app_id)
        self.set_override(app_id, waba_id, override)

    def unsubscribe(self, app_id: str, waba_id: str) -> None:
        """Unsubscribe an app from an account."""
        if app_id in (apps := self._of_account.get(waba_id, [])):
            apps.remove(app_id)
        self.set_override(app_id, waba_id, None)

    def set_override(self, app_id: str, object_id: str, url: str | None) -> None:
        """Set or, with None or an empty text, remove the override URL of an account or a phone number."""
        if url:
            self.overrides[app_id, object_id] = url
        else:
            self.overrides.pop((app_id, object_id), None)

    def apps_of(self, waba_id: str) -> list[App]:
        """The apps that are subscribed to an account, oldest subscription first."""
        return [self.apps[app_id] for app_id in self._of_account.get(waba_id, ())]

    def may_override(self, app_id: str) -> bool:
        """Whether Meta allows the app an override: only if it has a callback with the field `messages`."""
        app = self.apps[app_id]
        return app.callback_url is not None and MESSAGES in app.fields

    def hears(self, account: Account) -> bool:
        """Whether an app gets webhooks about this number's messages."""
        return any(True for _ in self._targets(account.waba_id, MESSAGES, account.phone_number_id))

    def targets(self, change: Change) -> Iterable[Target]:
        """The targets of a change: every app that is subscribed and has the field."""
        return self._targets(change.waba_id, change.field, change.phone_number_id)

    def _targets(self, waba_id: str, name: str, phone_number_id: str | None) -> Iterator[Target]:
        for app in self.apps_of(waba_id):
            if app.callback_url is None or name not in app.fields:
                continue
            own = (phone_number_id or "", waba_id) if name in OVERRIDABLE else ()
            urls = (self.overrides.get((app.id, object_id)) for object_id in own)
            yield Target(app, next(filter(None, urls), app.callback_url))
