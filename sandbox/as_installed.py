"""Lets an Airflow over this checkout find the connection type and the commands, as if the two wheels were installed."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from sandbox.airflow_env import PROJECT

PACKAGES = {PROJECT / "plugins/whatsapp_provider": "apache_airflow_provider", PROJECT: "whatsapp_provider.commands"}
"""Where each package's pyproject.toml is, and which entry points are taken; the plugin's folder is there already."""


def python_path(folder: Path) -> str:
    """Write into a folder what the wheels say of themselves; return what is to be on Python's path."""
    version = re.search(r'__version__ = "(.+)"', (PROJECT / "plugins/whatsapp_provider/__init__.py").read_text())
    shutil.rmtree(folder, ignore_errors=True)
    for package, group in PACKAGES.items():
        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        about = folder / f"{project['name'].replace('-', '_')}-0.dist-info"
        about.mkdir(parents=True)
        number = version[1] if version else "0"
        (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {number}\n")
        points = project["entry-points"][group].items()
        (about / "entry_points.txt").write_text(f"[{group}]\n" + "".join(f"{name} = {it}\n" for name, it in points))
    return f"{folder}:{PROJECT / 'plugins'}"
