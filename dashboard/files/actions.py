"""Keeping and letting go of files."""

from dashboard.accounts.ownership import organization_id
from dashboard.accounts.tables import Organization
from dashboard.files import storage
from dashboard.files.names import content_type, shown_name
from dashboard.files.storage import Stored, Writing
from dashboard.files.tables import File


async def store(organization: Organization | int, bytes_: Writing | bytes, name: str, given_by: str) -> File:
    """Keep bytes as a file of an organization. `given_by`: customer, staff or machine. The bytes are on the disk before
    the row says so; when the transaction around this fails, the sweep removes them."""
    stored = await (storage.keep_bytes(bytes_) if isinstance(bytes_, bytes) else bytes_.keep())
    return await record(organization, stored, name, given_by)


async def record(organization: Organization | int, stored: Stored, name: str, given_by: str) -> File:
    """The row of bytes that are on the disk already: nothing here waits for the disk, so a lock may be held."""
    name = shown_name(name)
    file = File(
        organization=organization_id(organization), name=name, content_type=content_type(name), size=stored.size,
        sha256=stored.sha256, storage_key=stored.key, given_by=given_by,
    )  # fmt: skip
    await file.save()
    return file


async def remove(file: File) -> None:
    """Delete a file, row first. Not inside a transaction: bytes cannot be rolled back. Repeating it changes nothing."""
    await File.delete().where(File.id == file.id)
    await storage.delete(file.storage_key)


async def revoke_links(file: File) -> None:
    """From now on every download link given out for this file is refused."""
    await File.update({File.link_version: File.link_version + 1}).where(File.id == file.id)
