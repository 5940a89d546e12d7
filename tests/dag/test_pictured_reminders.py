"""Family v2: the design's picture above the text, and a button that signs the partner in."""

from __future__ import annotations

import jwt

from sandbox.connections import PORTAL, PORTAL_SECRET
from support.small_shops import PICTURED
from support.ticks import xcoms_of


def test_a_reminder_shows_the_picture_and_its_button_signs_its_partner_in(
    run_tick, one_pictured_run, with_picture, graph_api, deployment, log, caplog
):
    tick = run_tick()

    assert (tick.state, tick.ends) == ("success", {one_pictured_run: "sent"})
    (message,) = graph_api.outbox()
    assert message["template_name"] == PICTURED
    assert message["header"] == {"type": "image", "link": with_picture}
    bare, _, token = message["buttons"][0]["url"].partition("?wa_token=")
    claims = jwt.decode(
        token, PORTAL_SECRET, algorithms=["HS256"], issuer="jyt-whatsapp", options={"verify_exp": False}
    )
    assert (bare, claims["run_id"]) == (f"{PORTAL}/production-runs/{one_pictured_run}", one_pictured_run)
    assert claims["sub"] == tick.rows[0]["partner_id"]
    assert claims["iat"] == int(deployment.now.timestamp()), "it is made at the moment of sending"
    (row,) = log.execute("SELECT message_log::text AS everything FROM message_log").fetchall()
    assert token not in row["everything"]
    assert token not in xcoms_of(tick.run_id) + caplog.text
