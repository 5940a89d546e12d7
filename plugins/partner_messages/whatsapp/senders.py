"""The senders: one WhatsApp number each, as its Airflow connection describes it, and which one writes to whom.

A `Sender` holds no secret: the access token stays in the connection, and only the hook reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from partner_messages.config.languages import LAST_RESORT, normalise_language
from partner_messages.config.settings import SENDER_CONN_PREFIX, SettingsError
from partner_messages.config.value_kinds import Id
from partner_messages.config.web_address import TEST_HOSTS, is_base_url

AIRFLOW_HTTP_EXTRAS = frozenset(
    {
        *("allow_redirects", "cert", "check_response", "max_redirects", "proxies", "proxy", "srv_lookup", "stream"),
        *("timeout", "trust_env", "verify", "verify_ssl"),
    }
)
"""What Airflow's own HTTP hook reads from a connection's extra; a sender's connection may hold it too."""


@dataclass(frozen=True)
class Sender:
    """One WhatsApp number that messages are sent from.

    Attributes:
        label: The id part of the connection: `in` for `whatsapp_in`; what the message log calls the sender.
        platform_label: The extra's `label`, what the shop calls it (`IN`, `AU`, `Europe`).
        conn_id: The Airflow connection.
        host: The Graph API's base URL, without a slash at its end.
        phone_number_id: Meta's id of the number (not the number).
        waba_id: Meta's id of the WhatsApp Business Account; templates are approved per account.
        api_version: Graph API version, such as `v25.0`.
        country_codes: The prefixes it serves, each with `+`.
        is_default: Whether it serves numbers that no prefix matches.
        platform_id: The shop's `social_platform` id, by which conversations are pinned to a sender.
        languages: Template languages approved on its account; `en` is always among them.
        messages_per_second: What Meta lets this number send; 80 unless it was raised (throughput).
        app_id: Meta's app, needed to upload example pictures.
    """

    label: str
    platform_label: str
    conn_id: str
    host: str
    phone_number_id: str
    waba_id: str
    api_version: str
    country_codes: tuple[str, ...]
    is_default: bool
    platform_id: str | None
    languages: tuple[str, ...]
    messages_per_second: float
    app_id: str | None


def _number_as_text(value: Any) -> Any:
    """JSON written by hand has ids and prefixes as numbers now and then."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _country_code(value: Any) -> Any:
    text = _number_as_text(value)
    return f"+{text}" if isinstance(text, str) and not text.startswith("+") else text


def _language(value: Any) -> str:
    code = normalise_language(value) if isinstance(value, str) else None
    if code is None:
        raise ValueError("not a language code")
    return code


# An id goes into a request's path: anything else would be another request.
MetaId = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[A-Za-z0-9_-]+$")]
CountryCode = Annotated[str, BeforeValidator(_country_code), Field(pattern=r"^\+[1-9][0-9]{0,6}$")]
Language = Annotated[str, BeforeValidator(_language)]


def _not_to_be_guessed(secret: str) -> str:
    if secret and len(secret.strip()) < _SHORTEST_SECRET:
        raise ValueError("whoever guesses it could sign webhooks")
    return secret


_SHORTEST_SECRET = 12
"""Characters; Meta's own have 32. An empty one is none."""
AppSecret = Annotated[str, AfterValidator(_not_to_be_guessed)]


