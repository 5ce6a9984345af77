"""Files as they come: encodings, newlines, quotes, separators; and files that are meant to hurt."""

import codecs
import tracemalloc

import pytest

from dashboard.database import row
from dashboard.files import storage
from dashboard.leads.importing import formats, reading, values
from dashboard.leads.importing.formats import Format
from dashboard.leads.importing.reading import LONGEST_LINE
from dashboard.leads.tables import Import
from tests.leads.cast import a_lead
from tests.leads.importing import table, totals, upload, uploaded, work

PEOPLE = table(
    ["E-mail", "Name"],
    ["zoe@wren.example", "Zoë Müller"],
    ["lukasz@wren.example", "Lukasz"],
    ["o@wren.example", "Øystein"],
)


def read(tmp_path, data: bytes | str, form: Format | None = None, columns: int = 0) -> list[reading.Record]:
    place = tmp_path / "file.csv"
    place.write_bytes(data.encode() if isinstance(data, str) else data)
    form = form or formats.understand(place)
    with reading.open_text(place, form.encoding) as file:
        return list(reading.records(file, form.delimiter, columns))


def understood(tmp_path, data: bytes) -> Format:
    place = tmp_path / "file.csv"
    place.write_bytes(data)
    return formats.understand(place)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PEOPLE.encode(), "utf-8-sig"), (codecs.BOM_UTF8 + PEOPLE.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + PEOPLE.encode("utf-16-le"), "utf-16"), (codecs.BOM_UTF16_BE + PEOPLE.encode("utf-16-be"), "utf-16"),
        (PEOPLE.encode("utf-16-le"), "utf-16-le"), (PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("latin-1"), "cp1252"), (PEOPLE.replace("Zoë", "Zoë “Z”").encode("cp1252"), "cp1252"),
        (b"name\n" + b"x\n" * 100_000 + "Zoë\n".encode(), "utf-8-sig"), (b"name\n" + b"x\n" * 100_000 + b"Zo\xeb\n", "cp1252"),
    ],
)  # fmt: skip
def test_the_encoding_is_found_even_late_in_the_file(tmp_path, data, encoding):
    assert understood(tmp_path, data).encoding == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_what_is_read_is_the_same_in_every_encoding(tmp_path, encoding):
    assert [record.cells for record in read(tmp_path, PEOPLE.encode(encoding))][1] == ["zoe@wren.example", "Zoë Müller"]


