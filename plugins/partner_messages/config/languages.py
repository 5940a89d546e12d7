"""Which language a partner is written to in, by the shop's resolution order."""

from __future__ import annotations

from collections.abc import Collection

from whatsapp_provider.languages import LAST_RESORT, normalise_language


def language_of_phone(phone: str) -> str:
    """The language by the phone number alone: Hindi in India, English elsewhere (the seed's heuristic)."""
    return "hi" if phone.startswith("+91") else "en"


def choose_language(
    explicit: str | None,
    conversation_language: str | None,
    phone: str | None,
    fallback: str | None,
    allowed: Collection[str],
) -> str:
    """Choose a language (the seed: "Language selection at send time").

    The first that says anything is taken: the explicit option, the conversation's saved language, the phone's prefix,
    the fallback, Hindi. Meta matches codes exactly, so what was taken must be in `allowed`: itself, else without its
    region, else it becomes English.

    Args:
        explicit: One language for everybody, if operations set one.
        conversation_language: What the deciding conversation has saved.
        phone: E.164; None where there is no phone, which is the only time the fallback is asked.
        fallback: The seed's WHATSAPP_TEMPLATE_LANG.
        allowed: The codes of the sender's approved languages.

    Returns:
        A member of `allowed`, or `en`.
    """
    wanted = (
        normalise_language(explicit)
        or normalise_language(conversation_language)
        or (language_of_phone(phone) if phone else None)
        or normalise_language(fallback)
        or "hi"
    )
    return next((code for code in (wanted, wanted.partition("_")[0]) if code in allowed), LAST_RESORT)
