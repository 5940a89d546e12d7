"""Masks phone numbers, Meta's message ids and secrets, as the provider does (`whatsapp_provider/masking.py`)."""

from whatsapp_provider.masking import (
    HIDDEN,
    MAX_TEXT_LENGTH,
    mask,
    mask_phone,
    mask_wamid,
    plain,
)

__all__ = ["HIDDEN", "MAX_TEXT_LENGTH", "mask", "mask_phone", "mask_wamid", "plain"]
