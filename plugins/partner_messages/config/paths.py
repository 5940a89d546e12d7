"""Where the package's text files are: within the installed package, else in `include/` beside `plugins/`.

`include/` stands beside `plugins/` in a checkout and in an Airflow home to which the folders were copied.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from partner_messages.config.settings import SettingsError

INCLUDE_VARIABLE = "PARTNER_MESSAGES_INCLUDE"
"""The environment variable that names another place."""


def _include() -> Path:
    within = Path(str(resources.files("partner_messages").joinpath("include")))
    return within if within.is_dir() else Path(__file__).resolve().parents[3] / "include"


INCLUDE = Path(os.environ.get(INCLUDE_VARIABLE) or _include())
SQL = INCLUDE / "sql"
MIGRATIONS = SQL / "migrations"
TEMPLATES = INCLUDE / "templates" / "whatsapp"
REPLIES = INCLUDE / "templates" / "replies"
OPS = INCLUDE / "templates" / "ops"


def included(folder: Path) -> Path:
    """A folder of `include/`, seen to be there.

    Raises:
        SettingsError: It is not: `include/` was not copied, or only in part.
    """
    if not folder.is_dir():
        raise SettingsError(
            f"There is no folder {folder}: copy all of include/ to {INCLUDE}, or name its place in the environment"
            f" variable {INCLUDE_VARIABLE} of every process of Airflow."
        )
    return folder
