"""The application: admin routes, the phone page, and Meta's API on all other paths."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.graph_api.admin import PREFIX, router
from sandbox.graph_api.graph import GraphEndpoint
from sandbox.graph_api.page import NoSuchAnswerError, answer_as_partner, phone_page
from sandbox.graph_api.world import World


def create_app(world: World) -> FastAPI:
    """The web application with this state."""
    app = FastAPI(title="Local Graph API", openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None)
    app.state.world = world
    app.include_router(router)

    @app.get("/", response_class=HTMLResponse)
    @app.get(f"{PREFIX}/phone", response_class=HTMLResponse)
    async def phone(phone_number_id: str | None = None, to: str | None = None, watch: bool = False) -> HTMLResponse:
        """Every message as on a phone."""
        return phone_page(world, phone_number_id=phone_number_id, to=to, watch=watch)

    @app.post(f"{PREFIX}/answer")
    async def answer(request: Request) -> Response:
        """A person answers as the partner on the phone page."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("Only the page itself may answer.", 403)
        form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
        try:
            return RedirectResponse(answer_as_partner(world, form), 303)
        except NoSuchAnswerError as error:
            return PlainTextResponse(str(error), 404)

    graph = GraphEndpoint(world)
    methods = ["GET", "POST", "DELETE"]
    app.router.routes.insert(0, Route("/v{path:path}", graph, methods=methods))  # First, for the speed of a benchmark.
    app.router.routes.append(Route("/{path:path}", graph, methods=methods))
    return app
