"""What Airflow loads of this package beside its DAGs."""

from __future__ import annotations

import partner_messages.tasks  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
import os
import sys
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from partner_messages.deployment.page_addresses import PREFIX, ROUTE
from partner_messages.ops import run_notes
from partner_messages.tasks.page_links import TheseMessages

MOUNT = "PARTNER_MESSAGES_MOUNT_WEBHOOK"
"""The environment variable that mounts the receiver of webhooks into the API server, where it is 1."""


def _apps() -> list[dict[str, Any]]:
    """The pages, and under the same prefix the receiver where it is wanted.

    In the API server alone: every task imports this, and FastAPI is slow.
    """
    if sys.argv[1:2] != ["api-server"]:
        return []
    from partner_messages.pages.app import pages_app

    app = pages_app()
    if os.environ.get(MOUNT) == "1":
        from partner_messages.webhook.app import receiver_app

        # Its one path comes first; what is not that is a page, and asks for a login.
        pages, app = app, receiver_app(prefix="")
        app.mount("", pages)
    return [{"app": app, "url_prefix": PREFIX, "name": "partner_messages"}]


class PartnerMessagesPlugin(AirflowPlugin):
    """Writes the note of each DAG run when it ends, shows the pages, and receives webhooks where that is wanted."""

    name = "partner_messages"
    listeners = [run_notes]  # noqa: RUF012 - Airflow's attribute, read once
    operator_extra_links = [TheseMessages()]  # noqa: RUF012 - Airflow's attribute, read once
    fastapi_apps = _apps()
    external_views = [  # noqa: RUF012 - Airflow's attribute, read once
        {
            "name": "Partner messages",
            "href": f"{PREFIX}/",
            "url_route": ROUTE,
            "destination": "nav",
        }
    ]
