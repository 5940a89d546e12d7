"""A package that is there twice, as a wheel and as a copied folder, is named with what runs and what to delete."""

from __future__ import annotations

import pytest

from partner_messages.dags import shipped_dags
from partner_messages.deployment.installed_copies import copies_in_the_way
from support.two_copies import PLUGINS, VERSION, install_wheels
from whatsapp_provider.ends import SettingsError


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Let Python find the wheels in a folder, where the packages may be the ones that run."""

    def install(*, runs):
        install_wheels(monkeypatch, tmp_path, runs=runs)
        return tmp_path

    return install


@pytest.fixture
def plugins_folder(monkeypatch):
    return lambda folder: monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(folder))


def test_a_copy_alone_is_as_it_should_be(plugins_folder):
    plugins_folder(PLUGINS)

    assert copies_in_the_way() == ()


def test_a_wheel_alone_is_as_it_should_be(installed, plugins_folder, tmp_path):
    installed(runs=True)
    plugins_folder(tmp_path / "plugins")

    assert copies_in_the_way() == ()


def test_a_copy_before_a_wheel_is_named(installed, plugins_folder):
    site = installed(runs=False)
    plugins_folder(PLUGINS)

    assert copies_in_the_way() == (
        f"partner_messages is there twice, as the wheel partner-messages {VERSION} in {site} and as the copy"
        f" {PLUGINS}/partner_messages; the copy runs. Delete {PLUGINS}/partner_messages and"
        f" {PLUGINS}/partner_messages_plugin.py to run the wheel, or uninstall partner-messages to run the copy.",
        f"whatsapp_provider is there twice, as the wheel airflow-provider-whatsapp {VERSION} in {site} and as the copy"
        f" {PLUGINS}/whatsapp_provider; the copy runs. Delete {PLUGINS}/whatsapp_provider to run the wheel, or"
        " uninstall airflow-provider-whatsapp to run the copy.",
    )


def test_a_wheel_before_a_copy_is_named(installed, plugins_folder, tmp_path):
    installed(runs=True)
    (tmp_path / "plugins/partner_messages").mkdir(parents=True)
    plugins_folder(tmp_path / "plugins")

    (said,) = copies_in_the_way()

    assert "; the wheel runs. Delete " in said


def test_dags_are_not_asked_of_a_copy():
    with pytest.raises(SettingsError, match="copy dags/ too and delete the file that asks for them here"):
        shipped_dags()
