"""The tasks of `message_log_upkeep` as Airflow calls them: the context comes in, Airflow's own endings go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partner_messages.params import ClosingParams, HaltParams, SettlingParams, TrustParams
from partner_messages.run_context import RunFacts
from partner_messages.tasks import escalate, halt_by_hand, log_checks, upkeep
from partner_messages.tasks import settle_by_hand as by_hand
from partner_messages.tasks.dealing import max_map_length
from partner_messages.tasks.endings import airflow_endings
from partner_messages.tick import Tick


def halt_sending(context: Mapping[str, Any]) -> str:
    """See `tasks/halt_by_hand.py`."""
    with airflow_endings():
        return halt_by_hand.halt_by_hand(HaltParams.of(context["params"]), RunFacts.of(context).run_after)


def sweep(context: Mapping[str, Any]) -> dict[str, Any]:
    """See `upkeep.look_after_the_log`; before it, somebody may say that the log can be trusted again."""
    with airflow_endings():
        log_checks.trust_by_hand(TrustParams.of(context["params"]))
        return upkeep.look_after_the_log(RunFacts.of(context))


def release(tick: dict[str, Any]) -> list[dict[str, Any]]:
    """See `upkeep.release_due`."""
    with airflow_endings():
        return upkeep.release_due(Tick.from_xcom(tick), max_map_length())


def forget() -> dict[str, int]:
    """See `upkeep.forget_what_is_old`."""
    with airflow_endings():
        return upkeep.forget_what_is_old()


def close_escalation(context: Mapping[str, Any]) -> str:
    """See `escalate.close_by_hand`."""
    with airflow_endings():
        return escalate.close_by_hand(ClosingParams.of(context["params"]))


def settle_message(context: Mapping[str, Any]) -> str:
    """See `tasks/settle_by_hand.py`."""
    with airflow_endings():
        return by_hand.settle_by_hand(SettlingParams.of(context["params"]))
