"""Files the customer adds to the form: kept, limited, taken back, and closed with the form."""

import asyncio

import pytest

from dashboard.files import storage, uploads
from dashboard.files.storage import folder
from dashboard.files.tables import File
from dashboard.intake.tables import IntakeFile
from tests.files.test_storage import everything
from tests.intake.cast import RIGHT, again, an_intake, path

JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def empty_disk(settings):
    for place in folder().rglob("*"):
        if place.is_file():
            place.unlink()


async def send(customer, intake, name="brand guide.pdf", body=b"%PDF-1.7", field="brand", kind="application/pdf"):
    return await customer.post(path(intake, f"/files/{field}"), files={f"q.{field}": (name, body, kind)}, headers=JSON)


async def test_a_file_is_kept_and_shown_with_a_way_to_take_it_back(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    answer = await send(stranger, intake)
    assert answer.status_code == 200
    said = answer.json()
    assert said["done"] == 1 and "brand guide.pdf" in said["html"]
    file = await File.of(acme).first()
    assert file.given_by == "customer" and file.content_type == "application/pdf"
    removal = path(intake, f"/uploads/{file.id}/removal")
    assert f'data-remove="{removal}"' in said["html"] and removal in (await stranger.get(path(intake))).text
    gone = await stranger.delete(removal)
    assert gone.status_code == 200 and gone.json()["done"] == 0
    assert (await stranger.delete(removal)).status_code == 200, "twice is once"
    assert await File.count() == await IntakeFile.count() == 0 and everything() == []


async def test_the_sender_s_word_about_type_and_name_is_not_believed(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    for name, kind in (("../../x.html", "image/png"), ("a\u202egpj.svg", "image/jpeg"), ("x.pdf", "text/html")):
        assert (await send(stranger, intake, name, b"<script>alert(1)</script>", kind=kind)).status_code == 200
    stored = {file.name: file.content_type for file in await File.of(acme)}
    assert stored == {
        "x.html": "application/octet-stream", "agpj.svg": "application/octet-stream", "x.pdf": "application/pdf",
    }  # fmt: skip
    file = await File.of(acme).where(File.name == "x.html").first()
    answer = await alice.get(f"/acme/files/{file.id}")
    assert (
        answer.headers["content-disposition"].startswith("attachment")
        and "sandbox" in answer.headers["content-security-policy"]
    )


@pytest.mark.parametrize("field", ["goal", "nope", "extra", "q.brand"])
async def test_only_a_file_question_takes_files(stranger, acme, alice, field):
    intake = await an_intake(acme, alice.user)
    if field == "extra":
        assert (await send(stranger, intake, field=field)).status_code == 200
        assert (await send(stranger, intake, field=field)).status_code == 409, "one is the most here"
    else:
        assert (await send(stranger, intake, field=field)).status_code == 404
        assert everything() == []


async def test_an_empty_file_and_no_file_are_refused_in_words(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    empty = await send(stranger, intake, "a.txt", b"")
    assert empty.status_code == 400 and empty.json()["error"] == "a.txt is empty. Choose another file."
    nothing = await stranger.post(path(intake, "/files/brand"), data={"x": "y"}, headers=JSON)
    assert nothing.status_code == 400 and "No file arrived" in nothing.json()["error"]
    assert everything() == []


async def test_after_sending_nothing_is_added_or_taken(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await send(stranger, intake)
    file = await File.of(acme).first()
    await stranger.post(path(intake), data=RIGHT)
    late = await send(stranger, intake)
    assert late.status_code == 409 and "sent already" in late.json()["error"]
    assert (await stranger.delete(path(intake, f"/uploads/{file.id}/removal"), headers=JSON)).status_code == 409
    assert await File.count() == 1 and len(everything()) == 1


async def test_another_intake_s_file_cannot_be_taken(stranger, acme, alice):
    mine, other = await an_intake(acme, alice.user), await an_intake(acme, alice.user, email="b@x.example")
    await send(stranger, other)
    file = await File.of(acme).first()
    assert (await stranger.delete(path(mine, f"/uploads/{file.id}/removal"))).status_code == 200
    assert await File.count() == 1 and await storage.exists(file.storage_key)


async def test_all_files_of_an_order_fit_in_100_mb_also_when_they_come_at_once(visit, stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await send(stranger, intake)
    await File.update({File.size: uploads.LARGEST_ORDER - 1000}).where(File.organization == acme.id)
    customers = [await visit(None) for _ in range(6)]
    answers = await asyncio.gather(*(send(customer, intake, "a.txt", b"x" * 400) for customer in customers))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 413, 413, 413, 413]
    assert any("All files together may have 100 MB" in a.json()["error"] for a in answers if a.status_code == 413)
    assert await File.count() == 3 and len(everything()) == 3


async def test_without_scripts_files_come_with_the_form(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    files = [("q.brand", ("a.txt", b"aaa")), ("q.brand", ("b.txt", b"bbb")), ("q.extra", ("", b""))]
    saved = await stranger.post(path(intake), data={"q.goal": "Words", "later": "1"}, files=files)
    assert (saved.status_code, saved.headers["location"]) == (303, path(intake))
    now = await again(intake)
    assert [file["name"] for file in now.files] == ["a.txt", "b.txt"] and now.answers["goal"] == "Words"
    removed = await stranger.post(path(intake, f"/uploads/{now.files[0]['id']}/removal"), data={"q.goal": "More words"})
    assert removed.status_code == 303
    now = await again(intake)
    assert [file["name"] for file in now.files] == ["b.txt"] and now.answers["goal"] == "More words"
    sent = await stranger.post(path(intake), data=RIGHT, files=[("q.brand", ("c.txt", b"ccc"))])
    assert sent.headers["location"] == path(intake, "/done")
    assert [file["name"] for file in (await again(intake)).files] == ["b.txt", "c.txt"]


async def test_without_scripts_a_file_that_is_too_large_loses_nothing_else(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    files = [("q.brand", ("big.bin", b"x" * (uploads.LARGEST_FILE + 1))), ("q.brand", ("small.bin", b"x" * 900))]
    answer = await stranger.post(path(intake), data=RIGHT, files=files)
    assert answer.status_code == 422 and "big.bin: That is larger than 25 MB." in answer.text
    now = await again(intake)
    assert now.state == "open" and now.answers["goal"].startswith("More repair")
    assert [file["name"] for file in now.files] == ["small.bin"] and len(everything()) == 1


async def test_files_of_a_hidden_question_are_not_sent(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await stranger.patch(path(intake), data={"q.matter": "search"})
    await send(stranger, intake, field="extra")
    await send(stranger, intake, field="brand")
    await stranger.post(path(intake), data=RIGHT)
    now = await again(intake)
    assert [file["field"] for file in now.files] == ["brand"] and len(everything()) == 1
