"""Meta's rules for templates, as far as they can be checked before Meta is asked: a table of small checks.

Source: Meta's pages on template components, review and time to live (reference "whatsapp-cloud-api", sections 1.2, 1.6
and 4.4). Left out is the ratio of variables to words (2388293), which Meta does not publish.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeAlias

from partner_messages.recipients.language import LAST_RESORT
from partner_messages.templates.cleaning import clean, whatsapp_length
from partner_messages.templates.definition import Definition, ImageHeader, QuickReply, TextHeader, UrlButton
from partner_messages.templates.languages import META_LANGUAGES
from partner_messages.templates.render import Placeholder, own_words, parts, placeholders

BODY_LIMIT = 1024
HEADER_LIMIT = 60
_FOOTER_LIMIT = 60
_LABEL_LIMIT = 25
_BUTTON_LIMIT = 10
_URL_BUTTON_LIMIT = 2
_PICTURE_LIMIT = 5 * 1024 * 1024
_SECONDS_TO_LIVE = range(30, 43_201)
_CATEGORIES = ("UTILITY", "MARKETING")

ROOM_FOR_A_VALUE = 60
"""Characters of the body that every variable can count on: a run's id (35) is never cut."""

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_FORMATTING = frozenset("*_~`\n")


@dataclass(frozen=True)
class Failure:
    """A rule that a file breaks.

    Attributes:
        file: The file within the catalog.
        rule: What must hold.
        fix: What to change.
    """

    file: str
    rule: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}; {self.fix}."


Broken: TypeAlias = Iterator[tuple[str, str]]
"""Pairs of a file and what to change in it."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        says: What must hold, as half a sentence.
        broken: Where a template breaks it.
    """

    says: str
    broken: Callable[[Definition], Broken]


def room_for_a_value(definition: Definition) -> int:
    """How long each value may be so that the filled-in body keeps within Meta's limit in every language."""
    longest = max(whatsapp_length(own_words(one.body)) for one in definition.translations.values())
    return (BODY_LIMIT - longest) // max(1, len(definition.variables))


def _name(definition: Definition) -> Broken:
    if not _NAME.fullmatch(definition.name):
        yield definition.file, "rename the folder"


def _category(definition: Definition) -> Broken:
    if definition.category not in _CATEGORIES:
        yield definition.file, f'change category "{definition.category}"'


def _time_to_live(definition: Definition) -> Broken:
    seconds = definition.ttl_seconds
    if definition.category == "UTILITY" and seconds is not None and seconds not in _SECONDS_TO_LIVE:
        yield definition.file, f"change ttl_seconds = {seconds}"


def _variables_differ(definition: Definition) -> Broken:
    for names in (definition.variables, definition.other_variables):
        for name, count in Counter(names).items():
            if count > 1:
                yield definition.file, f'rename one "{name}"'


def _languages(definition: Definition) -> Broken:
    for one in definition.translations.values():
        if one.language not in META_LANGUAGES:
            yield one.file, f'rename the file, for "{one.language}" is none of them'


def _last_resort(definition: Definition) -> Broken:
    if LAST_RESORT not in definition.translations:
        yield definition.file, f"add body.{LAST_RESORT}.j2"


def _body_length(definition: Definition) -> Broken:
    for one in definition.translations.values():
        if not own_words(one.body).strip():
            yield one.file, "write the text"
        elif len(definition.variables) * ROOM_FOR_A_VALUE > BODY_LIMIT - whatsapp_length(own_words(one.body)):
            yield one.file, "shorten the text"


def _body_variables(definition: Definition) -> Broken:
    for one in definition.translations.values():
        used = Counter(placeholders(one.body))
        for name in definition.variables:
            if used[name] != 1:
                yield one.file, f"use {{{{ {name} }}}} once instead of {used[name]} times"
        for name in used.keys() - set(definition.variables):
            yield one.file, f'add "{name}" to the variables of {definition.file} or remove {{{{ {name} }}}}'


def _body_ends(definition: Definition) -> Broken:
    for one in definition.translations.values():
        solid = [part for part in parts(one.body) if isinstance(part, Placeholder) or part.strip()]
        for part, where in ((solid[:1], "before"), (solid[-1:], "after")):
            if part and isinstance(part[0], Placeholder):
                yield one.file, f"put words {where} {{{{ {part[0].name} }}}}"


def _adjacent_variables(definition: Definition) -> Broken:
    for one in definition.translations.values():
        solid = [part for part in parts(one.body) if isinstance(part, Placeholder) or part.strip()]
        for left, right in pairwise(solid):
            if isinstance(left, Placeholder) and isinstance(right, Placeholder):
                yield one.file, f"put words between {{{{ {left.name} }}}} and {{{{ {right.name} }}}}"


def _braces(definition: Definition) -> Broken:
    for one in definition.translations.values():
        texts = (own_words(one.body), own_words(one.header or ""), own_words(one.footer or ""), *one.buttons)
        if any(brace in text for text in texts for brace in "{}"):
            yield one.file, "remove the braces"


