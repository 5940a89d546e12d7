"""Applies in a process of its own what a receiver stores: in the receiver it would take the time of its answers."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.process import BaseProcess

from partner_messages.deployment import run_context
from partner_messages.deployment.receiving import load_receiving
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook.app import Receiver
from partner_messages.webhook.applier import Applier
from partner_messages.webhook.sessions import Sessions

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often it looks; nobody wakes it."""
PARENT_SECONDS = 1.0
"""How often it sees whether the receiver is still there."""
RESTART_SECONDS = 1.0
END_SECONDS = 30.0
NICER = 10
"""By how much it gives way to the answers where there are few processors."""
OBJECTS = 100_000
"""How many more there are than were imported before Python looks for garbage; they come to some ten megabytes."""
_SPAWNING = multiprocessing.get_context("spawn")


@contextlib.contextmanager
def applying() -> Iterator[None]:
    """Let a process apply for as long as the block lasts; one that dies is followed by another."""
    over = threading.Event()
    running: list[BaseProcess] = []

    def keep_one() -> None:
        while not over.is_set():
            process = _SPAWNING.Process(target=_apply, name="webhook-applier", daemon=True)
            process.start()
            running[:] = [process]
            process.join()
            if not over.wait(RESTART_SECONDS):
                log.error("The process that applies webhooks ended (%s); another one begins.", process.exitcode)

    keeper = threading.Thread(target=keep_one, name="webhook-applying", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        for process in running:
            process.terminate()
            process.join(END_SECONDS)


def collect_seldom() -> None:
    """Let Python look for garbage less often in this process.

    What a webhook becomes lives as long as its transaction and refers to nothing in a circle: looking through it time
    and again takes a third of the computing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS)


def _apply() -> None:
    """Apply until the receiver says that it is over, or is gone."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.nice(NICER)
    collect_seldom()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the receiver, which then ends this one.
    receiver = Receiver(load_receiving, open_message_log)
    sessions = Sessions(open_message_log)
    applier = Applier(sessions, receiver.receiving, run_context.wall_clock, look_seconds=LOOK_SECONDS)
    applier.start()
    parent = multiprocessing.parent_process()
    while not over.wait(PARENT_SECONDS) and parent is not None and parent.is_alive():
        pass
    applier.stop()
    sessions.close()
