"""The languages in which each WhatsApp Business Account has its templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_provider.api.senders import Sender
from whatsapp_provider.ends import RepairNeeded
from whatsapp_provider.languages import normalise_language
from whatsapp_provider.meta_languages import META_LANGUAGES
from whatsapp_provider.templates.catalog import Template

OVERRIDE = "WHATSAPP_PLATFORM_LANGUAGES"
"""The environment variable that overrides the senders' languages, such as `AU=en;IN=en,hi;Europe=en,it`."""


class LanguagePolicyError(RepairNeeded, ValueError):
    """The policy is invalid or asks for a missing language; each line of the message is a sentence with the fix."""


@dataclass(frozen=True, order=True)
class Account:
    """A WhatsApp Business Account, to which templates belong.

    Attributes:
        label: The label of its sender, or the labels of all its senders.
        waba_id: Meta's id.
    """

    label: str
    waba_id: str

    def __str__(self) -> str:
        return f"{self.label} ({self.waba_id})"


def language_policy(senders: Sequence[Sender], override: str | None = None) -> dict[Account, tuple[str, ...]]:
    """The languages of each account: the override's, else its senders' own.

    Args:
        senders: All configured senders.
        override: The value of the environment variable `WHATSAPP_PLATFORM_LANGUAGES`, if it is set.

    Returns:
        Languages by account, in the senders' order; an account has the languages of all its senders.

    Raises:
        LanguagePolicyError: The override is invalid, or has a label that no sender has.
    """
    overridden = _parse(override or "")
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


def _parse(override: str) -> dict[str, tuple[str, ...]]:
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
        found[label] = tuple(_checked_code(language) for language in languages)
    return found


def _checked_code(language: str) -> str:
    code = normalise_language(language)
    if code is None or code not in META_LANGUAGES:
        raise LanguagePolicyError(f'{OVERRIDE}: "{language}" is no language that Meta has templates in; correct it.')
    return code


def check_languages(templates: Iterable[Template], languages_by_account: Mapping[Account, Sequence[str]]) -> None:
    """Check that the catalog has every template in every language of the policy.

    Raises:
        LanguagePolicyError: With a sentence for each missing file.
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
