"""Has templates approved on every account of a deployment, without Airflow around it, and counts what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.templates.catalog.installed import installed_catalog
from sandbox.connections import PORTAL
from whatsapp_provider.api.management import template_api
from whatsapp_provider.templates.picture_formats import mime_type

V1 = ["*_reminder_*_v1"]
ALL_THREE = {"IN": 6, "AU": 3, "Europe": 3}
"""How many templates V1 has on each account of the local Graph API."""
LIFECYCLE_TEMPLATES = tuple(f"jyt_production_run_{what}_v1" for what in ("assigned", "cancelled", "completed"))


def submit_templates(names: Iterable[str] = LIFECYCLE_TEMPLATES) -> None:
    """Create templates as `whatsapp_templates` does; the local Graph API reviews at once."""
    for sender in load_senders(load_settings()):
        with template_api(sender, connect_timeout=5, read_timeout=30) as api:
            for name in names:
                template = installed_catalog().get(name)
                assert template is not None
                handle = None
                if template.picture:
                    picture = template.picture.read_bytes()
                    handle = api.upload_example(picture, mime_type(picture) or "")
                for language in sorted({*sender.languages} & {*template.languages}):
                    api.create(template.create_request(language, portal_url=PORTAL, header_handle=handle))


def there(graph_api: Any) -> Counter[str]:
    """How many templates each account has."""
    labels = {account.waba_id: label for label, account in graph_api.accounts.items()}
    return Counter(labels[template["waba_id"]] for template in graph_api.templates())