def _examples(definition: Definition) -> Broken:
    needed = {*definition.variables, *definition.other_variables}
    for one in definition.translations.values():
        for name in sorted(needed):
            example = one.examples.get(name)
            if example is None:
                yield one.file, f'give an example of "{name}" here or in {definition.file}'
            elif clean(example, longest=ROOM_FOR_A_VALUE) != example and name in definition.variables:
                yield one.file, f'make the example of "{name}" a line of at most {ROOM_FOR_A_VALUE} characters'
        for name in sorted(one.examples.keys() - needed):
            yield one.file, f'remove the example of "{name}", which is no variable'


def _header(definition: Definition) -> Broken:
    header = definition.header
    for one in definition.translations.values():
        if not isinstance(header, TextHeader):
            if one.header is not None:
                yield one.file, "remove header, for the definition has no text header"
        elif not one.header:
            yield one.file, "give the header's text"
        else:
            if placeholders(one.header) != ((header.variable,) if header.variable else ()):
                yield one.file, f"use {header.variable or 'no variable'} in the header, once"
            room = HEADER_LIMIT - whatsapp_length(own_words(one.header))
            if room < 0 or (header.variable and whatsapp_length(one.examples.get(header.variable, "")) > room):
                yield one.file, "shorten the header"


def _picture(definition: Definition) -> Broken:
    if isinstance(definition.header, ImageHeader):
        picture = definition.header.example
        if not picture.is_file():
            yield definition.file, f"add the file {picture.name}"
        elif picture.stat().st_size > _PICTURE_LIMIT or not picture.read_bytes().startswith(_PICTURE_STARTS):
            yield f"{definition.name}/{picture.name}", "use another picture"


def _footer(definition: Definition) -> Broken:
    footers = {one.footer is not None for one in definition.translations.values()}
    for one in definition.translations.values():
        if one.footer is None:
            if len(footers) > 1:
                yield one.file, "give the footer, for other languages have one"
        elif placeholders(one.footer):
            yield one.file, "remove the footer's variables"
        elif not 0 < whatsapp_length(one.footer.strip()) <= _FOOTER_LIMIT:
            yield one.file, "shorten the footer" if one.footer.strip() else "write the footer"


def _number_of_buttons(definition: Definition) -> Broken:
    urls = sum(isinstance(button, UrlButton) for button in definition.buttons)
    if len(definition.buttons) > _BUTTON_LIMIT or urls > _URL_BUTTON_LIMIT:
        yield definition.file, "remove buttons"


def _order_of_buttons(definition: Definition) -> Broken:
    blocks = groupby(isinstance(button, QuickReply) for button in definition.buttons)
    if sum(is_reply for is_reply, _ in blocks) > 1:
        yield definition.file, "put the quick replies together"


def _labels(definition: Definition) -> Broken:
    for one in definition.translations.values():
        if len(one.buttons) != len(definition.buttons):
            yield one.file, f"give {len(definition.buttons)} labels in buttons instead of {len(one.buttons)}"
        for label in one.buttons:
            if not 0 < whatsapp_length(label.strip()) <= _LABEL_LIMIT:
                yield one.file, f'change the length of "{label}"'
            if any(character in _FORMATTING or _is_emoji(character) for character in label):
                yield one.file, f'write "{label}" in plain letters'


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) == "So" or character == "\ufe0f"


RULES: tuple[Rule, ...] = (
    Rule("a name has lower-case letters, digits and underscores, at most 512", _name),
    Rule(f"the category is {' or '.join(_CATEGORIES)}", _category),
    Rule("a UTILITY template lives between 30 and 43200 seconds", _time_to_live),
    Rule("the variables of the body have different names, and so have those of header and buttons", _variables_differ),
    Rule("a language is one that Meta knows", _languages),
    Rule("every template has English, which stands in for any other language", _last_resort),
    Rule(
        f"a body has words, and within {BODY_LIMIT} characters room for {ROOM_FOR_A_VALUE} in each variable",
        _body_length,
    ),
    Rule("every language uses exactly the variables of the definition, each once", _body_variables),
    Rule("a body neither begins nor ends with a variable", _body_ends),
    Rule("two variables do not stand side by side", _adjacent_variables),
    Rule("braces only hold variables", _braces),
    Rule("every variable, and nothing else, has an example that could be sent", _examples),
    Rule(f"a text header has at most {HEADER_LIMIT} characters and the definition's one variable", _header),
    Rule("the example picture is a JPEG or PNG of at most 5 MB", _picture),
    Rule(f"a footer has at most {_FOOTER_LIMIT} characters and no variables", _footer),
    Rule(f"there are at most {_BUTTON_LIMIT} buttons, {_URL_BUTTON_LIMIT} of them URLs", _number_of_buttons),
    Rule("quick replies stand together", _order_of_buttons),
    Rule(f"every button has a label of at most {_LABEL_LIMIT} plain characters", _labels),
)

_NO_COPY = "no two templates have the same body and footer"


def failures(definitions: Iterable[Definition]) -> list[Failure]:
    """Every rule that some template breaks."""
    found: list[Failure] = []
    first_with: dict[tuple[str, str, str | None], str] = {}
    for definition in definitions:
        found += [Failure(file, rule.says, fix) for rule in RULES for file, fix in rule.broken(definition)]
        for one in definition.translations.values():
            first = first_with.setdefault((one.language, one.body, one.footer), one.file)
            if first != one.file:
                found.append(Failure(one.file, _NO_COPY, f"write it in other words than {first}"))
    return found
