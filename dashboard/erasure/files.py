"""Bytes on the disk that are a person's, or that name them."""

import asyncio
from collections.abc import Iterable
from urllib.parse import quote

from dashboard.database import rows
from dashboard.files import actions, storage
from dashboard.files.tables import File

BLOCK = 1_000_000
# A file that is being imported is looked at again once it was.
IMPORTS = """
    SELECT i.id, i.path, b.state IN ('waiting', 'working') OR c.state IN ('waiting', 'working') AS busy
    FROM lead_import i LEFT JOIN lead_batch b ON b.id = i.batch LEFT JOIN lead_batch c ON c.id = i.checking
    WHERE i.organization = {} AND i.path <> ''"""


async def delete(keys: Iterable[str]) -> None:
    """Stored bytes whose rows are gone."""
    for key in keys:
        await storage.delete(key)


async def forget_imports(organization: int, words: list[str]) -> bool:
    """Forget uploaded lists that name the person; False while one of them is still being imported."""
    all_done = True
    for each in await rows(IMPORTS, organization) if words else ():
        if not await asyncio.to_thread(_names, each["path"], words):
            continue
        if each["busy"]:
            all_done = False
            continue
        await rows("UPDATE lead_import SET path = '' WHERE id = {}", each["id"])
        file = await File.of(organization).where(File.storage_key == each["path"]).first()
        await (actions.remove(file) if file else storage.delete(each["path"]))
    return all_done


def _names(key: str, words: list[str]) -> bool:
    """Whether a file has one of these words, in any of the encodings lists come in."""
    forms = {form.encode(code, "ignore").lower() for word in words for form in (word, quote(word)) for code in CODES}
    longest, rest = max(map(len, forms)), b""
    try:
        with storage.path_of(key).open("rb") as file:
            while block := file.read(BLOCK):
                text = rest + block.lower()
                if any(form in text for form in forms if form):
                    return True
                rest = text[-longest:]
    except FileNotFoundError:
        return False
    return False


CODES = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")
