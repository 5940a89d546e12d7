"""Refuses an Airflow that is too old, or lacks a package, in one sentence where it is imported.

pip does so by itself; a folder that was copied, or a wheel that was installed without asking pip, comes by here.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from importlib import metadata

OLDEST = (3, 2)
"""3.1 knows neither forms of connections that are declared nor commands of providers."""
PACKAGES: Mapping[str, str] = {"phonenumbers": "phonenumbers"}
"""What is needed beside Airflow, by the name under which it is imported: a folder that was copied brings nothing."""


def check_airflow(
    package: str = "airflow-provider-whatsapp",
    oldest: tuple[int, ...] = OLDEST,
    packages: Mapping[str, str] = PACKAGES,
) -> None:
    """See that this Airflow is not older than a package needs, and that nothing is missing beside it.

    Args:
        package: Who needs it.
        oldest: The numbers of the oldest version.
        packages: What pip is to install, by the name under which it is imported.

    Raises:
        RuntimeError: It is, or something is; the message is one sentence.
    """
    version = next(filter(None, map(_installed, ("apache-airflow-core", "apache-airflow"))), None)
    if version and tuple(map(int, re.findall(r"\d+", version)[: len(oldest)])) < oldest:
        needed = ".".join(map(str, oldest))
        raise RuntimeError(
            f"{package} needs Apache Airflow {needed} or later, and this is {version}: upgrade Airflow, or uninstall"
            f" {package}."
        )
    if missing := [name for module, name in packages.items() if not _is_there(module)]:
        raise RuntimeError(
            f"{package} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed:"
            f" pip install {' '.join(missing)}."
        )


def exit_where_refused(check: Callable[[], None] = check_airflow) -> None:
    """End a program with the sentence with which a check refuses this Airflow."""
    try:
        check()
    except RuntimeError as refused:
        sys.exit(str(refused))


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it is in
        return False
