"""Graph's way to cut a list into pages: opaque cursors, and whole addresses of the neighbouring pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from sandbox.graph_api.calls import token_of
from sandbox.graph_api.errors import invalid_parameter
from sandbox.graph_api.exchange import GraphRequest

DEFAULT_PAGE = 25
Item = TypeVar("Item")
Key = Callable[[Item], str]
"""An id by which the list is ordered, and which the cursor hides."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and whether there is more of it on either side."""

    items: Sequence[Item]
    has_previous: bool
    has_next: bool


def cut(request: GraphRequest, items: Sequence[Item], key: Key[Item], largest: int) -> Page[Item]:
    """The page that a request asks for by `limit`, `after` and `before`.

    Args:
        request: The request.
        items: The whole list, ordered by the key.
        key: The id of an item.
        largest: The most items on a page; more are not given.

    Raises:
        GraphError: 100 for what is no limit or no cursor.
    """
    query = request.query_parameters()
    limit = _limit(query.get("limit"), largest)
    if before := query.get("before"):
        end = next((index for index, item in enumerate(items) if key(item) >= _from_cursor(before)), len(items))
        start = max(0, end - limit)
    else:
        after = _from_cursor(query.get("after", ""))
        start = next((index for index, item in enumerate(items) if key(item) > after), len(items))
        end = start + limit
    return Page(items[start:end], has_previous=start > 0, has_next=end < len(items))


def links(request: GraphRequest, page: Page[Item], key: Key[Item]) -> dict[str, Any]:
    """`paging` of a page with something on it; as Meta's, the addresses contain the access token."""
    first, last = cursor(key(page.items[0])), cursor(key(page.items[-1]))
    query = request.query_parameters()
    kept = {name: value for name, value in query.items() if name not in ("after", "before", "access_token")}
    paging: dict[str, Any] = {"cursors": {"before": first, "after": last}}
    address = f"{request.base_url}{request.path}"
    token = token_of(request)
    if page.has_previous:
        paging["previous"] = f"{address}?{urlencode({'access_token': token, **kept, 'before': first})}"
    if page.has_next:
        paging["next"] = f"{address}?{urlencode({'access_token': token, **kept, 'after': last})}"
    return paging


def cursor(key: str) -> str:
    """The cursor of the item with this key."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def _limit(asked: str | None, largest: int) -> int:
    if asked is None:
        return DEFAULT_PAGE
    if not asked.isascii() or not asked.isdigit() or int(asked) == 0:
        raise invalid_parameter("Param limit must be a positive integer.")
    return min(int(asked), largest)


def _from_cursor(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise invalid_parameter("Invalid cursors values") from error