class _Extra(BaseModel):
    """The extra of a sender's connection (docs/design.md, "Names others rely on"); descriptions say what values are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone_number_id: MetaId = Field(description="Meta's id of the number (not the number itself)")
    waba_id: MetaId = Field(description="Meta's id of the WhatsApp Business Account")
    api_version: str = Field(
        "v25.0", pattern=r"^v[1-9][0-9]*\.[0-9]+$", description='a Graph API version such as "v25.0"'
    )
    label: Id | None = Field(None, description='the shop\'s name for the sender, such as "IN"')
    country_codes: tuple[CountryCode, ...] = Field((), description='a list of prefixes such as ["+91"]')
    is_default: bool = Field(False, strict=True, description="true or false")
    platform_id: Id | None = Field(None, description="the shop's social_platform id")
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] | None = Field(
        None, description='a list of template languages such as ["en", "hi"]'
    )
    messages_per_second: float = Field(80, strict=True, gt=0, le=10_000, description="a number above 0, such as 80")
    app_id: MetaId | None = Field(None, description="Meta's id of the app")
    # Secrets that only the hook and the webhook read; known here so that they are not taken for typing mistakes.
    app_secret: AppSecret | None = Field(None, description="the app's secret, as text (Meta's have 32 characters)")
    app_secret_next: AppSecret | None = Field(
        None, description="the app's other secret while it is rotated, as text (Meta's have 32 characters)"
    )
    webhook_verify_token: str | None = Field(None, description="the webhook's verify token, as text")


def sender_from_extra(
    label: str,
    host: str | None,
    password_present: bool,
    extra: Mapping[str, Any],
    plain_hosts: Collection[str] = (),
) -> Sender:
    """Build a sender from its connection.

    Args:
        label: The connection is `whatsapp_<label>`.
        host: The connection's host with its scheme.
        password_present: Whether the connection has a password (the access token, which is not wanted here).
        extra: The connection's extra, decoded.
        plain_hosts: Hosts of a test system, to which the token may go without TLS.

    Raises:
        SettingsError: One sentence that names the connection and the key, and never a value.
    """
    conn_id = f"{SENDER_CONN_PREFIX}{label}"
    if not host or not is_base_url(host, plain_hosts):
        raise SettingsError(
            f"{conn_id}: the host must be the Graph API's https URL with nothing but a path behind it (http is for this"
            f" machine alone, and for test systems whose hosts {TEST_HOSTS} lists in the environment), such as"
            " https://graph.facebook.com."
        )
    if not password_present:
        raise SettingsError(f"{conn_id}: the password is missing; set it to the sender's access token.")
    known = _known(conn_id, {key: value for key, value in extra.items() if key not in AIRFLOW_HTTP_EXTRAS})
    languages = known.languages or (("en", "hi") if "+91" in known.country_codes else ("en",))
    if LAST_RESORT not in languages:
        raise SettingsError(
            f'{conn_id}: extra "languages" must contain "en", which stands in for every other language.'
        )
    return Sender(
        label=label,
        platform_label=known.label or label,
        conn_id=conn_id,
        host=host.rstrip("/"),
        phone_number_id=known.phone_number_id,
        waba_id=known.waba_id,
        api_version=known.api_version,
        country_codes=known.country_codes,
        is_default=known.is_default,
        platform_id=known.platform_id,
        languages=languages,
        messages_per_second=known.messages_per_second,
        app_id=known.app_id,
    )


@dataclass(frozen=True)
class ReceivingNumber:
    """What a receiver of webhooks needs of a sender: secrets, which a `Sender` has none of, and no access token.

    Attributes:
        label: The connection is `whatsapp_<label>`.
        phone_number_id: Meta's id of the number.
        waba_id: Meta's id of its account.
        app_secrets: Of Meta's app; two while one is rotated.
        verify_token: What Meta's app was told to verify the receiver with.
    """

    label: str
    phone_number_id: str
    waba_id: str
    app_secrets: tuple[str, ...] = field(repr=False)
    verify_token: str | None = field(repr=False)


def receiving_number(label: str, extra: Mapping[str, Any]) -> ReceivingNumber:
    """Read from a sender's connection what a receiver needs.

    Raises:
        SettingsError: One sentence that names the connection and the key, and never a value.
    """
    conn_id = f"{SENDER_CONN_PREFIX}{label}"
    known = _known(conn_id, {key: value for key, value in extra.items() if key not in AIRFLOW_HTTP_EXTRAS})
    secrets = (known.app_secret, known.app_secret_next)
    return ReceivingNumber(
        label=label,
        phone_number_id=known.phone_number_id,
        waba_id=known.waba_id,
        app_secrets=tuple(secret for secret in secrets if secret),
        verify_token=known.webhook_verify_token or None,
    )


def _known(conn_id: str, extra: dict[str, Any]) -> _Extra:
    try:
        return _Extra.model_validate(extra)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
    # Outside the handler: the validation's own text quotes values, and one of them may be the app secret.
    key = str(problem["loc"][0])
    if problem["type"] == "missing":
        said = f"is missing; set it to {_Extra.model_fields[key].description}."
    elif key not in _Extra.model_fields:
        said = f"is not known; the known keys are {', '.join(_Extra.model_fields)}."
    else:
        said = f"must be {_Extra.model_fields[key].description}."
    raise SettingsError(f'{conn_id}: extra "{key}" {said}')


def choose_sender(phone: str, pinned_platform_id: str | None, senders: Sequence[Sender]) -> Sender | None:
    """Choose who writes to a phone.

    The conversation's pinned sender, else the one with the longest matching prefix, else the default, else the first.

    Args:
        phone: E.164.
        pinned_platform_id: The `default_sender_platform_id` of the deciding conversation; a sender that is not
            configured here pins nothing.
        senders: In the order of the setting `senders`; of equals the first wins.

    Returns:
        None only where there are no senders.
    """
    if pinned_platform_id:
        for sender in senders:
            if sender.platform_id == pinned_platform_id:
                return sender
    longest, nearest = 0, None
    for sender in senders:
        for code in sender.country_codes:
            if phone.startswith(code) and len(code) > longest:
                longest, nearest = len(code), sender
    if nearest:
        return nearest
    return next((sender for sender in senders if sender.is_default), senders[0] if senders else None)
