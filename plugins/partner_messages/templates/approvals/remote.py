"""What Meta says of the templates on an account, read tolerantly: fields may be missing, statuses may be new."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIELDS = (
    "id",
    "name",
    "language",
    "status",
    "category",
    "previous_category",
    "components",
    "quality_score",
    "rejected_reason",
    "message_send_ttl_seconds",
    "parameter_format",
)
"""What to ask of a list for, so that `remote_template` knows everything."""

_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_NO_REASON = ("", "NONE")
NAMED = "made with named parameters, and only numbered ones are sent"
"""Why a template cannot be sent that somebody has made by hand at Meta."""


class Standing(enum.Enum):
    """What a status means for us; only APPROVED can be sent."""

    APPROVED = enum.auto()
    UNDER_REVIEW = enum.auto()
    REJECTED = enum.auto()
    PAUSED = enum.auto()
    """Meta resumes it by itself, after 3 hours or 6."""
    GONE = enum.auto()
    """It is listed, but no longer there."""
    BLOCKED = enum.auto()
    """Disabled, archived, being deleted, over a limit, or something that Meta has thought of since."""


FLAGGED = "FLAGGED"
"""It can be sent; Meta pauses it if people go on to block it."""

_STANDINGS = {
    "APPROVED": Standing.APPROVED,
    # What only webhooks say:
    "REINSTATED": Standing.APPROVED,
    "UNARCHIVED": Standing.APPROVED,
    FLAGGED: Standing.APPROVED,
    "PENDING": Standing.UNDER_REVIEW,
    "IN_APPEAL": Standing.UNDER_REVIEW,
    "REJECTED": Standing.REJECTED,
    "PAUSED": Standing.PAUSED,
    "DELETED": Standing.GONE,
}


def standing(status: str) -> Standing:
    """What a status means (docs/reference/whatsapp-cloud-api.md, section 4.2); one that is not known blocks."""
    return _STANDINGS.get(status, Standing.BLOCKED)


@dataclass(frozen=True)
class RemoteTemplate:
    """One template in one language, as one account has it. Texts are empty where Meta said nothing.

    Attributes:
        id: Meta's id of it.
        name: Shared by its languages.
        language: Meta's code.
        status: As Meta says it; see `standing`.
        category: What Meta bills it as, whatever was asked for.
        quality: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
        reason: Why it was rejected.
        components: As they were given, but that an example picture is a web address now.
        ttl_seconds: How long Meta tries to deliver it; None is Meta's default.
        previous_category: What it was before Meta changed its category.
        parameter_format: `POSITIONAL` or `NAMED`.
    """

    id: str
    name: str
    language: str
    status: str
    category: str = ""
    quality: str = ""
    reason: str = ""
    components: tuple[Mapping[str, Any], ...] = ()
    ttl_seconds: int | None = None
    previous_category: str = ""
    parameter_format: str = ""

    @property
    def standing(self) -> Standing:
        """What its status means."""
        return standing(self.status)

    @property
    def named(self) -> bool:
        """Whether its parameters have names: made so, it stays so, and a message must give the same names."""
        return self.parameter_format == "NAMED" or any(map(_has_names, self.components))

    @property
    def parameter_count(self) -> int | None:
        """How many parameters a message must give; None where Meta did not say what it consists of."""
        return parameter_count(self.components) if self.components else None


def remote_template(row: Mapping[str, Any]) -> RemoteTemplate:
    """Read one entry of the list `GET /{waba}/message_templates`."""
    quality, components = row.get("quality_score"), row.get("components")
    reason, seconds = text_of(row, "rejected_reason"), row.get("message_send_ttl_seconds")
    return RemoteTemplate(
        id=text_of(row, "id"),
        name=text_of(row, "name"),
        # Meta's own examples have `en-US` now and then.
        language=text_of(row, "language").replace("-", "_"),
        status=text_of(row, "status"),
        category=text_of(row, "category").upper(),
        quality=text_of(quality, "score") if isinstance(quality, Mapping) else text_of(row, "quality_score"),
        reason="" if reason in _NO_REASON else reason,
        components=tuple(one for one in components if isinstance(one, Mapping)) if isinstance(components, list) else (),
        ttl_seconds=seconds if isinstance(seconds, int) else None,
        previous_category=text_of(row, "previous_category").upper(),
        parameter_format=text_of(row, "parameter_format").upper(),
    )


def _has_names(component: Mapping[str, Any]) -> bool:
    return any(not name.strip().isdigit() for name in _VARIABLE.findall(text_of(component, "text")))


def parameter_count(components: Sequence[Mapping[str, Any]]) -> int:
    """How many parameters a message that uses these components must give."""
    return sum(_parameters(components))


def parameters_in_words(count: int) -> str:
    """Such as `1 parameter` or `4 parameters`."""
    return f"{count} parameter{'' if count == 1 else 's'}"


def _parameters(components: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    for component in components:
        match text_of(component, "type").upper():
            case "HEADER" if text_of(component, "format").upper() != "TEXT":
                yield 1
            case "HEADER" | "BODY":
                yield len(set(_VARIABLE.findall(text_of(component, "text"))))
            case "BUTTONS":
                yield sum(bool(_VARIABLE.search(text_of(button, "url"))) for button in buttons_of(component))


def buttons_of(component: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buttons of a BUTTONS component."""
    buttons = component.get("buttons")
    return [one for one in buttons if isinstance(one, Mapping)] if isinstance(buttons, list) else []


def text_of(row: Mapping[str, Any], key: str) -> str:
    """A value as text; empty where there is none."""
    value = row.get(key)
    return "" if value is None else str(value)
