"""One partner's month under different settings, drawn as calendars from what planning decides day by day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import parse_settings
from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.escalations import TOLD_AGAIN_AFTER
from partner_messages.ops.judgement import days_in_a_row
from partner_messages.planning.reminders.policy import Policy
from support.examples import drafting_setup, log_knowledge, stuck_run, tick
from support.planned import plan_reminders

FIRST = dt.date(2026, 11, 2)
WEEKS = 4
ONE_RUN = (dt.datetime(2026, 10, 30, 12, tzinfo=SCHEDULE_TIMEZONE),)
"""When it was sent to its partner, who never answers: a Friday at noon."""
FIVE_RUNS = tuple(ONE_RUN[0] + dt.timedelta(days=days) for days in (0, 0, 3, 5, 11))

WEEKEND, WAITS, HOLIDAY, PAUSED, PERSON = " ", ".", "h", "p", "!"
LEGEND = (
    "`R`: a reminder leaves (`2R`: two of them); `.`: nothing leaves; `h`: a holiday; `p`: the partner is paused; `!`:"
    " a person is called (and again after 7 days, while it is still so)."
)
MARKS = {SkipReason.NOT_DUE: WAITS, SkipReason.PAUSED: PAUSED, SkipReason.ESCALATED: PERSON}


@dataclass(frozen=True)
class Month:
    """What a partner gets under some settings.

    Attributes:
        says: What the settings mean, for who reads no JSON.
        settings: As they stand in the Variable.
        runs: When the partner's runs were sent to them; they answer none of them.
    """

    says: str
    settings: dict[str, Any] = field(default_factory=dict)
    runs: Sequence[dt.datetime] = ONE_RUN


MONTHS = (
    Month("Every weekday; after seven in a row a person is called, too"),
    Month("On the first, the third and the seventh day, then every seventh", {"cadence": [1, 3, 7]}),
    Month("The same, and not on Rajasthan's holidays", {"cadence": [1, 3, 7], "holidays": ["IN-RJ"]}),
    Month(
        "On the first, the third and the seventh day, then each week on the weekday of the third",
        {"cadence": {"days": [1, 3, 7], "then": "weekly"}},
    ),
    Month("Three times at most; then a person is called instead", {"cadence": [1, 3, 7], "max_reminders": 3}),
    Month(
        "This partner has five days to answer instead of one",
        {"cadence": [1, 3, 7], "partners": {"P1": {"thresholds": {"assignment_pending": 120}}}},
    ),
    Month(
        "This partner is away until Monday the 16th",
        {"cadence": [1, 3, 7], "partners": {"P1": {"paused_until": "2026-11-16"}}},
    ),
    Month(
        "A partner with five runs, two of 30 October and one each of 2, 4 and 10 November; a message for each run",
        {"cadence": [1, 3, 7]},
        FIVE_RUNS,
    ),
    Month("The same five runs, one message for all that are due", {"cadence": [1, 3, 7], "digest": True}, FIVE_RUNS),
)


def marks_of(month: Month) -> dict[dt.date, str]:
    """What the partner gets on each day, as a short mark."""
    return dict(_days(Policy.of(parse_settings(month.settings)), month.runs))


def _days(policy: Policy, clocks: Sequence[dt.datetime]) -> Iterator[tuple[dt.date, str]]:
    """Go through the days; what is sent on one counts on the next."""
    runs = [stuck_run(f"R{number}", since=since) for number, since in enumerate(clocks, start=1)]
    reminded: dict[str, tuple[dt.date, ...]] = {}
    told: dt.date | None = None
    for number in range(7 * WEEKS):
        day = FIRST + dt.timedelta(days=number)
        if not policy.calendar.is_sending_day(day):
            yield day, HOLIDAY if policy.calendar.holiday(day) else WEEKEND
            continue
        messages, marks = _planned(policy, runs, day, reminded)
        reminded |= {run: (*reminded.get(run, ()), day) for message in messages for run in message}
        needs_a_person = PERSON in marks or any(_is_ignored(days, policy) for days in reminded.values())
        tells = needs_a_person and (told is None or day - told >= TOLD_AGAIN_AFTER)
        told = day if tells else told
        many = str(len(messages)) if len(messages) > 1 else ""
        sent = f"{many}R" if messages else PAUSED if PAUSED in marks else ""
        yield day, sent + (PERSON if tells else "") or WAITS


def _is_ignored(days: Sequence[dt.date], policy: Policy) -> bool:
    after = policy.settings.escalate_after
    return after is not None and days_in_a_row(days, policy.calendar) >= after


def _planned(
    policy: Policy, runs: Sequence[StuckRun], day: dt.date, reminded: dict[str, tuple[dt.date, ...]]
) -> tuple[list[tuple[str, ...]], set[str]]:
    """The runs of each message that leaves on a day, and the marks of what does not."""
    now = dt.datetime.combine(day, dt.time(10), SCHEDULE_TIMEZONE)
    drafts = plan_reminders(
        replace(tick(), day=day, now=now),
        policy.overdue(runs, now=now),
        log=log_knowledge(days_reminded=reminded),
        setup=drafting_setup(paused=policy.settings.paused_on(day), digest=policy.settings.digest),
        policy=policy,
    )
    messages = [draft.production_run_ids for draft in drafts if draft.skip_reason is None]
    return messages, {MARKS[draft.skip_reason] for draft in drafts if draft.skip_reason}


def calendar_of(month: Month) -> str:
    """The month as a block of text, a line a week."""
    marks = marks_of(month)
    lines = ["   Mon    Tue    Wed    Thu    Fri    Sat    Sun"]
    for week in range(WEEKS):
        days = [FIRST + dt.timedelta(weeks=week, days=number) for number in range(7)]
        lines.append("  " + "  ".join(f"{day.day:>2} {marks[day]:<2}" for day in days))
    return "\n".join(line.rstrip() for line in lines)


def calendars() -> str:
    """Every month with what it is about, as docs/calendars.md has them."""
    return "\n\n".join(
        f"**{month.says}** ({_written(month.settings)})\n\n```\n{calendar_of(month)}\n```" for month in MONTHS
    )


def _written(settings: dict[str, Any]) -> str:
    return f"`{json.dumps(settings)[1:-1]}`" if settings else "the default"
