"""The names of what a summary or a list to operations tells of, as the shop has them now."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TypeAlias

from partner_messages.deployment.live_settings import load_settings
from partner_messages.ops.reasons import Stall
from partner_messages.ops.summary import Named, Whom
from partner_messages.shop.names import Names
from partner_messages.shop.shop import Shop, open_shop

log = logging.getLogger(__name__)


Told: TypeAlias = Named | Whom | Stall
"""What is told of a run; of a digest's several runs only the partner is named."""


def names_in(shop: Shop, told: Iterable[Told]) -> Names:
    """Ask the shop for the names: one query for the partners, one for the runs, one for their designs."""
    rows = list(told)
    partners = shop.partners({row.partner_id for row in rows if row.partner_id})
    runs = shop.runs({row.production_run_id for row in rows if row.production_run_id})
    designs = shop.design_names({run.design_id for run in runs.values() if run.design_id})
    return Names(
        {id_: partner.name for id_, partner in partners.items()},
        {id_: designs.get(run.design_id or "") for id_, run in runs.items()},
    )


def names_if_known(told: Iterable[Told]) -> Names:
    """As `names_in`; without names where the shop cannot be asked, because no summary may fail for that."""
    rows = list(told)
    if not rows:
        return Names()
    try:
        with open_shop(load_settings().tables) as shop:
            return names_in(shop, rows)
    except Exception as error:
        log.warning("Partners and designs are named by their ids alone: the shop cannot be asked (%s).", error)
        return Names()
