"""The twin of `airflow whatsapp …`: `python -m whatsapp_provider …`."""

import sys

# Under the name `__main__` and of this package alone: Airflow may import every file of its plugins folder.
if __name__ == "__main__" and __package__ == "whatsapp_provider":
    from whatsapp_provider.commands import own, run
    from whatsapp_provider.needed_airflow import exit_where_refused

    exit_where_refused()
    sys.exit(run("python -m whatsapp_provider", own(), sys.argv[1:]))
