"""Render a template's phrases: numbers in words of a language, each the value of one variable.

Meta's templates have no plurals, so "3 runs await your answer, 1 is not started" is one value.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2 import Template as Compiled

# Escaping has no effect, because the values are numbers.
_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined)


class PhraseError(ValueError):
    """A phrase cannot be rendered; the message says why."""


def say(source: str, numbers: Mapping[str, int]) -> str:
    """Render a phrase on one line; the result may be empty.

    Args:
        source: Jinja2.
        numbers: By the names that it uses.

    Raises:
        PhraseError: It is not Jinja2, or uses another name.
    """
    try:
        return " ".join(_compiled(source).render(numbers).split())
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise PhraseError(str(error)) from None


@functools.cache
def _compiled(source: str) -> Compiled:
    return _ENVIRONMENT.from_string(source)
