"""The connection `partner_portal`, as Airflow gives it."""

from __future__ import annotations

import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.deployment.live_settings import load_portal
from sandbox.connections import PORTAL, PORTAL_SECRET, connections
from support.deployment import Deployment


@pytest.fixture
def connect(monkeypatch):
    """Set the connection, with changes."""
    deployed = Deployment(monkeypatch)
    plain = connections(shop_url="", message_log_url="", graph_api_url="")["partner_portal"]
    return lambda **changes: deployed.connect("partner_portal", {**plain, **changes})


def test_the_host_is_the_portal_and_the_password_its_secret(connect):
    connect()

    portal = load_portal()

    assert (portal.base_url, portal.secret) == (PORTAL, PORTAL_SECRET)
    assert portal.link("R") == f"{PORTAL}/production-runs/R"
    assert PORTAL_SECRET not in repr(portal)


def test_a_missing_connection_is_told(connect):
    with pytest.raises(SettingsError, match=r"^There is no connection partner_portal, .*; add it \(type http\)"):
        load_portal()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": None}, "partner_portal: the password is missing"),
        ({"password": "too-short"}, "partner_portal: the password, the secret of the links, is shorter than 32 bytes"),
        ({"host": None}, "partner_portal: the host must be the portal's URL"),
        ({"host": "partners.example"}, "partner_portal: the host must be the portal's URL"),
    ],
)
def test_what_is_wrong_with_it_is_told_without_the_secret(connect, changes, said):
    connect(**changes)

    with pytest.raises(SettingsError) as error:
        load_portal()

    assert str(error.value).startswith(said)
    assert PORTAL_SECRET not in str(error.value)
    assert "too-short" not in str(error.value)
