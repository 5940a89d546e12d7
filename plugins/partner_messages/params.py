"""The params of a DAG run: what an operator may choose for this run alone (they win over the settings)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from partner_messages.plain_text import checked_text
from partner_messages.recipients.phone import to_e164
from partner_messages.runs.kinds import ReminderKind
from partner_messages.runs.scope import Scope
from partner_messages.settings import Id, SettingsError, first_problem
from partner_messages.tick import AskedDelivery

# An empty id must never become a filter: in the system this one replaces, it matched an unrelated partner.
Ids = tuple[Id, ...]
Flag = Annotated[bool, Field(strict=True)]


Act = TypeVar("Act", bound=BaseModel)


class DeliveryParams(BaseModel):
    """What every DAG that sends may be asked: how, and to whom instead."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    delivery: AskedDelivery = "auto"
    redirect_to: str | None = None

    @model_validator(mode="after")
    def _redirect_has_a_phone(self) -> Self:
        if self.delivery == "redirect" and (
            self.redirect_to is None or to_e164(self.redirect_to, None) != self.redirect_to
        ):
            raise ValueError(
                'redirect_to must be a phone in E.164 form, such as "+919812345678", when delivery is redirect'
            )
        return self


class RunParams(DeliveryParams):
    """The params of `production_run_reminders`, validated again where they are used (a run's conf can be anything)."""

    kinds: tuple[ReminderKind, ...] = tuple(ReminderKind)
    partner_ids: Ids = ()
    production_run_ids: Ids = ()
    limit: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    ignore_send_window: Flag = False
    confirmed: Flag = False

    @property
    def scope(self) -> Scope:
        """Which runs this DAG run looks at."""
        return Scope(self.partner_ids or None, self.production_run_ids or None)


class ClosingParams(BaseModel):
    """The params of `message_log_upkeep` with which an escalation is closed by hand."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    production_run_id: Id
    closed_by: Id
    closed_why: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(checked_text)]


class TrustParams(BaseModel):
    """The params of `message_log_upkeep` with which somebody lets sending go on from a log that has changed."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    trusted_by: Annotated[str, Field(min_length=1, max_length=200)]
    trusted_why: Annotated[str, Field(min_length=1, max_length=2000)]


def parse_closing(raw: Mapping[str, Any]) -> ClosingParams | None:
    """Validate what is to be closed by hand; None where nothing is.

    Raises:
        SettingsError: Naming the param that is missing or wrong.
    """
    return _parse_act(ClosingParams, raw, "to close an escalation, say production_run_id, closed_by and closed_why")


def parse_trust(raw: Mapping[str, Any]) -> TrustParams | None:
    """Validate who lets sending go on, and why; None where nobody does.

    Raises:
        SettingsError: Naming the param that is missing or wrong.
    """
    return _parse_act(TrustParams, raw, "to let sending go on from the message log, say trusted_by and trusted_why")


def _parse_act(act: type[Act], raw: Mapping[str, Any], how: str) -> Act | None:
    given = {key: raw.get(key) for key in act.model_fields if not _is_blank(raw.get(key))}
    if not given:
        return None
    missing = [key for key in act.model_fields if key not in given]
    if missing:
        raise SettingsError(f"DAG run params: {missing[0]} is missing; {how}.")
    try:
        return act.model_validate(given)
    except ValidationError as error:
        raise SettingsError(f"DAG run params: {first_problem(error)}") from None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def parse_params(raw: Mapping[str, Any]) -> RunParams:
    """Validate a DAG run's params.

    Raises:
        SettingsError: Naming the param that is wrong.
    """
    given = {key: value for key, value in raw.items() if value is not None and value != ""}
    if given.get("kinds") == []:
        del given["kinds"]
    try:
        return RunParams.model_validate(given)
    except ValidationError as error:
        raise SettingsError(f"DAG run params: {first_problem(error)}") from None
