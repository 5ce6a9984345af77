"""What counts as a password, and how it is kept."""

from dataclasses import replace

import pytest

from dashboard import settings as process_settings
from dashboard.accounts import passwords


@pytest.fixture
def real_work(settings):
    """The parameters everybody gets but the tests."""
    process_settings.use(replace(settings, password_work=""))


@pytest.mark.parametrize(
    "typed",
    [
        "", "elevenchars", "aaaaaaaaaaaaaaaa", "123456789012345", "passwordpassword", "P@ssw0rd123456",
        "qwertyuiop12345", "abcdefghijklmno", "1qaz2wsx3edc4rfv", "iloveyou-1234567", "Welcome-2026-2026",
        "correct" * 30, "backdesk-backdesk",
    ],
)  # fmt: skip
def test_what_is_short_long_or_guessed_within_seconds_is_refused(typed):
    assert passwords.problem(typed)


@pytest.mark.parametrize(
    "typed", ["correct horse battery staple", "Ærlig talt, hvorfor", "ひらがなとカタカナと漢字です", "x7#Lq9!vTz2m"]
)
def test_a_few_unrelated_words_or_random_signs_are_fine(typed):
    assert passwords.problem(typed) == ""


def test_an_owner_needs_fifteen_characters():
    assert passwords.problem("x7#Lq9!vTz2m") == ""
    assert "at least 15" in passwords.problem("x7#Lq9!vTz2m", owner=True)


async def test_a_hash_is_argon2id_with_our_settings_and_never_the_same_twice(real_work):
    first, second = (
        await passwords.hash("correct horse battery staple"),
        await passwords.hash("correct horse battery staple"),
    )
    assert first != second and first.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert await passwords.verify(first, "correct horse battery staple")
    assert not await passwords.verify(first, "correct horse battery staplE")


async def test_letters_typed_in_two_ways_are_the_same_password():
    stored = await passwords.hash("caf\u00e9 au lait svp")
    assert await passwords.verify(stored, "cafe\u0301 au lait svp")


async def test_nothing_is_cut_off_and_nothing_breaks():
    stored = await passwords.hash("x" * 127 + "y")
    assert await passwords.verify(stored, "x" * 127 + "y")
    for odd in ("x" * 127, "x" * 127 + "yz", "x" * 5000, "", "\x00", "\ud800"):
        assert not await passwords.verify(stored, odd)
    assert not await passwords.verify("", "anything") and not await passwords.verify("no hash", "anything")


async def test_a_hash_made_with_the_least_work_is_replaced_and_checked_until_then(real_work, settings):
    process_settings.use(settings)
    cheap = await passwords.hash("correct horse battery staple")
    assert "m=8,t=1,p=1" in cheap
    process_settings.use(replace(settings, password_work=""))
    assert await passwords.verify(cheap, "correct horse battery staple") and passwords.outdated(cheap)
    assert not passwords.outdated(await passwords.hash("correct horse battery staple"))


def test_a_hash_with_weaker_settings_is_replaced_at_the_next_sign_in(real_work):
    assert passwords.outdated("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$2B0sTTSjYKUhjVcCM5QhqDqN1Q6xFbFQ0m4i7cVgYmE")
