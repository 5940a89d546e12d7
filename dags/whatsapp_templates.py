"""
### WhatsApp templates

Plans, submits and checks the WhatsApp templates on every WhatsApp Business Account. Runs only when it is triggered.

```
airflow dags test whatsapp_templates --conf '{"mode": "dry-run"}'                       # the plan, and how each stands
airflow dags test whatsapp_templates --conf '{"mode": "upsert", "wait_seconds": 300}'   # create what is missing
airflow dags test whatsapp_templates --conf '{"mode": "edit", "templates": ["*_v2"]}'   # make Meta's text the catalog's
```

| mode | does |
|---|---|
| `dry-run` | lists every account and prints the plan; changes nothing at Meta |
| `upsert` | creates what an account lacks, and nothing else; a second time there is nothing to create |
| `edit` | changes templates that differ from the catalog, in place (an approved one once a day, ten times in 30 days) |
| `subscribe` | lets Meta tell our app what happens on each account (`subscribed_apps`), and names the silent ones |
| `check` | asks Meta for each business number: its name, its quality, its limit (as `airflow whatsapp check` does) |

Nothing is ever deleted: Meta would lock the name for 30 days.

**Green** means that nobody has to do anything but perhaps wait for Meta's review; run it again to see how that went.
**Red** means that a person must do something: the log of `report` says what, a sentence for each thing (a rejection, an
account that cannot be read, a template that Meta refused or that was left for later). Running it again is safe.

**What happened**: the run's note says in which mode it ran, how many templates stand how, what that asks for, and what
a person must do. The log of *Report* (of *Plan*, where nothing has changed since) has a line for each template.

**Which languages** an account gets: the environment variable `WHATSAPP_PLATFORM_LANGUAGES` (`AU=en;IN=en,hi`), else the
`languages` of the sender's connection, else English, and Hindi for +91.
"""

from __future__ import annotations

import partner_messages.tasks  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, get_current_context

from partner_messages.deployment.forms import TEMPLATES
from partner_messages.tasks.flow import DEFAULT_ARGS, notify_on_failure, owner_links, step


@dag(
    dag_display_name="WhatsApp templates",
    description="Plans, submits and checks the WhatsApp templates on every account, when somebody triggers it",
    schedule=None,
    catchup=False,
    # It acts only when somebody triggers it, and a run of a paused DAG would wait in the queue for ever.
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=dict(TEMPLATES),
    doc_md=__doc__,
    tags=["whatsapp", "templates"],
    default_args={**DEFAULT_ARGS, "execution_timeout": timedelta(minutes=15)},
    owner_links=owner_links(),
)
def whatsapp_templates() -> None:
    """List, plan, submit, look, say."""

    @step("Preflight", of_first=True)
    def preflight() -> list[str]:
        """Check everything that can be checked without Meta, and name the accounts: one sender for each."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.preflight(get_current_context())

    @step("Read the accounts", map_index_template="{{ task.op_kwargs['account'] }}")
    def list_templates(account: str) -> int:
        """Read an account's templates and remember how each stands."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.list_templates(get_current_context(), account)

    # An account that cannot be read does not hold up the others.
    @step("Plan", trigger_rule="all_done_min_one_success", show_return_value_in_logs=False)
    def plan() -> list[dict[str, Any]]:
        """Compare the catalog with what each account has, and print it as a table."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.plan(get_current_context())

    @step("Submit", map_index_template="{{ task.op_kwargs['account'] }}")
    def submit(account: str) -> int:
        """Create or edit on one account what the mode says."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.submit(get_current_context(), account)

    @step("Wait for reviews", trigger_rule="all_done", execution_timeout=timedelta(hours=2))
    def wait_for_reviews(accounts: Any) -> int:
        """Look again until Meta has reviewed everything or the time is up; returns what is still in review."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.wait_for_reviews(get_current_context(), accounts)

    @step(
        "Report",
        trigger_rule="all_done",
        on_failure_callback=notify_on_failure,
        show_return_value_in_logs=False,
    )
    def report(accounts: Any, planned: Any) -> list[dict[str, Any]]:
        """Say how every template stands, and fail the run for what needs a person."""
        from partner_messages.tasks import template_tasks as tasks

        return tasks.report(get_current_context(), accounts, planned)

    accounts = preflight()
    listed = list_templates.expand(account=accounts)
    planned = plan()
    submitted = submit.expand(account=accounts)
    reviewed = wait_for_reviews(accounts)
    listed >> planned >> submitted >> reviewed >> report(accounts, planned)


the_dag = whatsapp_templates()
