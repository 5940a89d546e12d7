"""Run the applier in a process of its own, so that it takes no time from the receiver's answers."""

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
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook.app import Receiver
from partner_messages.webhook.applier import Applier
from partner_messages.webhook.sessions import SessionPool

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
"""How often it looks for stored webhooks; the receiver cannot wake it."""
PARENT_CHECK_SECONDS = 1.0
"""How often it checks that the receiver still runs."""
RESTART_SECONDS = 1.0
END_SECONDS = 30.0
NICENESS = 10
"""Lets the receiver's answers go first on a machine with few processors."""
GARBAGE_THRESHOLD = 100_000
"""New objects (about ten megabytes) after which Python collects garbage."""
_SPAWNING = multiprocessing.get_context("spawn")


@contextlib.contextmanager
def applying() -> Iterator[None]:
    """Run an applier process while the block runs; restart it if it dies."""
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


def collect_garbage_rarely() -> None:
    """Collect garbage less often in this process.

    The objects of a webhook live as long as its transaction and form no cycles; collecting takes a third of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _apply() -> None:
    """Apply until the receiver sends SIGTERM, or has ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.nice(NICENESS)
    collect_garbage_rarely()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the receiver, which then stops this process.
    receiver = Receiver()
    sessions = SessionPool(open_message_log)
    applier = Applier(sessions, receiver.receiving, run_context.wall_clock, poll_seconds=POLL_SECONDS)
    applier.start()
    parent = multiprocessing.parent_process()
    while not over.wait(PARENT_CHECK_SECONDS) and parent is not None and parent.is_alive():
        pass
    applier.stop()