@pytest.mark.parametrize(("delimiter", "word"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_the_separator_is_found_although_others_stand_in_the_cells(tmp_path, delimiter, word):
    text = table(
        ["Name", "Company", "Value"],
        *[[f"Ruiz, Ana {n}", "A; B | C", "1,284.00"] for n in range(5)],
        delimiter=delimiter,
    )
    form = understood(tmp_path, text.encode())
    assert form.delimiter == delimiter and form.words() == f"UTF-8, {word}" and form.has_header
    assert read(tmp_path, text)[1].cells == ["Ruiz, Ana 0", "A; B | C", "1,284.00"]


@pytest.mark.parametrize(
    ("first", "has"),
    [
        ("Name,Mail", True),
        ("ana@wren.example,Ana", False),
        ("Ana,+44 20 7946 0177", False),
        ("Name,", True),
        ("1,2", False),
    ],
)
def test_titles_are_told_from_people(tmp_path, first, has):
    assert understood(tmp_path, f"{first}\nAna,x@y.example\n".encode()).has_header is has


def test_newlines_of_all_three_kinds_and_quotes_over_several_lines(tmp_path):
    text = 'a,b\r\n1,"two\nlines"\r3,"say ""hi"""\n\n\n5,6" pipe\r\n7,"8"x\n,\n'
    assert [(r.number, r.cells) for r in read(tmp_path, text, Format("utf-8-sig", ",", True), 2)] == [
        (1, ["a", "b"]), (2, ["1", "two\nlines"]), (4, ["3", 'say "hi"']), (7, ["5", '6" pipe']), (8, ["7", "8x"]),
    ]  # fmt: skip


def test_an_open_quote_costs_its_own_line_only(tmp_path):
    text = "a,b,c\n1,2,3\n" + '4,"open,5\n' + 'x,"y, z",w\n' * 3 + "6,7,8\n" + '9,"open at the end,10\n11,12,13'
    found = read(tmp_path, text, Format("utf-8-sig", ",", True), 3)
    assert [record.number for record in found if record.problem] == [3, 8]
    assert [record.cells[0] for record in found if not record.problem] == ["a", "1", "x", "x", "x", "6", "11"]


def test_bytes_of_another_encoding_and_lines_too_long_cost_their_own_line_only(tmp_path):
    data = "a,b\nZoë,1\n".encode() + b"Jos\xe9,2\n" + b"x" * (LONGEST_LINE + 5) + b",3\nlast,4\n"
    found = read(tmp_path, data, columns=2)
    assert [(r.number, r.problem) for r in found if r.problem] == [(3, reading.BAD_BYTES), (4, reading.TOO_LONG)]
    assert values.storable(found[2].cells) == ["José", "2"] and found[-1].cells == ["last", "4"]


@pytest.mark.parametrize(
    ("title", "cell", "fact"),
    [
        ("Value", "1,284.00", 128400), ("Value", "€ 1.284,50", 128450), ("Value", "nonsense", "is no amount"),
        ("Value", "-5", "is no amount"), ("Expected close", "2026-12-24", "2026-12-24"),
        ("Expected close", "24.12.2026", "2026-12-24"), ("Expected close", "24/12/2026", "2026-12-24"),
        ("Expected close", "12/24/2026", "2026-12-24"), ("Expected close", "5/5/2027", "2027-05-05"),
        ("Expected close", "11/12/2026", "can be two days"), ("Expected close", "31.2.2026", "is no day"),
        ("Stage", "qualified", "qualified"), ("Stage", "Sleeping", "There is no stage “Sleeping”"),
        ("Phone", "none", "is no phone number"), ("Company", "x" * 201, "longer than 200"), ("Company", "\x00\x07 A \u2028 B ", "A B"),
        ("Company", "'=1+1", "=1+1"), ("Company", "'tis", "'tis"),
    ],
)  # fmt: skip
async def test_cells_are_read_as_they_are_meant_or_the_line_says_why_not(alice, acme, title, cell, fact):
    made = await uploaded(alice, table(["Name", title], ["Ana", cell]))
    checked = await made.check()
    stored = (await row("SELECT after, reason FROM lead_batch_line WHERE batch = {}", made.file.checking)) or {}
    if checked["failed"]:
        assert fact in stored["reason"]
    else:
        column = {"Value": "value", "Expected close": "expected_close"}.get(title, title.lower())
        assert stored["after"]["facts"][column] == fact
        assert await made.run() == totals({"created": 1})


async def test_a_person_can_say_how_the_file_is_to_be_read(alice, acme):
    made = await uploaded(alice, "Ana;ana@wren.example\nJo;jo@wren.example\n")
    assert made.file.columns == ["Column 1", "Column 2"] and not made.file.has_header
    await alice.post(f"{made.address}/reading", data={"encoding": "cp1252", "delimiter": ",", "has_header": "1"})
    file = await Import.objects().get(Import.id == made.file.id)
    assert (file.columns, file.encoding) == (["Ana;ana@wren.example"], "cp1252")
    wrong = await alice.post(f"{made.address}/reading", data={"encoding": "rot13", "delimiter": ","})
    assert wrong.status_code == 422


HOSTILE = {
    "nothing": (b"", 422, "Choose a file first"),
    "blanks": (b"\n \r\n\t", 422, "The file is empty"),
    "a million columns": (b"a," * 1_000_000 + b"\n1,2\n", 422, "The first line is longer"),
    "many columns": (b"a," * 5_000 + b"\n1,2\n", 422, "It has 5,001 columns"),
    "one endless line": (b"x" * 50_000_000, 422, "The first line is longer"),
    "an open quote": (b'"email,name\n' + b"a@b.example,x\n" * 1_000_000, 422, "A quote is opened in the first line"),
    "a workbook": (b"PK\x03\x04" + b"x" * 1000, 422, "This is no CSV file"),
    "zeros": (b"\0" * 1_000_000, 422, "The file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_files_that_are_none_are_refused_having_read_little_of_them(tmp_path, name):
    """What the page does with the stored file; the way there is measured in test_import_large."""
    data, _, why = HOSTILE[name]
    place = tmp_path / "file.csv"
    place.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(Exception) as refused:
        formats.understand(place)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000
    assert name == "nothing" or why in refused.value.fields["file"]


@pytest.mark.parametrize("name", ["nothing", "blanks", "many columns", "an open quote", "a workbook", "zeros"])
async def test_what_is_refused_is_said_at_the_field_and_not_kept(alice, acme, name):
    data, status, why = HOSTILE[name]
    before = set(storage.folder().rglob("*/*"))
    answer = await upload(alice, data[:2_000_000])
    assert answer.status_code == status and why in answer.text and 'id="import-file"' in answer.text
    assert await Import.count() == 0 and (await row("SELECT count(*) AS n FROM file"))["n"] == 0
    assert {place for place in storage.folder().rglob("*/*") if place.is_file()} <= before


async def test_a_file_of_nothing_but_open_quotes_ends_with_a_reason(alice, acme):
    """Each would have its lines looked at again: after a thousand that is enough."""
    lead = await a_lead(acme)
    made = await uploaded(alice, "E-mail,Name\n" + f'{lead.email},"x\n' * 3000)
    answer = await alice.post(
        f"{made.address}/columns",
        data={"column-0": "email", "column-1": "name", "known": "fill"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    await work()
    page = (await alice.get(f"{made.address}/check")).text
    assert "The check stopped. More than 1,000 lines do not end where they should." in page
