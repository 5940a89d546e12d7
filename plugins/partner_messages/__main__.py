"""The twin of what `airflow whatsapp …` has of this package: `python -m partner_messages …`."""

import sys

# Under the name `__main__` and of this package alone: Airflow may import every file of its plugins folder.
if __name__ == "__main__" and __package__ == "partner_messages":
    from partner_messages.commands import own
    from partner_messages.deployment.needed import check_needed
    from whatsapp_provider.commands import run
    from whatsapp_provider.needed_airflow import exit_where_refused

    exit_where_refused(check_needed)
    sys.exit(run("python -m partner_messages", own(), sys.argv[1:]))
