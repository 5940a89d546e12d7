"""The WhatsApp Business Accounts of this server, read from a JSON file."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

SAMPLE_ACCOUNTS = Path(__file__).with_name("accounts.json")
SANDBOX_APP_SECRET = "sandbox-app-secret"
SANDBOX_VERIFY_TOKEN = "sandbox-verify-token"
"""The default verify token."""


class AccountsFileError(ValueError):
    """The accounts file is invalid; the message has the file, the field and the problem."""


class Account(BaseModel):
    """A business account with its phone number and an access token.

    Attributes:
        label: The name for people.
        phone_number_id: In the path of a message.
        waba_id: In the path of a template request.
        app_id: In the path of an upload; the app of the token.
        app_secret: The app's secret, with which its webhooks are signed.
        display_phone_number: The business's own number, E.164.
        verified_name: The name that a partner sees.
        token: The access token; it may see this account only.
        template_languages: Languages of the sample templates that are approved from the start.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)
    phone_number_id: str = Field(pattern=r"^\d+$")
    waba_id: str = Field(pattern=r"^\d+$")
    app_id: str = Field(pattern=r"^\d+$")
    app_secret: str = Field(SANDBOX_APP_SECRET, min_length=1)
    display_phone_number: str
    verified_name: str = Field(min_length=1)
    token: str = Field(min_length=1)
    template_languages: tuple[str, ...] = ()

    @field_validator("display_phone_number")
    @classmethod
    def _is_e164(cls, value: str) -> str:
        try:
            parsed = phonenumbers.parse(value)
        except phonenumbers.NumberParseException as error:
            raise ValueError("must be an E.164 phone number such as +911140000001") from error
        if phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) != value:
            raise ValueError("must be an E.164 phone number such as +911140000001")
        return value

    @cached_property
    def country_code(self) -> str:
        """The digits that Meta adds before a recipient without `+`."""
        return str(phonenumbers.parse(self.display_phone_number).country_code)


def load_accounts(path: Path) -> tuple[Account, ...]:
    """Read an accounts file: a JSON list of objects with the fields of `Account`.

    Raises:
        AccountsFileError: The file is missing, is not such a list, or two accounts share an id of a number or a WABA.
    """
    try:
        accounts = TypeAdapter(tuple[Account, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise AccountsFileError(f"{path}: cannot be read ({error.strerror}); name an existing file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AccountsFileError(f"{path}: {place}: {first['msg']}.") from error
    for field in ("phone_number_id", "waba_id", "label"):
        values = [getattr(account, field) for account in accounts]
        if len(set(values)) < len(values):
            raise AccountsFileError(f"{path}: {field} must be different in each account.")
    if len({(account.app_id, account.app_secret) for account in accounts}) > len({one.app_id for one in accounts}):
        raise AccountsFileError(f"{path}: app_secret must be the same in all accounts with the same app_id.")
    return accounts


class Tokens:
    """The access tokens: the accounts that each sees, its app, and whether it has expired."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._accounts: dict[str, tuple[Account, ...]] = {}
        self._app_ids: dict[str, str] = {}
        self._dead_since: dict[str, float] = {}
        for account in accounts:
            self.issue(account.token, account.app_id, (*self.accounts(account.token), account))

    def issue(self, token: str, app_id: str, accounts: tuple[Account, ...]) -> None:
        """Add a token of an app that sees these accounts."""
        self._accounts[token], self._app_ids[token] = accounts, app_id

    def accounts(self, token: str) -> tuple[Account, ...]:
        """The accounts that this token sees; none for an unknown token."""
        return self._accounts.get(token, ())

    def app_id(self, token: str) -> str:
        """The app of a token."""
        return self._app_ids[token]

    def died_at(self, token: str) -> float | None:
        """When the token expired, in seconds since the epoch; None if it has not."""
        return self._dead_since.get(token)

    def kill(self, token: str, now: float) -> None:
        """Make the token expired."""
        self._dead_since.setdefault(token, now)

    def revive(self, token: str) -> None:
        """Make the token valid again."""
        self._dead_since.pop(token, None)
