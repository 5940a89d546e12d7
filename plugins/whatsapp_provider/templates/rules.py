"""Meta's rules for templates that can be checked before submission: a table of small checks.

Source: Meta's pages on template components, review and time to live (docs/reference/whatsapp-cloud-api.md, sections
    1.2, 1.6 and 4.4). Meta does not publish the allowed ratio of variables to words (2388293); the limit here is known
    to pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from typing import TypeAlias

from whatsapp_provider.languages import LAST_RESORT
from whatsapp_provider.meta_languages import META_LANGUAGES
from whatsapp_provider.templates.cleaning import clean, whatsapp_length
from whatsapp_provider.templates.definition import (
    Definition,
    ImageHeader,
    QuickReply,
    TextHeader,
    Translation,
    UrlButton,
)
from whatsapp_provider.templates.meta_form import numbered
from whatsapp_provider.templates.phrases import PhraseError, say
from whatsapp_provider.templates.picture_formats import why_unusable
from whatsapp_provider.templates.render import Part, Placeholder, own_words, parts, placeholders

BODY_LIMIT = 1024
HEADER_LIMIT = 60
_FOOTER_LIMIT = 60
_LABEL_LIMIT = 25
_BUTTON_LIMIT = 10
_URL_BUTTON_LIMIT = 2
_SECONDS_TO_LIVE = {"UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}
_WORDS_PER_VARIABLE = 3

RESERVED_LENGTH = 60
"""Characters of the body that are reserved for each variable, so that a run's id (35) is never cut."""

_PHRASE_NUMBERS = (0, 1, 2, 999)
"""A phrase is checked with every combination of these numbers, except zeros only."""

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_FORMATTING = frozenset("*_~`")
_PLACEHOLDER_LENGTH = len("{{1}}")


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


Problems: TypeAlias = Iterator[tuple[str, str]]
"""Pairs of a file and the fix."""


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        requirement: What must hold, as a clause.
        problems: The check.
    """

    requirement: str
    problems: Callable[[Definition], Problems]


def max_value_length(definition: Definition) -> int:
    """The maximum length of each value with which the filled-in body is within Meta's limit in every language."""
    longest = max(whatsapp_length(own_words(one.body)) for one in definition.translations.values())
    return (BODY_LIMIT - longest) // max(1, len(definition.variables))


def _name(definition: Definition) -> Problems:
    if not _NAME.fullmatch(definition.name):
        yield definition.file, "rename the folder"


def _category(definition: Definition) -> Problems:
    if definition.category not in _SECONDS_TO_LIVE:
        yield definition.file, f'change category "{definition.category}"'


def _time_to_live(definition: Definition) -> Problems:
    seconds, bounds = definition.ttl_seconds, _SECONDS_TO_LIVE.get(definition.category)
    if seconds is not None and bounds and not bounds[0] <= seconds <= bounds[1]:
        yield definition.file, f"change ttl_seconds = {seconds}"


def _variables_differ(definition: Definition) -> Problems:
    for names in (definition.variables, definition.other_variables):
        for name, count in Counter(names).items():
            if count > 1:
                yield definition.file, f'rename one "{name}"'


def _languages(definition: Definition) -> Problems:
    for one in definition.translations.values():
        if one.language not in META_LANGUAGES:
            yield one.file, f'rename the file, for "{one.language}" is none of them'


def _last_resort(definition: Definition) -> Problems:
    if LAST_RESORT not in definition.translations:
        yield definition.file, f"add body.{LAST_RESORT}.j2"


def _body_length(definition: Definition) -> Problems:
    for one in definition.translations.values():
        if not own_words(one.body).strip():
            yield one.file, "write the text"
        elif len(definition.variables) * RESERVED_LENGTH > BODY_LIMIT - whatsapp_length(own_words(one.body)):
            yield one.file, "shorten the text"


def _body_variables(definition: Definition) -> Problems:
    for one in definition.translations.values():
        used = Counter(placeholders(one.body))
        for name in definition.variables:
            if used[name] != 1:
                yield one.file, f"use {{{{ {name} }}}} once instead of {used[name]} times"
        for name in used.keys() - set(definition.variables):
            yield one.file, f'add "{name}" to the variables of {definition.file} or remove {{{{ {name} }}}}'


def _body_ends(definition: Definition) -> Problems:
    for one in definition.translations.values():
        # Meta ignores white space and punctuation there.
        solid = [part for part in parts(one.body) if isinstance(part, Placeholder) or _number_of_words([part])]
        for part, where in ((solid[:1], "before"), (solid[-1:], "after")):
            if part and isinstance(part[0], Placeholder):
                yield one.file, f"put words {where} {{{{ {part[0].name} }}}}"


