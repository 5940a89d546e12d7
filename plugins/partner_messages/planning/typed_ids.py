"""Finds ids that somebody has typed, in a setting or a param, and that the shop does not have.

Whoever was meant by a mistyped exception is written to as everybody is, and a run that looks only at what does not
exist finds nothing: neither may pass unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from partner_messages.config.settings import Delivery, Settings, SettingsError
from partner_messages.messages.scope import Scope
from partner_messages.shop.shop import Shop
from whatsapp_provider.masking import mask

_FEW = 10
"""Up to as many ids of one place are named."""


def check_typed_ids(shop: Shop, settings: Settings, delivery: Delivery, scope: Scope | None = None) -> tuple[str, ...]:
    """See that the shop has what the settings and the params name.

    A deleted row is no typing mistake: an exception outlives its partner, who is not written to any more.

    Args:
        shop: The shop.
        settings: The settings.
        delivery: How this run delivers.
        scope: Which runs its params ask for.

    Returns:
        What a rehearsal is to say of it, a sentence for each place.

    Raises:
        SettingsError: It has not, and something would leave; all of it is named.
    """
    scope = scope or Scope()
    asked_for = scope.production_run_ids or ()
    places: list[tuple[str, str, Collection[str]]] = [
        ("Setting partners", "partner", settings.partners.keys()),
        ("Setting runs", "run", settings.runs.keys()),
        ("Param partner_ids", "partner", scope.partner_ids or ()),
        ("Param production_run_ids", "run", asked_for),
    ]
    wrong = [said for where, what, ids in places if (said := strangers(shop, where, what, ids))]
    if wrong and delivery != "dry_run":
        raise SettingsError(" ".join(wrong))
    deleted = [id_ for id_, is_so in shop.existing_runs(asked_for).items() if is_so]
    return (
        *(f"A live run would be refused. {said}" for said in wrong),
        *([f"Param production_run_ids names {_listed(deleted)}, which the shop has deleted."] if deleted else ()),
    )


def strangers(shop: Shop, where: str, what: str, ids: Collection[str]) -> str | None:
    """What is wrong with ids that somebody has typed, in a sentence; None where the shop has them all.

    Args:
        shop: The shop.
        where: Where they were typed.
        what: `partner` or `run`.
        ids: As typed.
    """
    existing = shop.existing_partners(ids) if what == "partner" else shop.existing_runs(ids)
    strange = sorted(set(ids) - existing.keys())
    if not strange:
        return None
    called = shop.partners_called(strange) if what == "partner" else {}
    named = [
        f"{_shown(id_)} (so is {' or '.join(called[id_])} called)" if called.get(id_) else _shown(id_)
        for id_ in strange
    ]
    return f"{where} names {_listed(named)}, which is no {what}'s id in the shop; write the {what}'s id instead."


def _shown(id_: str) -> str:
    """An id as it was typed, safe to log: it may be a phone number by mistake, and that is masked."""
    return id_ if any(character.isalpha() for character in id_) else mask(id_)


def _listed(named: Sequence[str]) -> str:
    more = len(named) - _FEW
    return ", ".join(named[:_FEW]) + (f" and {more} more" if more > 0 else "")
