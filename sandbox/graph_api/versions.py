"""The versions of the Graph API and their expiry (Meta: docs/graph-api/changelog/versions, November 2026)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.graph_api.errors import GraphError


@dataclass(frozen=True)
class Version:
    """A version of the API.

    Attributes:
        name: The name in a path.
        expires: The first day on which it no longer answers; None if Meta has announced none.
    """

    name: str
    expires: date | None


VERSIONS = {
    version.name: version
    for version in (
        Version("v26.0", None),
        Version("v25.0", date(2028, 7, 29)),
        Version("v24.0", date(2028, 2, 18)),
        Version("v23.0", date(2027, 10, 8)),
        Version("v22.0", date(2027, 5, 20)),
        Version("v21.0", date(2027, 1, 21)),
        Version("v20.0", date(2026, 9, 24)),
    )
}
NEWEST = next(iter(VERSIONS))


def check_version(name: str, path: str, now: float) -> None:
    """Check that a version exists and has not expired at `now` (seconds since the epoch).

    Raises:
        GraphError: 2500 for an unknown version, 2635 for an expired one.
    """
    version = VERSIONS.get(name)
    if version is None:
        raise GraphError(2500, message=f"Unknown path components: /{path}")
    if version.expires is not None and datetime.fromtimestamp(now, UTC).date() >= version.expires:
        raise GraphError(
            2635,
            message="(#2635) You are calling a deprecated version of the Ads API. "
            f"Please update to the latest version: {NEWEST}.",
        )


def major(name: str) -> int:
    """The number before the dot: 25 for `v25.0`."""
    return int(name[1:].split(".")[0])
