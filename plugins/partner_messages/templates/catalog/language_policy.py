"""Which languages each WhatsApp Business Account is to have its templates in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from partner_messages.config.ends import RepairNeeded
from partner_messages.config.languages import normalise_language
from partner_messages.config.meta_languages import META_LANGUAGES
from partner_messages.templates.catalog.catalog import Template
from partner_messages.whatsapp.senders import Sender

OVERRIDE = "WHATSAPP_PLATFORM_LANGUAGES"
"""The environment variable that says otherwise, such as `AU=en;IN=en,hi;Europe=en,it` (the seed's)."""


class LanguagePolicyError(RepairNeeded, ValueError):
    """The policy cannot be followed; the message has one sentence a line, each with what to change."""


@dataclass(frozen=True, order=True)
class Account:
    """One WhatsApp Business Account: templates belong to it, whatever number sends them.

    Attributes:
        label: What people call it; several labels where several senders share it.
        waba_id: Meta's id of it.
    """

    label: str
    waba_id: str

    def __str__(self) -> str:
        return f"{self.label} ({self.waba_id})"


def language_policy(senders: Sequence[Sender], override: str | None = None) -> dict[Account, tuple[str, ...]]:
    """The languages of each account: the override's, else the sender's own.

    A sender's `languages` are those of its connection or, where it states none, the seed's: English and Hindi for a
    sender that serves +91, English for every other.

    Args:
        senders: All that are configured, for the override may name any of them.
        override: The text of the environment variable `WHATSAPP_PLATFORM_LANGUAGES`, if it is set.

    Returns:
        In the senders' order. Senders that share an account are one entry with the languages of all.

    Raises:
        LanguagePolicyError: The override cannot be read, or names a label that no sender has.
    """
    overridden = _parsed(override or "")
    labels = {label.casefold() for sender in senders for label in (sender.label, sender.platform_label)}
    for label in overridden:
        if label.casefold() not in labels:
            known = ", ".join(sorted({sender.platform_label for sender in senders}))
            raise LanguagePolicyError(f'{OVERRIDE} names "{label}", which is none of the senders\' labels ({known}).')
    asked = {label.casefold(): languages for label, languages in overridden.items()}
    sharing: dict[str, list[Sender]] = {}
    for sender in senders:
        sharing.setdefault(sender.waba_id, []).append(sender)
    return {
        Account(", ".join(one.platform_label for one in together), waba_id): tuple(
            dict.fromkeys(language for one in together for language in _languages(one, asked))
        )
        for waba_id, together in sharing.items()
    }


def _languages(sender: Sender, asked: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    for label in (sender.platform_label, sender.label):
        if label.casefold() in asked:
            return asked[label.casefold()]
    return sender.languages


def _parsed(override: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, map(str.strip, override.split(";"))):
        label, _, codes = (part.strip() for part in entry.partition("="))
        languages = tuple(filter(None, map(str.strip, codes.split(","))))
        if not label or not languages:
            raise LanguagePolicyError(
                f'{OVERRIDE}: "{entry}" is no label with its languages; write it as in "AU=en;IN=en,hi".'
            )
        if label.casefold() in map(str.casefold, found):
            raise LanguagePolicyError(f'{OVERRIDE} names "{label}" twice; leave one out.')
        found[label] = tuple(_known(language) for language in languages)
    return found


def _known(language: str) -> str:
    code = normalise_language(language)
    if code is None or code not in META_LANGUAGES:
        raise LanguagePolicyError(f'{OVERRIDE}: "{language}" is no language that Meta has templates in; correct it.')
    return code


def check_languages(templates: Iterable[Template], languages_by_account: Mapping[Account, Sequence[str]]) -> None:
    """See that every template is there in every language that the policy asks for.

    Raises:
        LanguagePolicyError: With one sentence for each file that is missing.
    """
    asking: dict[str, list[str]] = {}
    for account, languages in languages_by_account.items():
        for language in languages:
            asking.setdefault(language, []).append(account.label)
    missing = [
        f"{template.name} has no {language}, which {' and '.join(labels)} must have:"
        f" add include/templates/whatsapp/{template.name}/body.{language}.j2."
        for template in templates
        for language, labels in sorted(asking.items())
        if language not in template.languages
    ]
    if missing:
        raise LanguagePolicyError("\n".join(missing))
