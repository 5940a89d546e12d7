"""What Airflow loads of this package beside its DAGs."""

from __future__ import annotations

import os
import sys
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from partner_messages.ops import run_notes

MOUNT = "PARTNER_MESSAGES_MOUNT_WEBHOOK"
"""The environment variable that mounts the receiver of webhooks into the API server, where it is 1."""


def _apps() -> list[dict[str, Any]]:
    """The receiver, where it is wanted, and in the API server alone: every task imports this, and FastAPI is slow."""
    if os.environ.get(MOUNT) != "1" or sys.argv[1:2] != ["api-server"]:
        return []
    from partner_messages.webhook.app import PREFIX, receiver_app

    return [{"app": receiver_app(prefix=""), "url_prefix": PREFIX, "name": "partner_messages webhook"}]


class PartnerMessagesPlugin(AirflowPlugin):
    """Writes the note of each DAG run when it ends, and receives Meta's webhooks where that is wanted."""

    name = "partner_messages"
    listeners = [run_notes]  # noqa: RUF012 - Airflow's attribute, read once
    fastapi_apps = _apps()
