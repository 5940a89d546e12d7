"""What Airflow is told of this provider; every `airflow` command reads it, so it imports nothing."""


def get_provider_info():  # type: ignore[no-untyped-def]
    """The provider as Airflow's `provider_info.schema.json` describes one."""
    secret = {"type": ["string", "null"], "format": "password"}
    return {
        "package-name": "airflow-provider-whatsapp",
        "name": "WhatsApp",
        "description": "Sends approved WhatsApp templates through Meta's Cloud API, and submits them.",
        "integrations": [
            {
                "integration-name": "WhatsApp",
                "external-doc-url": "https://developers.facebook.com/docs/whatsapp/cloud-api",
                "tags": ["service"],
            }
        ],
        "operators": [{"integration-name": "WhatsApp", "python-modules": ["whatsapp_provider.operators.whatsapp"]}],
        "hooks": [{"integration-name": "WhatsApp", "python-modules": ["whatsapp_provider.hooks.whatsapp"]}],
        "notifications": ["whatsapp_provider.notifications.whatsapp.WhatsAppNotifier"],
        "cli": ["whatsapp_provider.commands.airflow_commands"],
        "connection-types": [
            {
                "connection-type": "whatsapp",
                "hook-class-name": "whatsapp_provider.hooks.whatsapp.WhatsAppHook",
                "hook-name": "WhatsApp",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login", "port"],
                    "relabeling": {"password": "Access token", "host": "Graph API"},
                    "placeholders": {
                        "host": "https://graph.facebook.com",
                        "password": "the system user's token, which does not expire",
                    },
                },
                "conn-fields": {
                    "phone_number_id": {
                        "label": "Phone number ID",
                        "description": "Meta's id of the business number, not the number itself"
                        " (WhatsApp Manager, API setup).",
                        "schema": {"type": "string", "minLength": 1},
                    },
                    "waba_id": {
                        "label": "WhatsApp Business Account ID",
                        "description": "The account that has the templates.",
                        "schema": {"type": "string", "minLength": 1},
                    },
                    "api_version": {
                        "label": "Graph API version",
                        "description": "Such as v25.0.",
                        "schema": {"type": ["string", "null"], "default": "v25.0"},
                    },
                    "app_id": {
                        "label": "App ID",
                        "description": "Meta's app; only needed to submit templates with a picture.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "messages_per_second": {
                        "label": "Messages per second",
                        "description": "Meta's limit for this number: 80 unless Meta has raised it.",
                        "schema": {"type": ["number", "null"], "default": 80},
                    },
                    "app_secret": {
                        "label": "App secret",
                        "description": "Only needed to check the signatures of webhooks.",
                        "schema": secret,
                    },
                    "app_secret_next": {
                        "label": "Other app secret",
                        "description": "The app's other secret, while it is rotated.",
                        "schema": secret,
                    },
                    "webhook_verify_token": {
                        "label": "Webhook verify token",
                        "description": "Only needed to answer Meta when a webhook is set up.",
                        "schema": secret,
                    },
                },
            }
        ],
    }
