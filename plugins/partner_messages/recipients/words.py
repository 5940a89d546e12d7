"""The intent of a partner's text: stop, start, a language, help, later, maybe stop, or other.

Only a whole message counts as a command. A text that only sounds like STOP (a short text with a stop word, "please
don't send") is left to a person (docs/design.md, decision 13).
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping


class Intent(enum.StrEnum):
    """What a message asks for."""

    STOP = "stop"
    START = "start"
    ENGLISH = "english"
    HINDI = "hindi"
    HELP = "help"
    LATER = "later"
    MAYBE_STOP = "maybe_stop"
    OTHER = "other"

    @property
    def language(self) -> str | None:
        """The language that it asks for, if any."""
        return {Intent.ENGLISH: "en", Intent.HINDI: "hi"}.get(self)


_WORDS: Mapping[Intent, tuple[str, ...]] = {
    Intent.STOP: (
        *("stop", "stopall", "stop all", "unsubscribe", "quit", "revoke", "remove", "optout", "opt out"),
        *("रोकें", "रोको", "बंद करो", "बंद करें", "स्टॉप"),
    ),
    Intent.START: ("start", "unstop", "resume", "शुरू", "चालू करें"),
    Intent.ENGLISH: ("english", "अंग्रेज़ी", "अंग्रेजी"),
    Intent.HINDI: ("hindi", "हिंदी", "हिन्दी"),
    Intent.HELP: ("help", "info", "मदद", "need help", "मदद चाहिए"),
    Intent.LATER: ("remind me later", "बाद में याद दिलाएँ"),
}
"""The commands of each intent: a whole message, normalised. HELP and LATER end with the labels of buttons."""

_LIKE_STOP_ALONE = ("cancel", "end", "बंद", "band", "बन्द", "unsub", "block", "spam")
"""May mean STOP as a whole message: "बंद" may be "closed today", and "cancel" may be about the run."""

_APOSTROPHES = re.compile("[\u2018\u2019\u00b4`]| \u0301(?=t)")
"""How phones write the apostrophe of "don't". (NFKC makes the acute accent of a space and an accent.)"""

_LIKE_STOP_IN_SHORT = (
    *("s t o p", "un subscribe", "बँद करो", "बँद करें", "बँद कर", "स्टाप", "सटॉप"),
    *("roko", "roke", "rok do", "rok dijiye", "band karo", "band kro", "band kare", "band karein", "band kar"),
    *("bandh karo", "bandh kar", "bnd kro", "bnd karo", "stop it"),
    *("रोक दो", "रोक दें", "रोक दीजिए", "रोकिए", "बंद कर", "बंद करिए", "बंद कीजिए", "बन्द करो", "बन्द करें", "बन्द कर"),
    *("बंद हो", "अनसब्सक्राइब", "हटा दो", "हटाओ", "हटाइए", "hata do", "hatao"),
    *("delete my number", "wrong number", "गलत नंबर"),
)
"""May mean STOP in a short text."""

_LIKE_STOP_ANYWHERE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(do not|don'?t|dont|donot|never|no need to|stop|quit|please no) (ever )?(send|sending|message|messaging|msg"
        r"|text|texting|write|writing|contact|contacting|remind|reminding|disturb|disturbing|call)",
        r"\b(no|not) (more|any more|want|wanting)( \w+)? (messages?|msgs?|reminders?|texts?)",
        r"\b(leave me alone|take me off|remove (me|my)|unsubscribe me|opt me out)\b",
        r"\b(messages?|msgs?|massages?|reminders?) ?(ko|ye|yeh)? ?(mat|na|band|bandh|nahi|nahin)\b",
        r"\bmat (bhej|bhejo|bhejiye|bhejna|karo|kro|kijiye|karna)",
        r"\b(na|nahi|nahin) (bheje|bhejen|bhejein|bhejiye|bhejo|bhejna)\b",
        r"(^| )(मत|न|ना|नहीं) (भेजो|भेजें|भेजे|भेजिए|भेजिये|भेजना|भेजा करो|लिखो|लिखें|लिखिए|करो मैसेज)( |$)",
        r"(मैसेज|मेसेज|संदेश|सन्देश|रिमाइंडर|मैसेज़)( \S+)? (मत|बंद|बन्द|रोक|नहीं चाहिए|न भेज|ना भेज)",
        r"(मैसेज|मेसेज|संदेश|सन्देश|रिमाइंडर) (की ज़रूरत|की जरूरत) नहीं",
        r"(परेशान|तंग) (मत|न|ना) ",
        r"\b(pareshan|tang|disturb) (mat|na|nahi)\b",
    )
)
"""Sounds like STOP in a text of any length."""

_MAX_SHORT_WORDS = 6
"""Words of a short text, at most. A longer text with a stop word ("the loom has stop, fitter comes tomorrow…") is an
ordinary answer, which a person sees too."""

_EMOJI_MARKS = frozenset({"\ufe0e", "\ufe0f", "\u20e3"})
"""Marks that only change how an emoji is drawn."""


def normalised(text: str) -> str:
    """The text for comparison: NFKC, lower case, without punctuation and emoji around it, one space between words.

    Invisible characters (joiners, direction, emoji style) are removed everywhere: phones add them to Hindi text.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = _APOSTROPHES.sub("'", plain)
    seen = "".join(one for one in plain if not _is_invisible(one))
    words = " ".join(seen.split())
    start, end = 0, len(words)
    while start < end and _is_separator(words[start]):
        start += 1
    while end > start and _is_separator(words[end - 1]):
        end -= 1
    return words[start:end]


def intent_of(text: str | None, *, stop_words: Collection[str] = (), whole: bool = True) -> Intent:
    """The intent of a text.

    Args:
        text: The text, or the label of a tapped button; None if there is none.
        stop_words: Further words that mean STOP (setting `stop_words`).
        whole: Whether it may be a command. A caption or an edited message may not: STOP becomes MAYBE_STOP, and
            everything else OTHER.
    """
    said = normalised(text or "")
    if not said:
        return Intent.OTHER
    further = {normalised(word) for word in stop_words}
    found = Intent.STOP if said in further else _BY_WORD.get(said)
    if found and whole:
        return found
    return Intent.MAYBE_STOP if found is Intent.STOP or _sounds_like_stop(said, further) else Intent.OTHER


def _sounds_like_stop(said: str, further: Iterable[str]) -> bool:
    if said in _STOP_LIKE_ALONE or any(pattern.search(said) for pattern in _LIKE_STOP_ANYWHERE):
        return True
    words = "".join(" " if _is_separator(one) else one for one in said).split()
    if len(words) > _MAX_SHORT_WORDS:
        return False
    flat = f" {' '.join(words)} "
    return any(f" {word} " in flat for word in (*_STOP_LIKE_IN_SHORT, *further))


def _is_invisible(one: str) -> bool:
    return unicodedata.category(one) == "Cf" or one in _EMOJI_MARKS


def _is_separator(one: str) -> bool:
    """Whether a character is punctuation, a symbol (also an emoji) or white space."""
    return unicodedata.category(one)[0] in "PSZC"


_BY_WORD = {normalised(word): intent for intent, words in _WORDS.items() for word in words}
_STOP_LIKE_ALONE = frozenset(map(normalised, _LIKE_STOP_ALONE))
_STOP_LIKE_IN_SHORT = tuple(dict.fromkeys(normalised(word) for word in (*_WORDS[Intent.STOP], *_LIKE_STOP_IN_SHORT)))
