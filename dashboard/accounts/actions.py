"""People and their organizations: founding, passwords, where they start."""

from datetime import datetime
from typing import Any

from dashboard.accounts import attempts, forms, one_time, passwords, sessions
from dashboard.accounts.tables import Membership, Organization, Role, User
from dashboard.database import row, serialize, transaction
from dashboard.errors import Conflict, Invalid, NotSignedIn

WEEK = {day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
WRONG = "Address and password do not match."
MAILED = ("password_reset", "sign_in_link", "second_step")


async def create_owner(email: str, name: str, password: str, organization_name: str, *, slug: str = "") -> User:
    """The first person and their organization, or a further organization for a person who exists (their password and
    name stay). Invalid names the fields; Conflict when the address of the organization is taken."""
    typed = {"email": email, "name": name, "password": password, "organization": organization_name, "slug": slug}
    return await _create(forms.Founding.parse(typed))


async def set_up(secret: str, form: forms.Founding, now: datetime) -> User:
    """The one-time link of a new installation makes its first owner, once."""
    return await _create(form, secret=secret, now=now)


async def _create(form: forms.Founding, *, secret: str = "", now: datetime | None = None) -> User:
    hashed = await passwords.hash(form.password)
    async with transaction():
        if now is not None:
            await one_time.use("setup", secret, now)
        user = await User.objects().where(User.email == form.email).first()
        if user is None:
            user = User(email=form.email, name=form.name, password_hash=hashed)
            await user.save()
        await found(user.id, form.organization, form.slug)
    return user


async def found(user_id: int, name: str, slug: str) -> Organization:
    """A new organization with this person as its owner. Conflict when its address is taken."""
    async with transaction():
        await serialize("organizations")
        if await Organization.exists().where(Organization.slug == slug):
            raise Conflict(f"There is an organization at /{slug} already.")
        organization = Organization(slug=slug, name=name, working_hours=WEEK)
        await organization.save()
        await Membership(user=user_id, organization=organization.id, role=Role.owner).save()
    return organization


async def check_password(email: str, password: str, address: str, now: datetime) -> User:
    """The person, or Invalid. The same work and answer whether or not there is an account; after ten wrong tries for
    one account or from one address a pause (TooMany), never a lockout. `address` is where the request comes from."""
    email = forms.address(email)
    account, place = attempts.account(email), attempts.place(address)
    await attempts.take([account, place], attempts.PASSWORDS, now)
    user = await User.objects().where(User.email == email).first()
    usable = user is not None and user.disabled_at is None
    right = await passwords.verify(user.password_hash if user and usable else "", password)
    if not (user and usable and right):
        raise Invalid({"password": WRONG})
    await attempts.forget(account)
    await attempts.give_back([place])
    learned: dict[Any, Any] = {}
    if passwords.outdated(user.password_hash):
        learned[User.password_hash] = await passwords.hash(password)
    if user.password_short != passwords.short(password):
        learned[User.password_short] = user.password_short = passwords.short(password)
    if learned:
        await User.update(learned).where(User.id == user.id, User.password_hash == user.password_hash)
        user.password_hash = learned.get(User.password_hash, user.password_hash)
    return user


async def check_new_password(user_id: int, password: str) -> None:
    """Invalid, in words, when this cannot become the person's password; owners need a longer one."""
    powerful = await Membership.exists().where(Membership.user == user_id, Membership.role == Role.owner.value)
    forms.refuse({"password": passwords.problem(password, owner=powerful)})


async def set_password(user_id: int, password: str) -> None:
    """A new password ends every session and every link that is out there. Check it first."""
    hashed = await passwords.hash(password)
    async with transaction():
        await _store_password(user_id, hashed, passwords.short(password))


async def reset_password(secret: str, password: str, now: datetime) -> None:
    """A new password through the mailed link, once; a refused password does not use the link up."""
    token = await one_time.find("password_reset", secret, now)
    await check_new_password(token.user, password)
    hashed = await passwords.hash(password)
    async with transaction():
        token = await one_time.use("password_reset", secret, now)
        await _store_password(token.user, hashed, passwords.short(password))
    await attempts.forget(attempts.account(token.email))


async def _store_password(user_id: int, hashed: str, short: bool) -> None:
    await User.update({User.password_hash: hashed, User.password_short: short}).where(User.id == user_id)
    await sessions.end_all(user_id)
    await one_time.void(*MAILED, user=user_id)


async def person(user_id: int) -> User:
    """The person behind a session."""
    found = await usable_user(user_id)
    if found is None:
        raise NotSignedIn()
    return found


async def usable_user(user_id: int) -> User | None:
    """The person, unless the account is gone or switched off."""
    return await User.objects().where(User.id == user_id, User.disabled_at.is_null()).first()


async def home(user_id: int) -> str:
    """Where a person starts: Today of their first organization."""
    found = await row(
        "SELECT o.slug FROM membership m JOIN organization o ON o.id = m.organization WHERE m.user = {} "
        "ORDER BY m.id LIMIT 1", user_id,
    )  # fmt: skip
    return f"/{found['slug']}/today" if found else "/account"
