"""What is made from code in the README and the docs: `python -m support.readme` writes it, tests compare it."""

from __future__ import annotations

import datetime as dt
import json
import re
import textwrap
from typing import Any

import psycopg
from pydantic import BaseModel

from partner_messages.config.setting_groups import Tables, TimeWindow
from partner_messages.config.settings import Settings
from partner_messages.deployment.forms import EVENT_REQUIRED, EVENTS
from partner_messages.message_log.migrations import migrate
from partner_messages.messages.skip_reasons import EXPLANATIONS
from partner_messages.ops.metrics import METRICS, ROOT
from partner_messages.ops.reasons import RULES
from sandbox.postgres import server
from support.calendars import LEGEND, calendars
from support.dag_docs import DAGS_PAGE, PROJECT, dags_of_the_project, dags_page
from support.schema_text import SCHEMA_PAGE, schema_text

PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))


def settings_table() -> str:
    """Every setting, its default and what it does."""
    defaults = Settings()
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{name}` | `{_shown(getattr(defaults, name))}` | {field.description} |")
    return "\n".join(lines)


def skip_reasons_table() -> str:
    """Every skip reason and who acts on it."""
    lines = ["| skip reason | meaning | who acts |", "|---|---|---|"]
    lines += [f"| `{reason}` | {row.meaning} | {row.acts} |" for reason, row in EXPLANATIONS.items()]
    return "\n".join(lines)


def event_params_table() -> str:
    """Every param of the DAG for events, in the order of its form."""
    lines = ["| param | is called | meaning |", "|---|---|---|"]
    for name, param in EVENTS.items():
        needed = " Needed, here or in each of `events`." if name in EVENT_REQUIRED else ""
        lines.append(f"| `{name}` | {param.schema['title']} | {param.schema['description_md']}{needed} |")
    return "\n".join(lines)


def escalation_reasons_table() -> str:
    """Every reason for which a run needs a person, and what it asks for."""
    lines = ["| reason | meaning | what to do |", "|---|---|---|"]
    lines += [f"| `{one}` | {rule.meaning} | {rule.act} |" for one, rule in RULES.items()]
    return "\n".join(lines)


def metrics_table() -> str:
    """Every metric, its unit and the query behind it."""
    lines = ["| metric | unit | meaning | query |", "|---|---|---|---|"]
    for one in METRICS:
        name = one.name.replace("{", "<").replace("}", ">")
        lines.append(f"| `{ROOT}.{name}` | {one.unit} | {one.meaning} | `{one.query}` |")
    return "\n".join(lines)


def metrics_mapping() -> str:
    """How the StatsD exporter of Prometheus makes labels of the names."""
    lines = ["```yaml", "mappings:"]
    for one in METRICS:
        match = re.sub(r"\{\w+\}", "*", one.name)
        lines.append(f'  - match: "airflow.{ROOT}.{match}"')
        lines.append(f'    name: "{prometheus_name(one.name)}"')
        if one.labels:
            labels = ", ".join(f'{label}: "${number}"' for number, label in enumerate(one.labels, 1))
            lines.append(f"    labels: {{{labels}}}")
    return "\n".join([*lines, "```"])


def prometheus_name(name: str) -> str:
    """A metric's name without what becomes a label."""
    return "_".join([ROOT, *re.sub(r"\.\{\w+\}", "", name).split(".")])


def months() -> str:
    """One partner's month under different settings."""
    return f"{LEGEND}\n\n{calendars()}"


def shop_rights() -> str:
    """What the user of `production_db` needs."""
    grant = f"GRANT SELECT ON {', '.join(Tables().model_dump().values())} TO shop_reader;"
    return f"```sql\n{textwrap.fill(grant, width=120, subsequent_indent='    ')}\n```"


PARTS = {
    "settings": settings_table,
    "event params": event_params_table,
    "skip reasons": skip_reasons_table,
    "escalation reasons": escalation_reasons_table,
    "months": months,
    "metrics": metrics_table,
    "metrics mapping": metrics_mapping,
    "shop rights": shop_rights,
}


def marked(name: str) -> re.Pattern[str]:
    """Where a generated part stands in a page: between two comments with its name."""
    return re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)


def with_parts(text: str) -> str:
    """A page with its generated parts as they should be."""
    for name, part in PARTS.items():
        text = marked(name).sub(lambda found, part=part: f"{found[1]}{part()}\n{found[2]}", text)
    return text


def _shown(value: Any) -> str:
    if isinstance(value, TimeWindow):
        return json.dumps([f"{value.start:%H:%M}", f"{value.end:%H:%M}"])
    if isinstance(value, BaseModel):
        value = value.model_dump()
    return json.dumps(value, default=lambda other: f"{other:%H:%M}" if isinstance(other, dt.time) else str(other))


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_parts(page.read_text(encoding="utf-8")), encoding="utf-8")
    DAGS_PAGE.write_text(dags_page(dags_of_the_project()), encoding="utf-8")
    with server() as postgres, psycopg.connect(postgres.create_database("schema_of_the_log")) as log:
        migrate(log)
        SCHEMA_PAGE.write_text(schema_text(log), encoding="utf-8")
