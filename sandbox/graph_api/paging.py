"""Graph's paging: opaque cursors, and URLs of the next and previous page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from sandbox.graph_api.calls import token_of
from sandbox.graph_api.errors import invalid_parameter
from sandbox.graph_api.exchange import GraphRequest

DEFAULT_PAGE = 25
Item = TypeVar("Item")
Key = Callable[[Item], str]
"""The id by which the list is ordered, and which is in the cursor."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list, and whether there are pages before and after it."""

    items: Sequence[Item]
    has_previous: bool
    has_next: bool


def cut(request: GraphRequest, items: Sequence[Item], key: Key[Item], largest: int) -> Page[Item]:
    """The page for a request's `limit`, `after` and `before`.

    Args:
        request: The request.
        items: The whole list, ordered by the key.
        key: Returns the id of an item.
        largest: Items on a page, at most.

    Raises:
        GraphError: 100 for an invalid limit or cursor.
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
    """The `paging` object of a page that is not empty; its URLs contain the access token, as at Meta."""
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
    """The cursor for a key."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def fields_of(item: Item, known: Mapping[str, Callable[[Item], Any]], asked: Iterable[str]) -> dict[str, Any]:
    """The asked fields of an item, without those that have no value."""
    values = ((name, known[name](item)) for name in asked)
    return {name: value for name, value in values if value is not None}


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
