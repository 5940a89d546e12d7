"""Says numbers in the words of a language: a template's phrases, of which each is the value of one variable.

Meta's templates know no plurals, so "3 runs await your answer, 1 is not started" is made here and travels whole.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2 import Template as Compiled

# Escaping touches values alone, and these are numbers.
_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined)


class PhraseError(ValueError):
    """A phrase cannot be said; the message says why."""


def say(source: str, numbers: Mapping[str, int]) -> str:
    """Say a phrase on one line; nothing may be left to say.

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
