"""Sends WhatsApp messages from Airflow through Meta's Cloud API."""

__version__ = "0.1.0"
