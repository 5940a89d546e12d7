"""What follows from Meta's answer to one message that is sent by itself: done, to be repaired, or tried again."""

from __future__ import annotations

from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Refused, Unknown
from whatsapp_provider.api.errors import Action
from whatsapp_provider.ends import RepairNeeded, TryLater
from whatsapp_provider.masking import mask_wamid


class MessageRefused(RepairNeeded):
    """Meta does not take the message, and would not take it a second time; the sentence says why and what to do."""


class MessageUnknown(RepairNeeded):
    """The message has perhaps left, so it is not sent a second time."""


class MessageNotSent(TryLater):
    """The message has certainly not left; a later try may succeed."""


def accepted(conn_id: str, answer: Answer) -> Accepted:
    """The answer, if Meta has taken the message.

    Raises:
        MessageRefused, MessageUnknown: It is not to be sent again by itself.
        MessageNotSent: It may be sent again.
    """
    match answer:
        case Accepted():
            return answer
        case Refused():
            meaning = answer.meaning
            said = f"{conn_id}: {meaning.meaning} ({answer.code}: {answer.details.rstrip('.')}). {meaning.advice}"
            later = meaning.action in (Action.RETRY_NOW, Action.RETRY_LATER)
            raise (MessageNotSent if later else MessageRefused)(said)
        case NotSent():
            raise MessageNotSent(f"{conn_id}: the request did not reach Meta: {answer.reason}.")
        case Unknown():
            raise MessageUnknown(
                f"{conn_id}: the request has left and no answer came ({answer.reason}), so the message may have"
                " arrived; clear the task only if it is to be sent a second time."
            )


def in_words(answer: Answer) -> str:
    """The answer for a log, without what identifies a person."""
    match answer:
        case Accepted():
            return f"accepted by Meta as {mask_wamid(answer.message_id)}"
        case Refused():
            return f"refused by Meta ({answer.code})"
        case NotSent():
            return "not sent"
        case Unknown():
            return "sent, and not answered"
