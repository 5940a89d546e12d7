"""The params of a DAG run: what an operator may choose for this run alone (they win over the settings)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from partner_messages.config.plain_text import checked_text, shown
from partner_messages.config.problems import first_problem, nearest
from partner_messages.config.settings import SettingsError
from partner_messages.config.value_kinds import Day, Id
from partner_messages.deployment.choices import LEAVE
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.messages.tick import AskedDelivery
from partner_messages.recipients.phone import to_e164

# An empty id must never become a filter: in the system this one replaces, it matched an unrelated partner.
Ids = tuple[Id, ...]
Flag = Annotated[bool, Field(strict=True)]


class DeliveryParams(BaseModel):
    """The params that every DAG that sends has: how to deliver, and where to redirect to."""

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


# Who says something by hand, and why.
Who = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(checked_text)]
Why = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(checked_text)]


class ActParams(BaseModel):
    """The params of `message_log_upkeep` with which a person does something by hand: all of them, or none.

    Attributes:
        what: What is done with them.
        choice: The one of them, if any, that is chosen, and may ask for nothing (`LEAVE`).
    """

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)
    what: ClassVar[str]
    choice: ClassVar[str | None] = None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self | None:
        """Validate them; None where nothing is to be done.

        Raises:
            SettingsError: Naming the param that is missing or wrong, or that the DAG does not have: an act by hand that
                nobody understands must not pass for none.
        """
        check_names(raw, [name for act in ActParams.__subclasses__() for name in act.model_fields])
        asked = {key: raw.get(key) for key in cls.model_fields if not (key == cls.choice and raw.get(key) == LEAVE)}
        given = {key: value for key, value in asked.items() if not _is_blank(value)}
        if not given:
            return None
        missing = [key for key in cls.model_fields if key not in given]
        if missing:
            *first, last = cls.model_fields
            raise SettingsError(
                f"DAG run params: {missing[0]} is missing; to {cls.what}, say {', '.join(first)} and {last}."
            )
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError(f"DAG run params: {first_problem(error, cls)}") from None


class ClosingParams(ActParams):
    """With which an escalation is closed by hand."""

    what = "close an escalation"

    production_run_id: Id
    closed_by: Id
    closed_why: Why


class HaltParams(ActParams):
    """With which all sending is halted, or goes on."""

    what = "halt sending or let it go on"
    choice = "sending"

    sending: Literal["halt", "go_on"]
    sending_by: Who
    sending_why: Why


class PromiseParams(ActParams):
    """With which somebody enters what a partner has promised them."""

    what = "enter a promise"

    promised_run: Id
    promised_until: Day
    promised_by: Who
    promised_why: Why


class OptOutParams(ActParams):
    """With which somebody enters that a partner has opted out or has not, or decides what sounds like STOP."""

    what = "enter whether a partner has opted out"
    choice = "opt_out"

    opt_out_partner: Id
    opt_out: Literal["told_us", "undo", "was_stop", "was_no_stop"]
    opt_out_by: Who
    opt_out_why: Why


class LeaveAloneParams(ActParams):
    """With which a partner or a run is left alone until a day; until today ends it."""

    what = "leave a partner or a run alone"
    choice = "leave_alone"

    leave_alone: Literal["partner", "run"]
    leave_alone_id: Id
    leave_alone_until: Day
    leave_alone_by: Who
    leave_alone_why: Why


class HoldParams(ActParams):
    """With which a day's scheduled tick is held, or goes on."""

    what = "hold a day's tick or let it go on"
    choice = "hold"

    hold: Literal["hold", "go_on"]
    hold_day: Day
    hold_by: Who
    hold_why: Why


class PreviewParams(ActParams):
    """With which one preview is sent to a test phone."""

    what = "send a preview"
    choice = "preview_of"

    preview_of: Literal["run", "template"]
    preview_id: Id
    preview_phone: Annotated[str, Field(min_length=1, max_length=50)]
    preview_by: Who
    preview_why: Why


class TrustParams(ActParams):
    """With which somebody lets sending go on from a log that has changed."""

    what = "let sending go on from the message log"

    trusted_by: Who
    trusted_why: Why


class SettlingParams(ActParams):
    """With which it is said what became of a message that is unknown."""

    what = "settle a message"
    choice = "outcome"

    message_id: uuid.UUID
    outcome: Literal["arrived", "did_not_arrive"]
    settled_by: Who
    settled_why: Why


def check_names(raw: Mapping[str, Any], known: Collection[str]) -> None:
    """See that a DAG run names no param that its DAG lacks: a filter that is mistyped would be none.

    Args:
        raw: The run's params; Airflow lets whatever the run's conf names stand among them.
        known: The DAG's params.

    Raises:
        SettingsError: Naming the first one, and the one that was meant.
    """
    for name in raw:
        if name not in known:
            near = nearest(name, known)
            meant = f'the nearest one is "{near}"' if near else f"they are {', '.join(known)}"
            raise SettingsError(f'DAG run params: "{shown(name)}" is no param of this DAG; {meant}.')


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
        raise SettingsError(f"DAG run params: {first_problem(error, RunParams)}") from None
