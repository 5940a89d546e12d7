"""The templates of all accounts: creation, review, edits, deletion, and Meta's limits for each."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from sandbox.graph_api import template_rules as rules
from sandbox.graph_api.agenda import Agenda
from sandbox.graph_api.clock import Clock
from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.languages import LANGUAGES
from sandbox.graph_api.limits import Limits
from sandbox.graph_api.template_shape import Shape, shape_of

SAMPLE_TEMPLATES = Path(__file__).with_name("templates")
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
APPROVED_NAME_LOCK = 30 * DAY
OTHER_NAME_LOCK = MINUTE
EDIT_PAUSE = DAY
EDIT_WINDOW, EDITS_PER_WINDOW = 30 * DAY, 10
EDIT_LIMITS = ((EDIT_PAUSE, 1), (EDIT_WINDOW, EDITS_PER_WINDOW))


class TemplateStatus(StrEnum):
    """The statuses of a template."""

    APPROVED = "APPROVED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


STATUS_FIELD, CATEGORY_FIELD = "message_template_status_update", "template_category_update"
UNPAUSED = "UNPAUSED"
"""The event at the end of a pause; the status is then APPROVED."""
NOTICE_SECONDS = DAY
"""The time between the announcement and the change of a category."""
EDITABLE = {TemplateStatus.APPROVED, TemplateStatus.REJECTED, TemplateStatus.PAUSED}
NO_REASON = "NONE"


@dataclass(frozen=True)
class Verdict:
    """The result of a review.

    Attributes:
        status: APPROVED or REJECTED.
        reason: `rejected_reason`.
        explanation: One sentence for people; empty for an approval.
    """

    status: TemplateStatus = TemplateStatus.APPROVED
    reason: str = NO_REASON
    explanation: str = ""


@dataclass
class ReviewOrder:
    """An ordered result of the next reviews.

    Attributes:
        verdict: The result.
        category: The category that Meta gives the template; None for the submitted one.
        waba_id: Only on this account; None for any.
        name: Only this template; None for any.
        language: Only this language; None for any.
        times: The number of reviews that still end so.
    """

    verdict: Verdict
    category: str | None = None
    waba_id: str | None = None
    name: str | None = None
    language: str | None = None
    times: int = 1


@dataclass
class Template:
    """One template in one language on one account.

    Attributes:
        id: Meta's id; digits.
        waba_id: The account.
        name: Shared by its languages.
        language: Exact code.
        category: MARKETING or UTILITY.
        components: The checked components.
        parameter_format: NAMED or POSITIONAL.
        time_to_live: `message_send_ttl_seconds`; None for Meta's default.
        shape: The parts of the components, for sending.
        status: Its status.
        rejected_reason: NONE unless rejected.
        explanation: The result of the review, for people.
        previous_category: The category before Meta changed it.
        correct_category: The category that Meta has announced, if any.
        quality: GREEN, YELLOW, RED or UNKNOWN.
        edits: The times of edits while it was approved, in seconds since the epoch.
        review_due: When the present review ends; None if there is none.
        verdict: The result of that review.
    """

    id: str
    waba_id: str
    name: str
    language: str
    category: str
    components: tuple[dict[str, Any], ...]
    parameter_format: str
    time_to_live: int | None
    shape: Shape
    status: TemplateStatus = TemplateStatus.PENDING
    rejected_reason: str = NO_REASON
    explanation: str = ""
    previous_category: str | None = None
    correct_category: str | None = None
    quality: str = "UNKNOWN"
    edits: list[float] = field(default_factory=list)
    review_due: float | None = None
    verdict: Verdict = Verdict()

    def decide(self, verdict: Verdict) -> None:
        """Set status and reason; a running review ends with it."""
        self.review_due = None
        self.status = verdict.status
        self.rejected_reason = verdict.reason
        self.explanation = verdict.explanation

    def recategorise(self, category: str) -> None:
        """Change the category, as Meta does."""
        self.correct_category = None
        if category != self.category:
            self.previous_category, self.category = self.category, category


Tell = Callable[[Template, str, str, float], None]
"""Called for a change of a template: the changed template, the webhook field, the event (of a status) or the previous
value (of a category or a quality), and the time in seconds since the epoch."""


def _tell_nobody(*_: object) -> None:
    pass


class TemplateStore:
    """All templates; keys are (waba id, name, language).

    Args:
        limits: The limits.
        approval_delay: Seconds from a template's creation to the end of its review.
        agenda: The schedule for the end of reviews; by default none is run, and a review ends when its template is next
            read.
        tell: Called for each change.
    """

    def __init__(
        self, limits: Limits, approval_delay: float, agenda: Agenda | None = None, tell: Tell = _tell_nobody
    ) -> None:
        self._limits = limits
        self._approval_delay = approval_delay
        self._agenda = agenda or Agenda(Clock())
        self._tell = tell
        self._templates: dict[tuple[str, str, str], Template] = {}
        self._name_locks: dict[tuple[str, str, str], float] = {}
        self._ids = count(900_000_000_000_001)
        self.review_orders: list[ReviewOrder] = []

    def find(self, waba_id: str, name: str, language: str, now: float) -> Template | None:
        """The template with exactly this name and language on this account."""
        template = self._templates.get((waba_id, name, language))
        return self._settled(template, now) if template else None

    def by_id(self, template_id: str, now: float) -> Template | None:
        """The template with this id."""
        return next((template for template in self.all(now) if template.id == template_id), None)

    def all(self, now: float) -> Iterable[Template]:
        """Every template, oldest first."""
        return [self._settled(template, now) for template in self._templates.values()]

    def of_account(self, waba_id: str, now: float) -> list[Template]:
        """Every template of an account, oldest first."""
        return [template for template in self.all(now) if template.waba_id == waba_id]

    def add_sample(self, waba_id: str, languages: tuple[str, ...], now: float) -> None:
        """Add the sample templates in these languages to an account, approved."""
        for language, definition in _samples():
            if language in languages:
                template = self.create(waba_id, json.loads(definition), now, is_handle=lambda _: False)
                template.decide(template.verdict)

    def create(
        self, waba_id: str, definition: Mapping[str, Any], now: float, *, is_handle: Callable[[str], bool]
    ) -> Template:
        """Create a template and start its review.

        Args:
            waba_id: The account.
            definition: The request.
            now: Seconds since the epoch.
            is_handle: Whether a text is the handle of a picture that was uploaded to the account's app.

        Raises:
            GraphError: 100 with Meta's subcode of the broken rule.
        """
        name = rules.check_name(definition.get("name"))
        language = rules.check_language(definition.get("language"))
        category = rules.check_category(definition.get("category"))
        parameter_format = rules.check_parameter_format(definition.get("parameter_format", "POSITIONAL"))
        time_to_live = rules.check_time_to_live(definition.get("message_send_ttl_seconds"), category)
        named = parameter_format == "NAMED"
        components = rules.check_components(definition.get("components"), named=named, is_handle=is_handle)
        self._check_place(waba_id, name, language, category, now)
        template = Template(
            id=str(next(self._ids)),
            waba_id=waba_id,
            name=name,
            language=language,
            category=category,
            components=components,
            parameter_format=parameter_format,
            time_to_live=time_to_live,
            shape=shape_of(components, named=named),
        )
        self._templates[waba_id, name, language] = template
        self._review(template, now)
        return self._settled(template, now)

    def edit(
        self, template: Template, changes: Mapping[str, Any], now: float, *, is_handle: Callable[[str], bool]
    ) -> None:
        """Change category, components (all together) or time to live, and start a review.

        Raises:
            GraphError: 100 with Meta's subcode of the broken rule.
        """
        if template.status not in EDITABLE:
            raise rules.NOT_EDITABLE.broken(
                f"The status for this message template can't be changed: it is {template.status}."
            )
        approved = template.status is TemplateStatus.APPROVED
        category = rules.check_category(changes.get("category", template.category))
        if category != template.category:
            self._check_new_category(template, category, now)
        time_to_live = rules.check_time_to_live(
            changes.get("message_send_ttl_seconds", template.time_to_live), category
        )
        named = template.parameter_format == "NAMED"
        components = (
            rules.check_components(changes["components"], named=named, is_handle=is_handle)
            if "components" in changes
            else template.components
        )
        if approved:
            for window, most in EDIT_LIMITS:
                if sum(edit > now - window for edit in template.edits) >= most:
                    raise rules.NOT_EDITABLE.broken(
                        f"An approved template can be edited {most} time(s) in {window / DAY:.0f} day(s)."
                    )
            template.edits.append(now)
        template.category, template.time_to_live = category, time_to_live
        template.components, template.shape = components, shape_of(components, named=named)
        self._tell(template, "message_template_components_update", "", now)
        self._review(template, now)
        self._settled(template, now)

    def change(
        self, template: Template, verdict: Verdict | None, quality: str | None, now: float, event: str | None = None
    ) -> None:
        """Change a template's status or quality, as Meta does.

        Args:
            template: The template.
            verdict: The new status; None for no change.
            quality: GREEN, YELLOW, RED or UNKNOWN; None for no change.
            now: Seconds since the epoch.
            event: The webhook's event, if it differs from the status.
        """
        if verdict is not None:
            template.decide(verdict)
            self._tell(template, STATUS_FIELD, event or verdict.status, now)
        if quality is not None and quality != template.quality:
            before, template.quality = template.quality, quality
            self._tell(template, "message_template_quality_update", before, now)

    def unpause(self, template: Template, now: float) -> None:
        """End a pause."""
        self.change(template, Verdict(), None, now, UNPAUSED)

    def recategorise(self, waba_id: str, name: str, category: str, now: float) -> None:
        """Change the category of all languages of a name, as Meta does."""
        for template in self._named(waba_id, name, now):
            before = template.category
            template.recategorise(category)
            if category != before:
                self._tell(template, CATEGORY_FIELD, before, now)

    def announce_category(self, waba_id: str, name: str, category: str, now: float) -> None:
        """Announce another category for all languages of a name; a day later it is changed."""
        for template in self._named(waba_id, name, now):
            template.correct_category = category
            self._tell(template, CATEGORY_FIELD, template.category, now)

        def change(at: float) -> None:
            if any(template.correct_category == category for template in self._named(waba_id, name, at)):
                self.recategorise(waba_id, name, category, at)

        self._agenda.at(now + NOTICE_SECONDS, change)

    def _named(self, waba_id: str, name: str, now: float) -> list[Template]:
        return [template for template in self.of_account(waba_id, now) if template.name == name]

    def _settled(self, template: Template, now: float) -> Template:
        """The template, after ending its review if that is due."""
        if template.review_due is not None and now >= template.review_due:
            self.change(template, template.verdict, None, now)
        return template

    def delete(self, templates: Iterable[Template], now: float) -> None:
        """Delete these and lock their names: 30 days for an approved one, about a minute for another.

        Raises:
            GraphError: 100 where one of them is disabled; then none is deleted.
        """
        going = tuple(templates)
        if any(template.status is TemplateStatus.DISABLED for template in going):
            raise rules.NOT_DELETABLE.broken("Templates that are disabled can't be deleted.")
        for template in going:
            key = (template.waba_id, template.name, template.language)
            approved = template.status is TemplateStatus.APPROVED
            self._name_locks[key] = now + (APPROVED_NAME_LOCK if approved else OTHER_NAME_LOCK)
            del self._templates[key]
            # Sent messages of an approved template are still delivered, so it is not deleted yet.
            self._tell(template, STATUS_FIELD, "PENDING_DELETION" if approved else "DELETED", now)

    def _check_place(self, waba_id: str, name: str, language: str, category: str, now: float) -> None:
        """Check that the account has room for this name, language and category."""
        siblings = [template for template in self.of_account(waba_id, now) if template.name == name]
        if any(template.language == language for template in siblings):
            raise rules.ALREADY_EXISTS.broken(
                f"There is already {LANGUAGES[language]} content for this template. "
                "You can create a new template and try again."
            )
        if siblings and siblings[0].category != category:
            raise _category_differs(category, siblings[0].category)
        self._check_lock(waba_id, name, language, now, whole_name=not siblings)
        if len(self.of_account(waba_id, now)) >= self._limits.templates_per_account:
            raise rules.TOO_MANY_TEMPLATES.broken(
                "You have exceeded the maximum number of message templates you can have for this WhatsApp business "
                "account."
            )

    def _check_lock(self, waba_id: str, name: str, language: str, now: float, *, whole_name: bool) -> None:
        """Check that no deletion has locked the language or, if no language of the name is left, the whole name."""
        locks = [
            (until, locked == language, locked)
            for (account, locked_name, locked), until in self._name_locks.items()
            if (account, locked_name) == (waba_id, name) and until > now and (locked == language or whole_name)
        ]
        if not locks:
            return
        until, _, locked = max(locks)
        wait = "less than 1 minute" if until - now <= MINUTE else f"{math.ceil((until - now) / DAY)} days"
        raise rules.BEING_DELETED.broken(
            f"New {LANGUAGES[language]} content can't be added while the existing {LANGUAGES[locked]} content is "
            f"being deleted. Try again in {wait} or consider creating a new message template."
        )

    def _check_new_category(self, template: Template, category: str, now: float) -> None:
        """Check that an edit may change to this category."""
        if template.status is TemplateStatus.APPROVED:
            raise rules.CATEGORY_FIXED.broken("The category of an approved template can't be changed.")
        siblings = [other for other in self.of_account(template.waba_id, now) if other.name == template.name]
        if len(siblings) > 1:
            raise _category_differs(category, template.category)

    def _review(self, template: Template, now: float) -> None:
        """Start a review; its result is fixed at once, and applied after the approval delay."""
        template.status = TemplateStatus.PENDING
        template.review_due = now + self._approval_delay
        if self._approval_delay:
            self._agenda.at(template.review_due, lambda at: self._end_review(template, at))
        template.verdict = self._judge(template)
        order = self._order_for(template)
        if order is not None:
            template.verdict = order.verdict
            if order.category is not None:
                template.recategorise(order.category)

    def _end_review(self, template: Template, at: float) -> None:
        if self._templates.get((template.waba_id, template.name, template.language)) is template:
            self._settled(template, at)

    def _judge(self, template: Template) -> Verdict:
        problem = rules.rejection(template.shape.body) or self._copied_from(template)
        return Verdict(TemplateStatus.REJECTED, "INVALID_FORMAT", problem) if problem else Verdict()

    def _copied_from(self, template: Template) -> str | None:
        """Why Meta rejects a body and footer that another template of the account has already."""
        wording = (template.shape.body, template.shape.footer)
        for other in self._templates.values():
            same_wording = (other.shape.body, other.shape.footer) == wording
            if same_wording and other.waba_id == template.waba_id and other.name != template.name:
                return f"Body and footer are the same as those of {other.name}."
        return None

    def _order_for(self, template: Template) -> ReviewOrder | None:
        for order in self.review_orders:
            wanted = (
                (order.waba_id, template.waba_id),
                (order.name, template.name),
                (order.language, template.language),
            )
            if all(asked in (None, has) for asked, has in wanted):
                order.times -= 1
                if order.times <= 0:
                    self.review_orders.remove(order)
                return order
        return None


def _category_differs(asked: str, has: str) -> GraphError:
    return rules.CATEGORY_DIFFERS.broken(
        f"The category {asked} doesn't match the one that's already associated with this template, {has}."
    )


@functools.cache
def _samples() -> tuple[tuple[str, bytes], ...]:
    """The sample templates as they stand in their files, with their languages; read once, as a reset adds them anew."""
    files = (file.read_bytes() for file in sorted(SAMPLE_TEMPLATES.glob("*.json")))
    return tuple((json.loads(definition)["language"], definition) for definition in files)
