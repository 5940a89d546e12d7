"""The receiver as the process that people start: what it stores is applied, by another process than answers Meta."""

import contextlib

import psutil
import pytest
import requests

from sandbox import receiver
from sandbox.connections import connections
from sandbox.graph_api.accounts import SANDBOX_APP_SECRET
from support.log_rows import put, row
from support.webhooks import of_statuses, signed, status_item


@pytest.fixture
def tell(tmp_path, log_url, shop_url, graph_api):
    """Tells the receiver that a message was delivered, as Meta does."""
    made = connections(shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url)
    number = graph_api.accounts["IN"].phone_number_id
    with receiver.running(tmp_path, made) as url:

        def delivered(wamid):
            body = of_statuses(status_item(wamid, "delivered"), number=number)
            answer = requests.post(url, body, headers=signed(body, SANDBOX_APP_SECRET), timeout=30)
            assert answer.status_code == 200

        yield delivered


def appliers():
    """The processes that apply: the receiver spawns them."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # Others end meanwhile.
            parent = one.parent()
            if parent and "partner_messages.webhook" in parent.cmdline() and "spawn_main" in " ".join(one.cmdline()):
                found.append(one)
    return found


def test_what_is_stored_is_applied_also_after_the_process_that_applies_was_killed(tell, log, wait_for):
    ids = {wamid: put(log, "sent", f"R{wamid[-1]}", meta_message_id=wamid) for wamid in ("wamid.1", "wamid.2")}
    tell("wamid.1")
    wait_for(lambda: row(log, ids["wamid.1"])["status"] == "delivered")
    (applier,) = appliers()

    applier.kill()
    tell("wamid.2")

    wait_for(lambda: row(log, ids["wamid.2"])["status"] == "delivered")
    assert [one.pid for one in appliers()] != [applier.pid]
