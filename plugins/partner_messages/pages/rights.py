"""Who may read the pages and who may act, by Airflow's own rights on the reminders' DAG."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails, VariableDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.configuration import conf
from airflow.utils.session import create_session
from fastapi import Depends, Form, HTTPException, Request
from sqlalchemy import select

from partner_messages.config import dag_ids
from partner_messages.config.settings import VARIABLE

may_read = requires_access_dag("GET", param_dag_id=dag_ids.REMINDERS)
may_act = requires_access_dag("PUT", param_dag_id=dag_ids.REMINDERS)
may_trigger_upkeep = requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=dag_ids.UPKEEP)
may_trigger_templates = requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=dag_ids.TEMPLATES)
may_trigger = requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=dag_ids.REMINDERS)


@dataclass(frozen=True)
class Person:
    """Who asks for a page.

    Attributes:
        name: By which Airflow knows them; acts are kept under it.
        may_act: Whether they may do more than read; numbers are masked for who may not.
        may_set: Whether they may change the settings, too, which are a Variable of Airflow's.
        token: What a form of theirs must bring back.
    """

    name: str
    may_act: bool
    may_set: bool
    token: str


def _person(user: GetUserDep) -> Person:
    allowed = get_auth_manager().is_authorized_dag(method="PUT", details=DagDetails(id=dag_ids.REMINDERS), user=user)
    variable = VariableDetails(key=VARIABLE)
    sets = allowed and get_auth_manager().is_authorized_variable(method="PUT", details=variable, user=user)
    return Person(user.get_name(), allowed, sets, _token_of(user.get_id()))


def _token_of(user_id: str) -> str:
    """What a page of another origin cannot know: bound to the user and to this Airflow's secret key."""
    secret = conf.get_mandatory_value("api", "secret_key").encode()
    return hmac.new(secret, f"partner-messages:{user_id}".encode(), hashlib.sha256).hexdigest()


Reader = Annotated[Person, Depends(_person)]


def _actor(request: Request, person: Reader, token: Annotated[str, Form(alias="_token")] = "") -> Person:
    origin = request.headers.get("origin")
    is_ours = request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and (
        origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )
    if not (is_ours and hmac.compare_digest(token.encode(), person.token.encode())):
        raise HTTPException(403, "This form does not come from a page that was opened by you; open the page again.")
    return person


Actor = Annotated[Person, Depends(_actor)]


def _setter(person: Actor) -> Person:
    if not person.may_set:
        raise HTTPException(
            403,
            f"The settings are Airflow's Variable {VARIABLE}, and you may not edit Variables; ask somebody who may.",
        )
    return person


Setter = Annotated[Person, Depends(_setter)]


def roles_without_pages() -> list[str]:
    """The roles that may read DAGs and yet find no page in Airflow's navigation (docs/pages.md).

    Airflow's UI asks for all plugins first, and the FAB auth manager lets its roles Viewer and User read none; the
    simple one has no such roles.
    """
    manager = get_auth_manager()
    if "fab" not in type(manager).__module__.split("."):
        return []
    models = importlib.import_module("airflow.providers.fab.auth_manager.models")
    with contextlib.suppress(Exception), create_session() as session:  # A page is shown without it, too.
        found = session.scalars(select(models.Role)).unique().all()
        may = {role.name: {(one.action.name, one.resource.name) for one in role.permissions} for role in found}
        return sorted(name for name, its in may.items() if ("can_read", "DAGs") in its and _SEES_PLUGINS not in its)
    return []


_SEES_PLUGINS = ("can_read", "Plugins")
