"""Which sender a partner is written to from (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from whatsapp_provider.api.senders import Sender


def choose_sender(phone: str, pinned_platform_id: str | None, senders: Sequence[Sender]) -> Sender | None:
    """Choose the sender for a phone.

    The conversation's pinned sender, else the one with the longest matching prefix, else the default, else the first.

    Args:
        phone: E.164.
        pinned_platform_id: The `default_sender_platform_id` of the chosen conversation; ignored if no sender has it.
        senders: In the order of the setting `senders`; of equals the first wins.

    Returns:
        The sender; None only if there are no senders.
    """
    if pinned_platform_id:
        for sender in senders:
            if sender.platform_id == pinned_platform_id:
                return sender
    longest, nearest = 0, None
    for sender in senders:
        for code in sender.country_codes:
            if phone.startswith(code) and len(code) > longest:
                longest, nearest = len(code), sender
    if nearest:
        return nearest
    return next((sender for sender in senders if sender.is_default), senders[0] if senders else None)
