"""The catalog that this installation ships, under `include/templates/whatsapp/`."""

from __future__ import annotations

import functools

from partner_messages.config.paths import TEMPLATES, included
from partner_messages.templates.catalog.catalog import Catalog, load_catalog


@functools.cache
def installed_catalog() -> Catalog:
    """The shipped templates, read and checked once a process.

    Raises:
        SettingsError: `include/` is not there.
        CatalogError: Naming every file that breaks a rule.
    """
    return load_catalog(included(TEMPLATES))
