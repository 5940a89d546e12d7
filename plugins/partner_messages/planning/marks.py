"""Marks by which a message that somebody has seen is known again: an approval holds for what was seen alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

_SEEN = ("partner_id", "message_kind", "sender", "to_phone", "language", "template_name", "body_text")
"""The columns of a message that somebody sees, beside the runs that it speaks of."""


def mark_of(message: Mapping[str, Any]) -> str:
    """A mark for a message (a draft's fields, or a row's columns): any other text, recipient or run has another one."""
    seen = [sorted(message["production_run_ids"]), *(message[name] for name in _SEEN)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def mark_of_all(marks: Iterable[str]) -> str:
    """One mark for several messages, in whatever order."""
    return hashlib.sha256("".join(sorted(marks)).encode()).hexdigest()