def _words_per_variable(definition: Definition) -> Problems:
    for one in definition.translations.values():
        words, variables = _number_of_words(parts(one.body)), len(placeholders(one.body))
        if variables and words <= _WORDS_PER_VARIABLE * variables:
            yield one.file, f"write more than its {words} words for {variables} variables, or leave out a variable"


def _number_of_words(text: Iterable[Part]) -> int:
    words = " ".join(part for part in text if isinstance(part, str)).split()
    return sum(any(map(str.isalnum, word)) for word in words)


def _adjacent_variables(definition: Definition) -> Problems:
    for one in definition.translations.values():
        solid = [part for part in parts(one.body) if isinstance(part, Placeholder) or part.strip()]
        for left, right in pairwise(solid):
            if isinstance(left, Placeholder) and isinstance(right, Placeholder):
                yield one.file, f"put words between {{{{ {left.name} }}}} and {{{{ {right.name} }}}}"


def _braces(definition: Definition) -> Problems:
    for one in definition.translations.values():
        texts = (own_words(one.body), own_words(one.header or ""), own_words(one.footer or ""), *one.buttons)
        if any(brace in text for text in texts for brace in "{}"):
            yield one.file, "remove the braces"


def _examples(definition: Definition) -> Problems:
    needed = {*definition.variables, *definition.other_variables}
    for one in definition.translations.values():
        for name in sorted(needed):
            example = one.examples.get(name)
            if example is None:
                yield one.file, f'give an example of "{name}" here or in {definition.file}'
            elif clean(example) != example:
                yield one.file, f'make the example of "{name}" a line without needless spaces'
            elif name in definition.variables and whatsapp_length(example) > RESERVED_LENGTH:
                yield one.file, f'shorten the example of "{name}" to {RESERVED_LENGTH} characters'
        for name in sorted(one.examples.keys() - needed):
            yield one.file, f'remove the example of "{name}", which is no variable'


def _phrases(definition: Definition) -> Problems:
    for name in definition.phrases.keys() - set(definition.variables):
        yield definition.file, f'add "{name}" to the variables, or remove the phrase'
    room = max_value_length(definition)
    for one in definition.translations.values():
        for name in sorted(one.phrases.keys() - definition.phrases.keys()):
            yield one.file, f'remove the phrase "{name}", or state its numbers in {definition.file}'
        for name, told in definition.phrases.items():
            if name not in one.phrases:
                yield one.file, f'give the phrase "{name}"'
            elif problem := _phrase_problem(one.phrases[name], told, room):
                yield one.file, f'repair the phrase "{name}", for {problem}'


def _phrase_problem(phrase: str, told: Sequence[str], room: int) -> str | None:
    for numbers in product(_PHRASE_NUMBERS, repeat=len(told)):
        if any(numbers):
            named = dict(zip(told, numbers, strict=True))
            try:
                said = say(phrase, named)
            except PhraseError as error:
                return str(error)
            if not 0 < (length := whatsapp_length(said)) <= room:
                return f"of {named} it says {length} characters, not 1 to {room}"
    return None


def _header(definition: Definition) -> Problems:
    header = definition.header
    for one in definition.translations.values():
        if not isinstance(header, TextHeader):
            if one.header is not None:
                yield one.file, "remove header, for the definition has no text header"
        elif not (one.header or "").strip():
            yield one.file, "give the header's text"
        else:
            yield from _header_text(one, one.header or "", header.variable)


def _header_text(one: Translation, text: str, variable: str | None) -> Problems:
    if placeholders(text) != ((variable,) if variable else ()):
        yield one.file, f"use {variable or 'no variable'} in the header, once"
    longest = max(_PLACEHOLDER_LENGTH, whatsapp_length(one.examples.get(variable, ""))) if variable else 0
    if whatsapp_length(own_words(text)) + longest > HEADER_LIMIT:
        yield one.file, "shorten the header"
    if not _is_plain(own_words(text)):
        yield one.file, "write the header in plain letters"


def _picture(definition: Definition) -> Problems:
    if isinstance(definition.header, ImageHeader):
        picture = definition.header.example
        if not picture.is_file():
            yield definition.file, f"add the file {picture.name}"
        elif problem := why_unusable(picture.read_bytes()):
            yield definition.file, f"replace {picture.name}, for {problem}"


