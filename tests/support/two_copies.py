"""Wheels beside the folders in `plugins/`, as Python and Airflow see them."""

from __future__ import annotations

from pathlib import Path

import pytest

import partner_messages
import whatsapp_provider

PLUGINS = Path(partner_messages.__file__).parents[1]
VERSION = whatsapp_provider.__version__
WHEELS = {"partner_messages": "partner-messages", "whatsapp_provider": "airflow-provider-whatsapp"}


def install_wheels(monkeypatch: pytest.MonkeyPatch, site: Path, *, runs: bool) -> None:
    """Let Python find both wheels in a folder, where the packages may be the ones that run."""
    for package, wheel in WHEELS.items():
        about = site / f"{wheel.replace('-', '_')}-{VERSION}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {wheel}\nVersion: {VERSION}\n")
        if runs:
            (site / package).symlink_to(PLUGINS / package)
        else:
            (site / package).mkdir()
    monkeypatch.syspath_prepend(str(site))
