"""Sends WhatsApp messages from Airflow through Meta's Cloud API."""
