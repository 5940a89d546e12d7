"""Every setting of the package, validated, in one place.

Operations change the Airflow Variable `partner_messages` (JSON) without a deploy; the params of a DAG run win over it
for that run. A key that is not here, or a value that cannot be, is an error that names the key: a typing mistake must
never turn into a default that sends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from partner_messages.config.problems import first_problem
from partner_messages.config.schedule import TICK_TIME
from partner_messages.config.setting_groups import (
    NotifierSpec,
    PartnerException,
    Pictures,
    Prices,
    RunException,
    Strict,
    Tables,
    Thresholds,
    TimeWindow,
)
from partner_messages.config.value_kinds import (
    E164,
    ById,
    Cadence,
    ClockTime,
    Day,
    EachOnce,
    HolidayCode,
    Hours,
    Label,
    Language,
    Seconds,
    StopWord,
)
from partner_messages.config.work_signs import WorkSign
from whatsapp_provider.api.senders import SENDER_CONN_PREFIX as SENDER_CONN_PREFIX
from whatsapp_provider.ends import SettingsError as SettingsError

VARIABLE = "partner_messages"
LOG_POSITION_VARIABLE = "partner_messages_log_position"
"""Where the message log stood when a run last looked; set by the package, not by people."""
SHOP_CONN_ID = "production_db"
SHOP_INBOX_CONN_ID = "shop_inbox_db"
MESSAGE_LOG_CONN_ID = "message_log_db"
PORTAL_CONN_ID = "partner_portal"
AIRFLOW_CONN_ID = "airflow_api"

Delivery = Literal["live", "dry_run", "redirect"]


class Settings(Strict):
    """The Variable `partner_messages`; each field's description is its line in docs/settings.md."""

    delivery: Literal["live", "dry_run"] = Field(
        "dry_run", description="What `auto` means: `dry_run` until operations set `live`."
    )
    halt: bool = Field(
        False,
        description="Stops all sending; read again before every claim. `message_log_upkeep` can halt it by hand, too.",
    )
    allow_any_time: bool = Field(
        False,
        description="Test systems only: a live run may be for another day, and outside all windows.",
    )
    senders: Annotated[tuple[Label, ...], EachOnce] = Field(
        (), examples=[["in"]], description="Labels of the senders; each is the connection `whatsapp_<label>`."
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds,
        examples=[{"idle": 72}],
        description="Hours after which a run counts as stuck, per reminder kind.",
    )
    idle_signal: Literal["work", "started_at"] = Field(
        "work",
        description="Since when a started run is idle. `work`: the last sign of work on it (`idle_signals`), or its"
        " start; `started_at`: its start alone (the seed's rule), as is `work` with no `idle_signals` at all.",
    )
    idle_signals: tuple[Annotated[WorkSign, Field(strict=False)], ...] = Field(
        tuple(WorkSign),
        examples=[["consumption_log", "media_attached"]],
        description="What counts as work on a started run, where the shop has the table: `consumption_log`: the partner"
        " logged cloth, energy, hours or whatever else went into it; `media_attached`: a photo of it was attached;"
        " `goods_transfer_shipped`, `goods_transfer_recorded`: goods were sent off or handed over; `produced_quantity`:"
        " the daily ticks saw it change; `partner_activity`: an entry of the partner's in `production_run_activity`."
        " What the shop's own people and its reminders enter there is no work.",
    )
    partners: Annotated[dict[str, PartnerException], ById] = Field(
        {},
        examples=[{"01J...": {"never": True}}],
        description="What is different for some partners, by id: `thresholds` (those that differ), `paused_until` (the"
        " first day on which they are written to again), `language` (before any other rule), `never` (`true`: they are"
        " not written to at all), `holidays` (of their own: on these days they are not written to, though others are),"
        ' such as `{"01J...": {"thresholds": {"idle": 120}, "paused_until": "2026-11-16"}}`.',
    )
    runs: Annotated[dict[str, RunException], ById] = Field(
        {},
        examples=[{"prod_run_01J...": {"never": True}}],
        description="Runs that are left alone, by id: nobody is written to of one before the day `paused_until`, or"
        " `never` (`true`), and `why` says for what reason, such as"
        ' `{"prod_run_01J...": {"paused_until": "2026-11-16", "why": "its loom is being repaired"}}`.',
    )
    cadence: Cadence = Field(
        "daily",
        description="`daily`, or on which sending days of a stall its partner is reminded: `[1, 3, 7]` is on the first"
        " day past the threshold, the third and the seventh, then every 7 sending days;"
        ' `{"days": [1, 3, 7], "then": "weekly"}` is on these days, then each week on the weekday of the last of them'
        " (or the next sending day). A run that is stuck elsewhere, or has gone to another partner, starts again.",
    )
    digest: bool = Field(
        False,
        description="One message to a partner with two or more due runs: it counts the runs and opens the oldest one;"
        " each of them counts as reminded.",
    )
    holidays: tuple[HolidayCode, ...] = Field(
        (),
        examples=[["IN", "IN-RJ"]],
        description="Whose holidays are no sending days, such as `IN` or `IN-RJ` (the codes of the package"
        " `holidays`): its public holidays, and those of government offices, among which many states have their own. A"
        " tick on such a day is skipped. Holidays of one partner alone stand in `partners`.",
    )
    holidays_added: tuple[Day, ...] = Field(
        (), examples=[["2026-11-09"]], description='Further days without a tick, such as `"2026-11-09"`.'
    )
    holidays_removed: tuple[Day, ...] = Field(
        (),
        examples=[["2026-11-09"]],
        description="Holidays, also of single partners, on which there is a tick all the same.",
    )
    send_window: TimeWindow = Field(
        default_factory=lambda: TimeWindow(start=dt.time(9), end=dt.time(19)),
        examples=[["09:00", "19:00"]],
        description="When messages may leave, in India's time.",
    )
    partner_send_window: TimeWindow = Field(
        default_factory=lambda: TimeWindow(start=dt.time(8), end=dt.time(20)),
        examples=[["09:00", "19:00"]],
        description="When reminders may leave, in the time of the recipient's own region (in all of them where the"
        " number may be in several); outside it they wait, until `send_window` is over at the latest.",
    )
    event_window: TimeWindow = Field(
        default_factory=lambda: TimeWindow(start=dt.time(7), end=dt.time(22)),
        examples=[["07:00", "22:00"]],
        description="When lifecycle messages may leave, in the time of the recipient's own region; outside it they"
        " wait.",
    )
    event_max_age: Hours = Field(6, description="Hours after which an event is too old to be told (`stale_event`).")
    tick_grace: Annotated[float, Field(gt=0, le=24 * 60)] = Field(
        30, description="Minutes after 10:00 within which a scheduled tick may still start; later it is stale."
    )
    approve_first: bool = Field(
        False,
        description="A live scheduled tick plans, then waits until somebody has seen its messages on the page *Before"
        " the tick* and approves them, until `approve_until` at the longest. Runs by hand do not wait.",
    )
    approve_until: ClockTime = Field(
        dt.time(12), description="Until when it waits, in India's time; within `send_window`, and after the tick."
    )
    approve_else: Literal["send", "skip"] = Field(
        "skip",
        description="What becomes of it then, if nobody has approved it: it is sent all the same, or its messages are"
        " skipped (`not_approved`).",
    )
    max_messages_per_run: Annotated[int, Field(ge=1, le=100_000)] = Field(
        500, description="Messages a run may send; the rest are skipped `over_limit`."
    )
    test_phones: Annotated[tuple[E164, ...], EachOnce] = Field(
        (),
        examples=[["+919812345678"]],
        description="Phones (E.164) to which the pages *Before the tick* and *Templates* may send a preview"
        " ([pages.md](pages.md#a-preview)); none where it is empty.",
    )
    redirect_limit: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="Messages a `redirect` run may send to the one test phone."
    )
    confirm_above: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="A live run that would send more than this needs `confirmed`; unset: three times the median of the"
        " last ten ticks (of each day's live runs the largest), at least 50.",
    )
    task_each_up_to: Annotated[int, Field(ge=0, le=1000)] = Field(
        50,
        description="Up to this many messages, each message is sent by a mapped task of its own; above it, they are"
        " sent in chunks.",
    )
    chunk_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        10_000,
        description="Messages in one chunk, at most. Otherwise a sender has one chunk for each 500 messages a second"
        " of its rate; chunks that run at once share that rate.",
    )
    stop_after: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        description="Failures in a row after which a sender's other messages stay queued; those that concern one"
        " recipient do not count.",
    )
    template_family: Literal["v1", "v2", "v3"] = Field(
        "v1",
        description="`v1`: the seed's texts; `v2`: with the design's picture and a button that opens the run, and"
        " `v1` where there is no picture; `v3`: `v2` with two buttons more, by which a partner asks for help or to be"
        " reminded later.",
    )
    stop_words: Annotated[tuple[StopWord, ...], Field(max_length=100)] = Field(
        (),
        examples=[["bas", "थांबा"]],
        description="Further words that opt a partner out where they are the whole message, beside STOP and its"
        " like in English and Hindi ([answers.md](answers.md#words)).",
    )
    pause_on_answer: bool = Field(
        True,
        description="While nobody has read what a partner has answered, or the help they have asked for, they are not"
        " reminded of that run, for 5 sending days at most.",
    )
    lifecycle_after_opt_out: bool = Field(
        False,
        description="Partners who have opted out still get lifecycle messages (assigned, cancelled, completed); no"
        " reminders.",
    )
    allow_marketing: bool = Field(
        False, description="Send templates all the same that Meta bills as MARKETING instead of UTILITY."
    )
    language: Language | None = Field(
        None, description="One language for everybody, before any other rule but a partner's own (`partners`)."
    )
    fallback_language: Language = Field(
        "hi",
        description="The last resort of the language rule, asked only where there is no phone number to judge by (the"
        " seed's WHATSAPP_TEMPLATE_LANG). Without a number nothing is sent, so no message that is sent has its language"
        " from here.",
    )
    connect_timeout: Seconds = Field(5, description="Seconds to wait for a connection to Meta.")
    read_timeout: Seconds = Field(
        30, description="Seconds to wait for Meta's whole answer; after it a message is `unknown`."
    )
    pictures: Pictures = Field(
        default_factory=Pictures,
        description="The designs' pictures: hosts in `allowed_hosts` may have private addresses; `fallback_url` stands"
        " in where no picture can be used; `rewrite` is the URL of an image-resizing CDN, such as"
        ' `"https://cdn.example/resize?width=1000&format=jpeg&url={url}"`; `deadline` is the seconds that one download'
        " may take.",
    )
    mirror_to_shop: bool = Field(
        False,
        description="Write each live message into the shop's own inbox too, over the connection `shop_inbox_db`.",
    )
    tables: Tables = Field(default_factory=Tables, description="The shop's table names.")
    max_reminders: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None,
        description="How often a run's partner is reminded of one stall; when the next reminder would be due, a person"
        " is called instead (`escalated`). Unset: no end.",
    )
    escalate_after: Annotated[int, Field(ge=1, le=365)] | None = Field(
        7,
        description="A run that was reminded on so many sending days in a row needs a person; `null`: never for that.",
    )
    control_share: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0,
        examples=[0.1],
        description="To see what reminders do ([pages.md](pages.md#does-it-work)): this share of the partners, drawn"
        " each fortnight anew, gets no reminder of a run's first stall (`control_group`), for a fortnight at most. At"
        " most 0.1; 0: nobody.",
    )
    prices: Prices | None = Field(
        None,
        examples=[{"currency": "INR", "utility": {"default": 0.115}}],
        description="What Meta bills for one message, for the pages alone: the currency, and by category (`utility`,"
        " `marketing`, `authentication`) the price for each country, with `default` for all others, such as"
        ' `{"currency": "INR", "utility": {"default": 0.115, "IT": 2.5}}`. What is not listed is shown as not known.',
    )
    status_source: Literal["webhook", "shop", "meta"] = Field(
        "webhook",
        description="Where `message_log_upkeep` looks up how far messages have come, beside what a receiver of"
        " webhooks stores: `webhook`: nowhere; `shop`: in the shop's inbox, for an installation without a public"
        " address; `meta`: at Meta's history endpoints, which were never tried against Meta itself.",
    )
    blank_days: Annotated[int, Field(ge=7, le=3650)] = Field(
        90,
        description="Days after which `message_log_upkeep` takes numbers, names, texts and Meta's ids and words out of"
        " a row of the message log.",
    )
    retain_days: Annotated[int, Field(ge=30, le=3650)] = Field(
        400,
        description="Days after which it deletes rows, and with them what is known of an event's id that was told, of"
        " the days of reminders that cadence and escalation count, and of a number. Skips and rehearsals go after 30"
        " days.",
    )
    on_escalation: NotifierSpec | None = Field(
        None,
        examples=[{"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "args": {"to": "..."}}],
        description="Airflow notifier told of the runs that need a person, as one list, and again after 7 days:"
        ' `{"class": "...", "args": {...}}`; `{{ escalations_text }}` in its arguments is the list. Only'
        " [some classes](#notifiers) may be named.",
    )
    on_summary: NotifierSpec | None = Field(
        None,
        examples=[{"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "args": {"to": "..."}}],
        description="Airflow notifier told once of each live tick what was sent, what was not and why, and what needs a"
        " person ([the daily message](#the-daily-message)); of the same classes.",
    )
    on_summary_of_rehearsals: bool = Field(
        False, description="Whether `on_summary` is told of dry runs and redirects, too."
    )
    on_failure: NotifierSpec | None = Field(
        None,
        examples=[{"class": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "args": {"to": "..."}}],
        description='Airflow notifier told of a failed run: `{"class": "...", "args": {...}}`, of the same classes.',
    )

    @model_validator(mode="after")
    def _a_day_is_a_holiday_or_is_not(self) -> Settings:
        if both := sorted(set(self.holidays_added) & set(self.holidays_removed)):
            raise ValueError(f"holidays_added and holidays_removed both name {both[0]}; take it out of one of them")
        return self

    @model_validator(mode="after")
    def _approved_while_it_can_be_sent(self) -> Settings:
        if self.approve_first and not TICK_TIME < self.approve_until < self.send_window.end:
            raise ValueError(
                f"approve_until must come after the tick ({TICK_TIME:%H:%M}) and before send_window ends"
                f" ({self.send_window.end:%H:%M})"
            )
        return self

    @model_validator(mode="after")
    def _blanked_before_it_is_deleted(self) -> Settings:
        if self.blank_days > self.retain_days:
            raise ValueError("blank_days is more than retain_days, after which nothing is left to be blanked")
        return self

    @model_validator(mode="after")
    def _idle_by_work_or_by_start(self) -> Settings:
        if {"idle_signal", "idle_signals"} <= self.model_fields_set:
            if self.idle_signal == "started_at" and self.idle_signals:
                raise ValueError('idle_signal is "started_at", but idle_signals names work that counts; take one out')
            if self.idle_signal == "work" and not self.idle_signals:
                raise ValueError('idle_signal is "work", but idle_signals names none; take one out')
        return self

    @property
    def work_signs(self) -> frozenset[WorkSign]:
        """What counts as work on a started run; nothing where its start alone does."""
        return frozenset(self.idle_signals) if self.idle_signal == "work" else frozenset()

    def thresholds_of(self, partner_id: str) -> Thresholds:
        """The thresholds that hold for one partner."""
        return self._own_thresholds.get(partner_id, self.thresholds)

    @cached_property
    def _own_thresholds(self) -> Mapping[str, Thresholds]:
        return {
            id_: self.thresholds.model_copy(update=partner.thresholds.model_dump(exclude_none=True))
            for id_, partner in self.partners.items()
        }

    def shortest_threshold(self, kind: str) -> float:
        """The fewest hours after which any partner's run counts as stuck in a kind."""
        return min(one.hours(kind) for one in (self.thresholds, *self._own_thresholds.values()))

    def paused_on(self, day: dt.date) -> frozenset[str]:
        """The partners who are not to be written to on a day."""
        return frozenset(id_ for id_, partner in self.partners.items() if partner.is_paused(day))

    def runs_paused_on(self, day: dt.date) -> frozenset[str]:
        """The runs of which nobody is to be written to on a day."""
        return frozenset(id_ for id_, run in self.runs.items() if run.is_paused(day))

    def is_left_alone(self, production_run_id: str, partner_id: str) -> bool:
        """Whether the partner is never to be written to of a run."""
        exceptions = (self.partners.get(partner_id), self.runs.get(production_run_id))
        return any(one is not None and one.never for one in exceptions)

    @property
    def own_languages(self) -> Mapping[str, str]:
        """The languages of the partners that have one of their own."""
        return {id_: partner.language for id_, partner in self.partners.items() if partner.language}

    @property
    def lease(self) -> dt.timedelta:
        """How long a claim lasts (its lease): the HTTP time-outs plus a minute (docs/design.md, statuses)."""
        return dt.timedelta(seconds=self.connect_timeout + self.read_timeout + 60)


def parse_settings(raw: Any) -> Settings:
    """Validate the Variable's value.

    Args:
        raw: The decoded JSON, or None when the Variable does not exist (all defaults).

    Raises:
        SettingsError: Naming the first key that is unknown or wrong.
    """
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise SettingsError(f"Variable {VARIABLE} must be a JSON object, not {type(raw).__name__}.")
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(f"Variable {VARIABLE}: {first_problem(error, Settings)}") from None
