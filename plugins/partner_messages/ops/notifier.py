"""Calls the Airflow notifiers that the settings name."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from partner_messages.config.ends import TryLater
from partner_messages.config.setting_groups import NotifierSpec
from partner_messages.config.settings import VARIABLE, Settings, SettingsError
from partner_messages.deployment.live_settings import load_settings
from partner_messages.ops.notifier_classes import NotANotifier, check_arguments, notifier_class
from partner_messages.ops.notifier_templates import TemplateProblem, check_templates
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

_OF_A_RUN = ("dag_id", "run_id", "run_type", "logical_date", "run_after", "start_date", "end_date", "state")
_OF_A_TASK = (
    *("dag_id", "task_id", "run_id", "map_index", "try_number", "max_tries", "state", "hostname"),
    *("start_date", "end_date", "log_url", "mark_success_url"),
)
_PLAIN = (str, int, float, bool, dt.datetime, dt.date)


KEPT_VARIABLE = f"{VARIABLE}_last_on_failure"
"""The Variable in which preflight keeps the last good notifier of the setting `on_failure`."""

_ESCALATION = dict.fromkeys(("production_run_id", "partner_id", "kind", "reason", "since", "key"), "1")
"""As `Trouble.as_json` has it, and its deduplication key."""

MENTIONS: Mapping[str, Mapping[str, Any]] = {
    "on_failure": {},
    "on_escalation": {"escalations": [_ESCALATION], "escalations_text": "1", "escalations_key": "1"},
    "on_summary": dict.fromkeys(("summary_title", "summary_text", "summary_key", "summary_address"), "1"),
}
"""What a setting's notifier is told beside `task_details`, with a value of its kind."""


def _sample(names: tuple[str, ...]) -> SimpleNamespace:
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return SimpleNamespace(**{name: moment if name.endswith(("_date", "_after")) else "1" for name in names})


_SAMPLE = {"dag_run": _sample(_OF_A_RUN), "ti": _sample(_OF_A_TASK)}


class NotTold(TryLater):
    """A notifier failed; worth a retry."""


def check_notifiers(settings: Settings) -> None:
    """See that the notifiers can be made and their templates filled in, before there is something to tell.

    Raises:
        SettingsError: Naming the setting of the first one that cannot.
    """
    for setting in MENTIONS:
        if spec := getattr(settings, setting):
            _check(spec, setting)


def _check(spec: NotifierSpec, setting: str) -> None:
    fields = _made(spec, setting).template_fields
    try:
        check_templates(spec.args, fields, {**task_details(_SAMPLE), **MENTIONS[setting]})
    except TemplateProblem as error:
        raise SettingsError(f'Variable {VARIABLE}: "{setting}": {error}.') from None


def keep_on_failure(settings: Settings) -> None:
    """Keep the notifier of a Variable that was right, for a time when it is not and somebody must be told so."""
    from airflow.sdk import Variable

    spec = settings.on_failure
    wanted = spec.model_dump_json(by_alias=True) if spec else ""
    try:
        if Variable.get(KEPT_VARIABLE, default="") != wanted:
            Variable.set(KEPT_VARIABLE, wanted, description="The last good on_failure; preflight keeps it here.")
    except Exception as error:
        # Reminders are sent even where the notifier cannot be kept.
        log.warning("The notifier of setting on_failure could not be kept in Variable %s: %s", KEPT_VARIABLE, error)


def on_failure_now() -> NotifierSpec | None:
    """The notifier of the setting `on_failure`; the last good one where that, or the whole Variable, is wrong."""
    from airflow.sdk import Variable

    try:
        if spec := load_settings().on_failure:
            _check(spec, "on_failure")
    except SettingsError as error:
        log.warning("%s Operations are told through the last notifier that was right.", error)
    else:
        return spec
    kept = Variable.get(KEPT_VARIABLE, default="")
    return NotifierSpec.model_validate_json(kept) if kept else None


def notify(
    spec: NotifierSpec, setting: str, context: Mapping[str, Any], mentions: Mapping[str, Any] | None = None
) -> None:
    """Make a notifier and call it once.

    Args:
        spec: Its class and arguments.
        setting: The setting that names it.
        context: The task's, of which it is told what `task_details` says.
        mentions: What else its templated arguments may mention.

    Raises:
        SettingsError: There is no such class, or it does not take these arguments.
        NotTold: It failed.
    """
    notifier = _made(spec, setting)
    try:
        notifier({**task_details(context), **(mentions or {})})
    except Exception as error:
        raise NotTold(
            f"The notifier {spec.class_path} of setting {setting} failed"
            f" ({type(error).__name__}: {mask(str(error))}), so nobody was told."
        ) from None


def task_details(context: Mapping[str, Any]) -> dict[str, Any]:
    """What a notifier is told of a task: names, times and states, and nothing that leads to more.

    Its arguments are templates that whoever edits the Variable has written: with all that Airflow tells a task they
    could read every connection's password, and with the DAG the files of its folder.
    """
    return {
        "dag_run": _plain_copy(context.get("dag_run"), _OF_A_RUN),
        **dict.fromkeys(("ti", "task_instance"), _plain_copy(context.get("ti"), _OF_A_TASK)),
        "exception": mask(str(context.get("exception") or "")),
    }


def _plain_copy(thing: Any, names: tuple[str, ...]) -> SimpleNamespace:
    found = {name: getattr(thing, name) for name in names if getattr(thing, name, None) is not None}
    return SimpleNamespace(**{name: one if isinstance(one, _PLAIN) else str(one) for name, one in found.items()})


def _made(spec: NotifierSpec, setting: str) -> Any:
    try:
        check_arguments(spec.class_path, spec.args)
        return notifier_class(spec.class_path)(**spec.args)
    except NotANotifier as error:
        raise SettingsError(f'Variable {VARIABLE}: "{setting}": {spec.class_path} cannot be used: {error}.') from None
    except Exception as error:
        raise SettingsError(
            f'Variable {VARIABLE}: "{setting}": {spec.class_path} cannot be made'
            f" ({type(error).__name__}: {mask(str(error))}); correct its class or its args."
        ) from None
