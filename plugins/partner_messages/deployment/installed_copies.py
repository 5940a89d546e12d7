"""Finds a package that is there twice: as an installed wheel, and as a folder that was copied into `plugins/`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

_WHEELS = {"partner_messages": "partner-messages", "whatsapp_provider": "airflow-provider-whatsapp"}
"""The wheel that has each package."""


def copies_in_the_way() -> tuple[str, ...]:
    """What is to be said of each package that is there twice: which one runs, and what to delete."""
    from airflow.sdk import conf

    plugins = Path(conf.get("core", "plugins_folder"))
    return tuple(said for package in _WHEELS for said in _of_package(package, plugins))


def _of_package(package: str, plugins: Path) -> Iterator[str]:
    spec = importlib.util.find_spec(package)
    running = Path(spec.origin or "").parent if spec else None
    installed, copied = _installed(package), plugins / package
    if running is None or installed is None or not copied.is_dir() or copied.resolve() == installed.resolve():
        return
    also = f" and {plugins / f'{package}_plugin.py'}" if (plugins / f"{package}_plugin.py").is_file() else ""
    wheel = _WHEELS[package]
    which = "the copy" if running.resolve() == copied.resolve() else "the wheel"
    yield (
        f"{package} is there twice, as the wheel {wheel} {metadata.version(wheel)} in {installed.parent} and as the"
        f" copy {copied}; {which} runs. Delete {copied}{also} to run the wheel, or uninstall {wheel} to run the copy."
    )


def _installed(package: str) -> Path | None:
    """Where pip has put a package; None where no wheel has it."""
    try:
        found = metadata.distribution(_WHEELS[package]).locate_file(package)
    except metadata.PackageNotFoundError:
        return None
    return path if (path := Path(str(found))).is_dir() else None
