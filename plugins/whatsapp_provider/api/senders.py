"""Read a sender (one WhatsApp number) from its Airflow connection.

A `Sender` holds no secret: the access token stays in the connection, and only the hook reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from whatsapp_provider.ends import SettingsError
from whatsapp_provider.languages import LAST_RESORT, normalise_language
from whatsapp_provider.web_address import TEST_HOSTS, is_base_url

SENDER_CONN_PREFIX = "whatsapp_"
"""With what the ids of connections usually begin; what follows is the sender's label."""
AIRFLOW_HTTP_EXTRAS = frozenset(
    {
        *("allow_redirects", "cert", "check_response", "max_redirects", "proxies", "proxy", "srv_lookup", "stream"),
        *("timeout", "trust_env", "verify", "verify_ssl"),
    }
)
"""Keys of Airflow's own HTTP hook; a sender's connection may have them too."""


@dataclass(frozen=True)
class Sender:
    """One WhatsApp number that messages are sent from.

    Attributes:
        label: The sender's name in the message log: `in` for the connection `whatsapp_in`.
        platform_label: The extra's `label`, the shop's name for it (`IN`, `AU`, `Europe`).
        conn_id: The Airflow connection.
        host: The Graph API's base URL, without a slash at its end.
        phone_number_id: Meta's id of the number (not the number).
        waba_id: Meta's id of the WhatsApp Business Account; templates are approved per account.
        api_version: Graph API version, such as `v25.0`.
        country_codes: The prefixes it serves, each with `+`.
        is_default: Whether it serves numbers without a matching prefix.
        platform_id: The shop's `social_platform` id, by which conversations are pinned to a sender.
        languages: Template languages of its account, always with `en`.
        messages_per_second: Meta's limit for this number (throughput); 80 unless Meta has raised it.
        app_id: The id of Meta's app; needed to upload example pictures.
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
    """Accept a number for an id or prefix: JSON written by hand may have one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _country_code(value: Any) -> Any:
    text = _number_as_text(value)
    return f"+{text}" if isinstance(text, str) and not text.startswith("+") else text


def _language(value: Any) -> str:
    code = normalise_language(value) if isinstance(value, str) else None
    if code is None:
        raise ValueError("not a language code")
    return code


# An id becomes part of a request's path, so it is checked.
MetaId = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[A-Za-z0-9_-]+$")]
CountryCode = Annotated[str, BeforeValidator(_country_code), Field(pattern=r"^\+[1-9][0-9]{0,6}$")]
Language = Annotated[str, BeforeValidator(_language)]


def _visible(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("nothing to see")
    return value


Id = Annotated[str, Field(max_length=200), AfterValidator(_visible)]


def _check_length(secret: str) -> str:
    if secret and len(secret.strip()) < _MIN_SECRET_LENGTH:
        raise ValueError("whoever guesses it could sign webhooks")
    return secret


_MIN_SECRET_LENGTH = 12
"""Characters; Meta's secrets have 32. An empty secret means "not set"."""
AppSecret = Annotated[str, AfterValidator(_check_length)]


class _SenderExtra(BaseModel):
    """The extra of a sender's connection (docs/design.md, "Names others rely on"); error messages use descriptions."""

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
    # Only the receiver reads these; they are listed because unknown keys are refused.
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
    conn_id: str = "",
) -> Sender:
    """Build a sender from its connection.

    Args:
        label: The sender's name in logs.
        host: The connection's host with its scheme.
        password_present: Whether the connection has a password (the access token).
        extra: The connection's extra, decoded.
        plain_hosts: Hosts of a test system, to which the token may be sent without TLS.
        conn_id: The connection; by default `whatsapp_<label>`.

    Raises:
        SettingsError: A sentence with the connection and the key, without values.
    """
    conn_id = conn_id or f"{SENDER_CONN_PREFIX}{label}"
    if not host or not is_base_url(host, plain_hosts):
        raise SettingsError(
            f"{conn_id}: the host must be the Graph API's https URL with nothing but a path behind it (http is for this"
            f" machine alone, and for test systems whose hosts {TEST_HOSTS} lists in the environment), such as"
            " https://graph.facebook.com."
        )
    if not password_present:
        raise SettingsError(f"{conn_id}: the password is missing; set it to the sender's access token.")
    parsed = _parse_extra(conn_id, {key: value for key, value in extra.items() if key not in AIRFLOW_HTTP_EXTRAS})
    languages = parsed.languages or (("en", "hi") if "+91" in parsed.country_codes else ("en",))
    if LAST_RESORT not in languages:
        raise SettingsError(
            f'{conn_id}: extra "languages" must contain "en", which stands in for every other language.'
        )
    return Sender(
        label=label,
        platform_label=parsed.label or label,
        conn_id=conn_id,
        host=host.rstrip("/"),
        phone_number_id=parsed.phone_number_id,
        waba_id=parsed.waba_id,
        api_version=parsed.api_version,
        country_codes=parsed.country_codes,
        is_default=parsed.is_default,
        platform_id=parsed.platform_id,
        languages=languages,
        messages_per_second=parsed.messages_per_second,
        app_id=parsed.app_id,
    )


@dataclass(frozen=True)
class ReceivingNumber:
    """A sender as the receiver of webhooks needs it: with its app secrets, without its access token.

    Attributes:
        label: The connection is `whatsapp_<label>`.
        phone_number_id: Meta's id of the number.
        waba_id: Meta's id of its account.
        app_secrets: The secrets of Meta's app; two during a rotation.
        verify_token: The verify token that is entered in Meta's app.
    """

    label: str
    phone_number_id: str
    waba_id: str
    app_secrets: tuple[str, ...] = field(repr=False)
    verify_token: str | None = field(repr=False)


def receiving_number(label: str, extra: Mapping[str, Any]) -> ReceivingNumber:
    """Build a `ReceivingNumber` from a sender's connection.

    Raises:
        SettingsError: A sentence with the connection and the key, without values.
    """
    conn_id = f"{SENDER_CONN_PREFIX}{label}"
    parsed = _parse_extra(conn_id, {key: value for key, value in extra.items() if key not in AIRFLOW_HTTP_EXTRAS})
    secrets = (parsed.app_secret, parsed.app_secret_next)
    return ReceivingNumber(
        label=label,
        phone_number_id=parsed.phone_number_id,
        waba_id=parsed.waba_id,
        app_secrets=tuple(secret for secret in secrets if secret),
        verify_token=parsed.webhook_verify_token or None,
    )


def _parse_extra(conn_id: str, extra: dict[str, Any]) -> _SenderExtra:
    try:
        return _SenderExtra.model_validate(extra)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
    # Outside the handler, so that pydantic's error, which quotes values such as secrets, is not chained.
    key = str(problem["loc"][0])
    if problem["type"] == "missing":
        said = f"is missing; set it to {_SenderExtra.model_fields[key].description}."
    elif key not in _SenderExtra.model_fields:
        said = f"is not known; the known keys are {', '.join(_SenderExtra.model_fields)}."
    else:
        said = f"must be {_SenderExtra.model_fields[key].description}."
    raise SettingsError(f'{conn_id}: extra "{key}" {said}')
