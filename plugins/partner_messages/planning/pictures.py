"""Looks for a picture that Meta would take of each design, before anything is decided about its messages."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from partner_messages.config.setting_groups import Pictures
from partner_messages.pictures.usable import PictureChecker, Result, Unusable, Usable
from partner_messages.shop.shop import Shop

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Downloads at once; each waits for a server far more than it works."""
ALL_WITHIN = 240.0
"""Seconds in which all designs must have been looked at: a planning task has ten minutes for everything."""
SAY_EVERY = 100


def usable_pictures(shop: Shop, design_ids: Iterable[str | None], settings: Pictures) -> dict[str | None, str]:
    """The URL of one picture of each design that Meta would take; a design without one is absent.

    Each URL is looked at once, whichever designs share it.

    Args:
        shop: Where the designs' pictures are named.
        design_ids: The designs; None stands for a run without one, which has the fallback picture alone.
        settings: The setting `pictures`.
    """
    wanted = sorted(set(design_ids), key=str)
    if not wanted:
        return {}
    named = shop.design_pictures(id_ for id_ in wanted if id_)
    checker = PictureChecker(settings)
    end = time.monotonic() + ALL_WITHIN

    def look_at(design_id: str | None) -> Result:
        if time.monotonic() > end:
            return Unusable("there was no time left to look at it")
        return checker.first_usable(named[design_id].urls if design_id in named else ())

    usable: dict[str | None, str] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (design_id, look) in enumerate(zip(wanted, pool.map(look_at, wanted), strict=True), start=1):
            match look:
                case Usable(url=url):
                    usable[design_id] = url
                case Unusable(reason=reason):
                    log.warning("Design %s has no picture that can be sent: %s.", design_id or "(none)", reason)
            if number % SAY_EVERY == 0:
                log.info("%d of %d designs have been looked at.", number, len(wanted))
    return usable
