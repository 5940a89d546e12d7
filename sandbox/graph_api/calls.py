"""Authenticate a request: its route, and the accounts that its token sees."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.clock import iso
from sandbox.graph_api.errors import GraphError, missing_object
from sandbox.graph_api.exchange import GraphRequest
from sandbox.graph_api.routes import Route
from sandbox.graph_api.subscriptions import App
from sandbox.graph_api.template_store import Template
from sandbox.graph_api.uploads import Upload
from sandbox.graph_api.versions import check_version
from sandbox.graph_api.world import World

SCHEMES = ("bearer", "oauth")


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request.

    Attributes:
        request: The request.
        route: Its route.
        accounts: The accounts that its token sees; all other ids are "missing".
        app_id: The app of the token.
        of_app: Whether it is the app's own token, which is only for the app's settings.
    """

    request: GraphRequest
    route: Route
    accounts: tuple[Account, ...]
    app_id: str
    of_app: bool = False

    def missing(self) -> GraphError:
        """The error for an id that the token does not see."""
        return missing_object(self.route.object_id, self.request.method)

    def account_by(self, field: str, value: str | None = None) -> Account:
        """The account whose field has this value (by default the id in the path).

        Raises:
            GraphError: 100 with subcode 33 if the token sees no such account.
        """
        wanted = value or self.route.object_id
        for account in self.accounts:
            if getattr(account, field) == wanted:
                return account
        raise self.missing()

    def user_app(self, world: World) -> App:
        """The app of the token."""
        return world.subscriptions.apps[self.app_id]

    def own_app(self, world: World) -> App:
        """The app in the path, if the token is its own.

        Raises:
            GraphError: 15 for a user's token, 100 with subcode 33 for another app's.
        """
        if not self.of_app:
            raise GraphError(15, message="(#15) This method must be called with an app access_token.")
        if self.app_id != self.route.object_id:
            raise self.missing()
        return self.user_app(world)

    def names_phone(self) -> bool:
        """Whether the id in the path is a phone number that the token sees."""
        return any(account.phone_number_id == self.route.object_id for account in self.accounts)

    def template(self, world: World) -> tuple[Template, Account]:
        """The template with the id in the path, and its account.

        Raises:
            GraphError: 100 with subcode 33 if the token sees no such template.
        """
        template = world.templates.by_id(self.route.object_id, self.request.received_at)
        if template is None:
            raise self.missing()
        return template, self.account_by("waba_id", template.waba_id)

    def upload(self, world: World) -> Upload:
        """The upload session with the id in the path.

        Raises:
            GraphError: 100 with subcode 33 if the token sees no such session.
        """
        upload = world.uploads.get(self.route.object_id)
        if upload is None:
            raise self.missing()
        self.account_by("app_id", upload.app_id)
        return upload


def admit(world: World, request: GraphRequest, route: Route) -> Call:
    """Check version and token, in Meta's order.

    Raises:
        GraphError: 2500 or 2635 for the version; 104 without a token, 190 for an unknown or (subcode 463) expired one.
    """
    check_version(route.version, request.path.strip("/").partition("/")[2], request.received_at)
    token = token_of(request)
    if not token:
        raise GraphError(104, message="An access token is required to request this resource.")
    app = world.subscriptions.with_token(token)
    if app is not None:
        return Call(request, route, (), app.id, of_app=True)
    accounts = world.tokens.accounts(token)
    if not accounts:
        raise GraphError(190, message="Invalid OAuth access token - Cannot parse access token")
    died_at = world.tokens.died_at(token)
    if died_at is not None:
        raise GraphError(
            190,
            message=f"Error validating access token: Session has expired on {iso(died_at)}. "
            f"The current time is {iso(request.received_at)}.",
            subcode=463,
        )
    return Call(request, route, accounts, world.tokens.app_id(token))


def token_of(request: GraphRequest) -> str:
    """The access token from the `Authorization` header, else from the query; empty if there is none."""
    scheme, _, token = request.header("authorization").partition(" ")
    return token if scheme.lower() in SCHEMES and token else request.query_parameters().get("access_token", "")
