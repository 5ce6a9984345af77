"""What may start: production refuses what would be unsafe and names only the setting."""

import secrets

import pytest

from dashboard.settings import SettingsError, load, with_development_secrets

GOOD = {
    "ENVIRONMENT": "production", "BASE_URL": "https://desk.acme.example", "SECRET_KEY": secrets.token_urlsafe(48),
    "INTERNAL_API_SECRET": secrets.token_urlsafe(48),
}  # fmt: skip


def test_production_starts_with_two_strong_secrets_and_an_https_address():
    assert load(GOOD).production


@pytest.mark.parametrize("name", ["SECRET_KEY", "INTERNAL_API_SECRET"])
@pytest.mark.parametrize(
    "value", ["", "q7-z", "changeme" * 5, "a" * 40, "my-super-secret-key-for-this-example-app", "x" * 31]
)
def test_production_refuses_a_missing_short_or_well_known_secret_without_repeating_it(name, value):
    with pytest.raises(SettingsError) as refused:
        load(GOOD | {name: value})
    assert name in str(refused.value) and "secrets.token_urlsafe" in str(refused.value)
    assert not value or value not in str(refused.value)


def test_production_refuses_one_secret_used_twice_and_a_plain_http_address():
    with pytest.raises(SettingsError, match="must differ"):
        load(GOOD | {"INTERNAL_API_SECRET": GOOD["SECRET_KEY"]})
    with pytest.raises(SettingsError, match="BASE_URL"):
        load(GOOD | {"BASE_URL": "http://desk.acme.example"})


def test_production_never_hashes_passwords_with_less_work():
    with pytest.raises(SettingsError, match="PASSWORD_WORK"):
        load(GOOD | {"PASSWORD_WORK": "least"})
    with pytest.raises(SettingsError, match="PASSWORD_WORK"):
        load({"PASSWORD_WORK": "some"})


def test_development_needs_nothing_and_keeps_a_random_key_for_the_next_start(tmp_path):
    env = {"DATA_DIR": str(tmp_path)}
    first, second = with_development_secrets(load(env)), with_development_secrets(load(env))
    assert first.secret_key == second.secret_key and len(first.secret_key) >= 32
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert first.base_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(SettingsError, match="PORT"):
        load({"PORT": port})