def _footer(definition: Definition) -> Problems:
    footers = {one.footer is not None for one in definition.translations.values()}
    for one in definition.translations.values():
        if one.footer is None:
            if len(footers) > 1:
                yield one.file, "give the footer, for other languages have one"
        elif placeholders(one.footer):
            yield one.file, "remove the footer's variables"
        elif not one.footer.strip():
            yield one.file, "write the footer"
        elif whatsapp_length(one.footer) > _FOOTER_LIMIT:
            yield one.file, "shorten the footer"
        elif not _is_one_line(one.footer):
            yield one.file, "write the footer on one line"


def _number_of_buttons(definition: Definition) -> Problems:
    urls = sum(isinstance(button, UrlButton) for button in definition.buttons)
    if len(definition.buttons) > _BUTTON_LIMIT or urls > _URL_BUTTON_LIMIT:
        yield definition.file, "remove buttons"


def _order_of_buttons(definition: Definition) -> Problems:
    blocks = groupby(isinstance(button, QuickReply) for button in definition.buttons)
    if sum(is_reply for is_reply, _ in blocks) > 1:
        yield definition.file, "put the quick replies together"


def _labels(definition: Definition) -> Problems:
    for one in definition.translations.values():
        if len(one.buttons) != len(definition.buttons):
            yield one.file, f"give {len(definition.buttons)} labels in buttons instead of {len(one.buttons)}"
        for label in one.buttons:
            if not label.strip() or whatsapp_length(label) > _LABEL_LIMIT:
                yield one.file, f'change the length of "{label}"'
            if not _is_plain(label):
                yield one.file, f'write "{label}" in plain letters'


def _is_plain(text: str) -> bool:
    return _is_one_line(text) and not any(character in _FORMATTING or _is_emoji(character) for character in text)


def _is_one_line(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) == "So" or character == "\ufe0f"


RULES: tuple[Rule, ...] = (
    Rule("a name has lower-case letters, digits and underscores, at most 512", _name),
    Rule(f"the category is {' or '.join(_SECONDS_TO_LIVE)}", _category),
    Rule("a UTILITY template lives 30 to 43200 seconds, a MARKETING one 43200 to 2592000", _time_to_live),
    Rule("the variables of the body have different names, and so have those of header and buttons", _variables_differ),
    Rule("a language is one that Meta knows", _languages),
    Rule("every template has English, which stands in for any other language", _last_resort),
    Rule(
        f"a body has words, and within {BODY_LIMIT} characters room for {RESERVED_LENGTH} in each variable",
        _body_length,
    ),
    Rule("every language uses exactly the variables of the definition, each once", _body_variables),
    Rule("a body neither begins nor ends with a variable", _body_ends),
    Rule(f"a body has more than {_WORDS_PER_VARIABLE} words for each variable", _words_per_variable),
    Rule("two variables do not stand side by side", _adjacent_variables),
    Rule("braces only hold variables", _braces),
    Rule("every variable, and nothing else, has an example that could be sent", _examples),
    Rule("every language has the definition's phrases, which tell any numbers and are variables", _phrases),
    Rule(f"a text header has at most {HEADER_LIMIT} plain characters and the definition's one variable", _header),
    Rule("the example picture is a JPEG or PNG in RGB of at most 5 MB", _picture),
    Rule(f"a footer is a line of at most {_FOOTER_LIMIT} characters without variables", _footer),
    Rule(f"there are at most {_BUTTON_LIMIT} buttons, {_URL_BUTTON_LIMIT} of them URLs", _number_of_buttons),
    Rule("quick replies stand together", _order_of_buttons),
    Rule(f"every button has a label of at most {_LABEL_LIMIT} plain characters", _labels),
)

_NOT_UNIQUE = "no two templates have the same body and footer"


def failures(definitions: Iterable[Definition]) -> list[Failure]:
    """Every rule that some template breaks."""
    found: list[Failure] = []
    first_with: dict[tuple[str, str | None], tuple[str, str]] = {}
    for definition in definitions:
        found += [Failure(file, rule.requirement, fix) for rule in RULES for file, fix in rule.problems(definition)]
        for one in definition.translations.values():
            # Meta compares texts with numbers in place of our variable names, across all languages.
            wording = (numbered(one.body, (*definition.variables, *placeholders(one.body))), one.footer)
            name, file = first_with.setdefault(wording, (definition.name, one.file))
            if name != definition.name:
                found.append(Failure(one.file, _NOT_UNIQUE, f"write it in other words than {file}"))
    return found
