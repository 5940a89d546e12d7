"""`python -m partner_messages.webhook`: see `running.py`."""

from __future__ import annotations

import sys

from partner_messages.webhook.running import main

# An Airflow that imports every file under plugins/ by its stem gives this one the same name, and no package.
if __name__ == "__main__" and __package__ == "partner_messages.webhook":
    sys.exit(main())
