"""Refuses an Airflow that is too old in one sentence, where it is imported; pip does so by itself."""

from __future__ import annotations

import re
from importlib import metadata

OLDEST = (3, 2)
"""3.1 knows neither forms of connections that are declared nor commands of providers."""


def check_airflow(package: str = "airflow-provider-whatsapp", oldest: tuple[int, int] = OLDEST) -> None:
    """See that this Airflow is not older than a package needs.

    Raises:
        RuntimeError: It is.
    """
    version = next(filter(None, map(_installed, ("apache-airflow-core", "apache-airflow"))), None)
    if version and tuple(map(int, re.findall(r"\d+", version)[:2])) < oldest:
        needed = ".".join(map(str, oldest))
        raise RuntimeError(
            f"{package} needs Apache Airflow {needed} or later, and this is {version}: upgrade Airflow, or uninstall"
            f" {package}."
        )


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
