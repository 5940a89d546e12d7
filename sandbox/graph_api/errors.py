"""Meta's error codes and error answers.

Titles, details and the form are Meta's (D/support/error-codes). Meta documents no HTTP statuses; these were seen in
production.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Meaning:
    """The texts of a code.

    Attributes:
        title: Follows the code in `error.message`.
        details: The default of `error.error_data.details`.
        status: The HTTP status of the answer.
    """

    title: str
    details: str | None = None
    status: int = 400


MEANINGS: dict[int, Meaning] = {
    0: Meaning("AuthException", "We were unable to authenticate the app user.", 401),
    1: Meaning("API Unknown", "Invalid request or possible server error.", 500),
    2: Meaning("API Service", "Temporary due to downtime or due to being overloaded.", 503),
    3: Meaning("API Method", "Capability or permissions issue.", 403),
    4: Meaning("Application request limit reached", "The app has reached its API call rate limit.", 429),
    10: Meaning("Permission Denied", "Permission is either not granted or has been removed.", 403),
    33: Meaning("Parameter value is not valid", "The business phone number has been deleted."),
    100: Meaning("Invalid parameter"),
    15: Meaning("This method must be called with an app access_token."),
    32: Meaning("Page request limit reached", status=403),
    102: Meaning("Session key invalid or no longer valid", status=401),
    104: Meaning("An access token is required to request this resource.", status=401),
    190: Meaning("Access token has expired", status=401),
    200: Meaning("API Permission", "Permission is either not granted or has been removed.", 403),
    368: Meaning(
        "Temporarily blocked for policies violations",
        "The WhatsApp Business Account associated with the app has been restricted or disabled for violating "
        "a platform policy.",
        403,
    ),
    613: Meaning("Calls to this api have exceeded the rate limit.", status=429),
    2200: Meaning("Callback verification failed"),
    2201: Meaning("response does not match challenge"),
    2500: Meaning("Unknown path components"),
    2635: Meaning("You are calling a deprecated version of the Ads API."),
    80007: Meaning("Rate limit issues", "The WhatsApp Business Account has reached its rate limit.", 429),
    130403: Meaning(
        "Business has blocked the user", "Unable to deliver the message. This business has blocked the end user."
    ),
    130429: Meaning("Rate limit hit", "Cloud API message throughput has been reached.", 429),
    130472: Meaning("User's number is part of an experiment", "Message was not sent as part of an experiment."),
    130497: Meaning(
        "Business account is restricted from messaging users in this country",
        "The WhatsApp Business Account is restricted from messaging to users in certain countries.",
        403,
    ),
    131000: Meaning("Something went wrong", "Message failed to send due to an unknown error.", 500),
    131005: Meaning("Access denied", "Permission is either not granted or has been removed.", 403),
    131008: Meaning("Required parameter is missing", "The request is missing a required parameter."),
    131009: Meaning("Parameter value is not valid", "One or more parameter values are invalid."),
    131016: Meaning("Service unavailable", "A service is temporarily unavailable.", 503),
    131021: Meaning("Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: Meaning("Message undeliverable", "Unable to deliver message."),
    131030: Meaning(
        "Recipient phone number not in allowed list", "Add the recipient phone number to the recipient list."
    ),
    131031: Meaning("Business Account locked", "The WhatsApp Business Account has been restricted or disabled.", 403),
    131037: Meaning("WhatsApp provided number needs display name approval before message can be sent."),
    131042: Meaning("Business eligibility payment issue", "There was an error related to your payment method."),
    131045: Meaning("Incorrect certificate", "Message failed to send due to a phone number registration error."),
    131047: Meaning(
        "Re-engagement message", "More than 24 hours have passed since the recipient last replied to the sender number."
    ),
    131048: Meaning(
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent from this number.",
    ),
    131049: Meaning(
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131050: Meaning(
        "Recipient has opted out of marketing messages",
        "This recipient has chosen to stop receiving marketing messages on WhatsApp from your business.",
    ),
    131051: Meaning("Unsupported message type", "Unsupported message type."),
    131053: Meaning("Media upload error", "Unable to upload the media used in the message."),
    131056: Meaning(
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages sent from the sender phone number to the same recipient phone number in a short period of "
        "time.",
    ),
    131057: Meaning("Account in maintenance mode", "Business Account is in maintenance mode"),
    131063: Meaning(
        "Marketing templates are disabled", "Your template is categorized as Marketing, which is disabled here."
    ),
    131064: Meaning(
        "Messaging limit reached",
        "This account has reached its messaging limit due to template classification violations.",
    ),
    132000: Meaning(
        "Number of parameters does not match the expected number of params",
        "The number of variable parameter values included in the request did not match the template.",
    ),
    132001: Meaning("Template name does not exist in the translation", status=404),
    132005: Meaning("Translated text too long", "Translated text is too long."),
    132007: Meaning("Template format character policy violated", "Template content violates a WhatsApp policy."),
    132008: Meaning("Template parameter is invalid"),
    132012: Meaning("Parameter format does not match format in the created template"),
    132015: Meaning("Template is paused", "Template is paused due to low quality so it cannot be sent."),
    132016: Meaning("Template is disabled", "Template is permanently disabled due to low quality."),
    132018: Meaning("There's an issue with the parameters in your template"),
    133004: Meaning("Server temporarily unavailable", "Server is temporarily unavailable.", 503),
    133006: Meaning("Phone number re-verification needed", "Phone number needs to be verified before registering."),
    133010: Meaning("Phone number not registered", "Phone number not registered on the WhatsApp Business Platform."),
    135000: Meaning("Generic user error", "Unknown error with your request parameters."),
}
UNKNOWN_CODE = Meaning("Error")
DATA_CODES_FROM = 100_000  # Errors of the Cloud API have error_data, those of the Graph API have not.


class GraphError(Exception):
    """An error in Meta's words.

    Attributes:
        code: Meta's `error.code`.
        status: HTTP status of the answer.
        headers: Extra headers of the answer.
    """

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        message: str | None = None,
        kind: str = "OAuthException",
        subcode: int | None = None,
        user_title: str | None = None,
        user_message: str | None = None,
        transient: bool = False,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        meaning = MEANINGS.get(code, UNKNOWN_CODE)
        self.code = code
        self.title = meaning.title
        self.details = details or meaning.details
        self.message = message or f"(#{code}) {meaning.title}"
        self.kind = kind
        self.subcode = subcode
        self.user_title = user_title
        self.user_message = user_message
        self.transient = transient
        self.status = status or meaning.status
        self.headers = headers
        super().__init__(f"{self.message} {self.details or ''}")

    def body(self) -> bytes:
        """The error answer as JSON."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.details is not None and (self.code >= DATA_CODES_FROM or self.code == 100):
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient or self.user_message is not None:
            error["is_transient"] = self.transient
        if self.user_message is not None:
            error["error_user_title"] = self.user_title
            error["error_user_msg"] = self.user_message
        error["fbtrace_id"] = trace_id()
        return json.dumps({"error": error}, ensure_ascii=False).encode()

    def asynchronous(self) -> dict[str, Any]:
        """The error in the form of a failed status (`statuses[].errors[]`)."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details or self.title},
        }


def trace_id() -> str:
    """A new `fbtrace_id`."""
    return "A" + base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def invalid_parameter(details: str) -> GraphError:
    """Code 100 with the details in the message, as for simple checks of types and values."""
    return GraphError(100, message=f"(#100) {details}")


def check_keys(given: Iterable[str], allowed: Collection[str], place: str = "") -> None:
    """Check that an object has no unknown keys.

    Args:
        given: The keys that were given.
        allowed: The keys that Meta knows.
        place: The end of Meta's sentence, such as ` on the message`.

    Raises:
        GraphError: 100, for the first unknown key.
    """
    for key in given:
        if key not in allowed:
            raise invalid_parameter(f'Unexpected key "{key}"{place}.')


def missing_object(object_id: str, method: str) -> GraphError:
    """Code 100 with subcode 33: the id does not exist or the token may not see it (Meta does not say which)."""
    return GraphError(
        100,
        message=f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        kind="GraphMethodException",
        subcode=33,
    )
