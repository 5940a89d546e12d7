"""Read Meta's description of an account's templates; fields may be missing and statuses unknown."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIELDS = (
    *("id", "name", "language", "status", "category", "previous_category", "components", "quality_score"),
    *("rejected_reason", "message_send_ttl_seconds", "parameter_format"),
)
"""The fields of a listing that `remote_template` reads."""

_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_NO_REASON = ("", "NONE")
NAMED = "made with named parameters, and only numbered ones are sent"
"""Why a template with named parameters cannot be sent; somebody has made it by hand at Meta."""


class Standing(enum.Enum):
    """Groups of Meta's statuses; only APPROVED can be sent."""

    APPROVED = enum.auto()
    UNDER_REVIEW = enum.auto()
    REJECTED = enum.auto()
    PAUSED = enum.auto()
    """Meta resumes it by itself, after 3 or 6 hours."""
    GONE = enum.auto()
    """Deleted, but still listed."""
    BLOCKED = enum.auto()
    """Disabled, archived, being deleted, over a limit, or an unknown status."""


FLAGGED = "FLAGGED"
"""It can be sent; Meta pauses it if more people block it."""

_STANDINGS = {
    "APPROVED": Standing.APPROVED,
    # Only in webhooks:
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
    """The group of a status (docs/reference/whatsapp-cloud-api.md, section 4.2); BLOCKED if it is unknown."""
    return _STANDINGS.get(status, Standing.BLOCKED)


@dataclass(frozen=True)
class RemoteTemplate:
    """A template in one language on an account, as Meta describes it; missing texts are empty.

    Attributes:
        id: Meta's id.
        name: The name, shared by its languages.
        language: Meta's code.
        status: Meta's status; see `standing`.
        category: The category in which Meta bills it; it may differ from the submitted one.
        quality: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
        reason: Why it was rejected.
        components: As submitted, but example pictures are URLs.
        ttl_seconds: The time to live of its messages; None is Meta's default.
        previous_category: The category before Meta changed it.
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
        """The group of its status."""
        return standing(self.status)

    @property
    def named(self) -> bool:
        """Whether its parameters have names; this cannot be edited, and a message must use the same names."""
        return self.parameter_format == "NAMED" or any(map(_has_names, self.components))

    @property
    def parameter_count(self) -> int | None:
        """The number of parameters of a message; None if Meta sent no components."""
        return parameter_count(self.components) if self.components else None


def remote_template(row: Mapping[str, Any]) -> RemoteTemplate:
    """Read one entry of the list `GET /{waba}/message_templates`."""
    quality, components = row.get("quality_score"), row.get("components")
    reason, seconds = text_of(row, "rejected_reason"), row.get("message_send_ttl_seconds")
    return RemoteTemplate(
        id=text_of(row, "id"),
        name=text_of(row, "name"),
        # Some of Meta's own examples have `en-US`.
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
    """The number of parameters of a message with these components."""
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
    """A value as text; empty if there is none."""
    value = row.get(key)
    return "" if value is None else str(value)
