"""What a sender calls a file is shown safely and never believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.files.names import content_type, disposition, shown_name


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("/absolute/report.pdf", "report.pdf"),
        ("C:\\Users\\x\\brand.pdf", "brand.pdf"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("line\r\nSet-Cookie: a=b.txt", "line Set-Cookie: a=b.txt"),
        ("annual\u202efdp.exe", "annualfdp.exe"),
        ("  .hidden  ", "hidden"),
        ("", "file"), ("..", "file"), ("/", "file"), ("\u202e", "file"),
        ("Übersicht – Größe.pdf", "Übersicht – Größe.pdf"),
        ("日本語.csv", "日本語.csv"),
    ],
)  # fmt: skip
def test_names_are_made_safe_to_show(given_name, shown):
    assert shown_name(given_name) == shown


def test_a_long_name_keeps_its_ending():
    name = shown_name("x" * 300 + ".pdf")
    assert len(name) == 200 and name.endswith("x.pdf")
    assert len(shown_name("x" * 300)) == 200 and len(shown_name("a." + "y" * 300)) == 200


@given(st.text(max_size=400))
def test_no_name_escapes_a_folder_or_a_header(given_name):
    name = shown_name(given_name)
    assert name and len(name) <= 200 and shown_name(name) == name
    assert not set(name) & set("/\\\r\n\x00\u202e")
    header = disposition(name)
    assert header.isascii() and "\r" not in header and "\n" not in header and header.count('"') == 2
    assert header.startswith("attachment; ")


def test_the_header_carries_the_name_for_old_and_new_browsers():
    assert disposition('Größe "neu".pdf') == (
        "attachment; filename=\"Groe _neu_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%22neu%22.pdf"
    )


def test_the_type_follows_our_list_and_nothing_active_is_on_it():
    assert content_type("Report.PDF") == "application/pdf"
    for active in (
        "a.html",
        "a.htm",
        "a.svg",
        "a.xml",
        "a.xhtml",
        "a.js",
        "a.mjs",
        "a.swf",
        "a.pdf.html",
        "html",
        "",
        "a.",
        "a.php",
    ):
        assert content_type(active) == "application/octet-stream", active
