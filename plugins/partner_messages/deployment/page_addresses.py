"""Where the pages of operations are found, for who links to them from elsewhere."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

PREFIX = "/partner-messages"
"""Where Airflow's API server mounts the pages and, if it is wanted there, the receiver."""
ROUTE = "partner-messages"
"""Under which name Airflow's UI shows them in its frame (`url_route`)."""


def page_in_airflow(page: str, **filters: str | int | None) -> str:
    """A page in Airflow's frame, as a path of Airflow's host: `/plugin/<route>/<the page's own path>`.

    Args:
        page: The page's own address, such as `/messages`.
        filters: What its address is to ask for; None is left out.
    """
    asked = urlencode({name: value for name, value in filters.items() if value is not None})
    under = urlsplit(_airflow()).path.rstrip("/")
    return f"{under}/plugin/{ROUTE}{PREFIX}{page}" + (f"?{asked}" if asked else "")


def whole_address(page: str, **filters: str | int | None) -> str:
    """The same with Airflow's host, for mails; empty where `[api] base_url` names no host."""
    parts = urlsplit(_airflow())
    return f"{parts.scheme}://{parts.netloc}{page_in_airflow(page, **filters)}" if parts.netloc else ""


def _airflow() -> str:
    from airflow.sdk import conf  # Not for the receiver, which only asks for `PREFIX`.

    return conf.get("api", "base_url", fallback="") or ""
