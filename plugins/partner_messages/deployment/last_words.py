"""What a task says of its end, where operations see it: in lines of its own, and in the summary of its run.

Airflow writes why a task failed above a traceback of fifteen lines, and why one was skipped into a folded group.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

SENTENCE = "sentence"
"""Under which XCom a task that failed or was skipped leaves the sentence that says why."""


@contextlib.contextmanager
def saying_why(also: Callable[[], Iterable[str]] = tuple) -> Iterator[None]:
    """Say why the task fails or is skipped before Airflow does, and leave it for the run's summary.

    Args:
        also: Gives what is to be said beside it, each in a sentence.
    """
    try:
        yield
    except AirflowSkipException as error:
        _say(logging.INFO, str(error), also())
        raise
    except AirflowException as error:
        _say(logging.ERROR, str(error), also())
        raise
    except Exception as error:
        # An error of another package may quote anything, a phone number too.
        _say(logging.ERROR, mask(f"{type(error).__name__}: {error}"), also())
        raise


def _say(level: int, why: str, also: Iterable[str]) -> None:
    more = tuple(also)
    sentence = "\n".join((f"{why.removesuffix('.')}.", *more)) if more else why
    for line in sentence.splitlines():
        log.log(level, "%s", line)
    leave(SENTENCE, sentence)


def leave(key: str, text: str) -> None:
    """Leave a text as an XCom of the task that runs here, if Airflow runs one."""
    # An error here must not replace the one that the text tells of.
    try:
        get_current_context()["ti"].xcom_push(key=key, value=text)
    except Exception:
        log.debug("%s could not be left for the run's summary.", key, exc_info=True)
