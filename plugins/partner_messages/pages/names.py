"""The names of what a page shows, asked of the shop once a page; a page is shown without them, too."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from partner_messages.config.setting_groups import Tables
from partner_messages.shop.names import Names
from partner_messages.shop.shop import Shop, open_shop
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

AT_MOST = 50
"""Partners whom a part of a name may mean."""


def names_of(tables: Tables, partner_ids: Iterable[str | None], run_ids: Iterable[str | None]) -> Names:
    """The partners' names and the runs' designs; none where the shop does not answer."""
    partners, runs = set(filter(None, partner_ids)), set(filter(None, run_ids))
    if not partners and not runs:
        return Names()
    try:
        with open_shop(tables) as shop:
            return _names(shop, partners, runs)
    except Exception as error:
        log.warning("The pages name partners and designs by their ids alone: %s", mask(str(error)))
        return Names()


def _names(shop: Shop, partner_ids: set[str], run_ids: set[str]) -> Names:
    runs = shop.runs(run_ids) if run_ids else {}
    designs = shop.design_names({run.design_id for run in runs.values() if run.design_id})
    partners = shop.partners(partner_ids) if partner_ids else {}
    return Names(
        {id_: (partner.name or "").strip() or None for id_, partner in partners.items()},
        {id_: designs.get(run.design_id or "") for id_, run in runs.items()},
    )


def partners_like(tables: Tables, words: str) -> dict[str, str | None]:
    """The partners, by id, whose id this is or whose name has these words in it.

    Raises:
        ShopError: The shop does not answer, so a name means nothing.
    """
    with open_shop(tables) as shop:
        return shop.partners_like(words, AT_MOST)
