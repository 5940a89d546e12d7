"""The tasks of `message_log_upkeep` as Airflow calls them: the context comes in, Airflow's own endings go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partner_messages.deployment.endings import airflow_endings
from partner_messages.deployment.forms import UPKEEP
from partner_messages.deployment.params import (
    ClosingParams,
    HaltParams,
    OptOutParams,
    PromiseParams,
    SettlingParams,
    TrustParams,
    check_names,
)
from partner_messages.deployment.run_context import run_pass
from partner_messages.messages.tick import Tick
from partner_messages.ops import escalate, halt_by_hand, log_checks, said_by_hand, upkeep
from partner_messages.ops import settle_by_hand as by_hand
from partner_messages.planning.dealing import max_map_length


def _params(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The run's params, none of them mistyped: an act by hand that nobody understands must not pass for none."""
    check_names(context["params"], UPKEEP)
    params: Mapping[str, Any] = context["params"]
    return params


def halt_sending(context: Mapping[str, Any]) -> str:
    """See `ops/halt_by_hand.py`."""
    with airflow_endings():
        return halt_by_hand.halt_by_hand(HaltParams.of(_params(context)), run_pass(context).run_after)


def sweep(context: Mapping[str, Any]) -> dict[str, Any]:
    """See `upkeep.look_after_the_log`; before it, somebody may say that the log can be trusted again."""
    with airflow_endings():
        log_checks.trust_by_hand(TrustParams.of(_params(context)))
        return upkeep.look_after_the_log(run_pass(context))


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
        return escalate.close_by_hand(ClosingParams.of(_params(context)))


def tell_at_once(tick: dict[str, Any], context: Mapping[str, Any]) -> int:
    """See `escalate.tell_at_once`."""
    with airflow_endings():
        return escalate.tell_at_once(Tick.from_xcom(tick), context)


def enter_promise(context: Mapping[str, Any]) -> str:
    """See `said_by_hand.promise_by_hand`."""
    with airflow_endings():
        return said_by_hand.promise_by_hand(PromiseParams.of(_params(context)))


def enter_opt_out(context: Mapping[str, Any]) -> str:
    """See `said_by_hand.opt_out_by_hand`."""
    with airflow_endings():
        return said_by_hand.opt_out_by_hand(OptOutParams.of(_params(context)))


def settle_message(context: Mapping[str, Any]) -> str:
    """See `ops/settle_by_hand.py`."""
    with airflow_endings():
        return by_hand.settle_by_hand(SettlingParams.of(_params(context)))
