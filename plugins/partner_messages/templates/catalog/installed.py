"""The shipped catalog, `include/templates/whatsapp/`."""

from __future__ import annotations

import functools

from partner_messages.config.paths import TEMPLATES, included
from whatsapp_provider.templates.catalog import Catalog, load_catalog


@functools.cache
def installed_catalog() -> Catalog:
    """The shipped templates, read and checked once a process.

    Raises:
        SettingsError: There is no `include/`.
        CatalogError: With every failure.
    """
    return load_catalog(included(TEMPLATES))
