"""`python -m partner_messages.webhook`: see `running.py`."""

from __future__ import annotations

import sys

# An Airflow that imports every file under plugins/ by its stem gives this one the same name, and no package.
if __name__ == "__main__" and __package__ == "partner_messages.webhook":
    from partner_messages.deployment.needed import check_needed
    from whatsapp_provider.needed_airflow import exit_where_refused

    exit_where_refused(check_needed)
    from partner_messages.webhook.running import main

    sys.exit(main())
