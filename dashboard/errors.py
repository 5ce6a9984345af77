"""Errors a person can cause or must know about. Anything else is a bug and stays a 500."""


class DashboardError(Exception):
    """Carries the HTTP status and a sentence for the person who caused it."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(DashboardError):
    status = 404

    def __init__(self, message: str = "There is nothing at this address.") -> None:
        super().__init__(message)


class NotSignedIn(DashboardError):
    status = 401

    def __init__(self, message: str = "Sign in first.") -> None:
        super().__init__(message)


class NotAllowed(DashboardError):
    status = 403


class FirstDo(NotAllowed):
    """Something has to be done first, at the address `where`: whoever opens a page is led there."""

    where: str


class SecondFactorNeeded(FirstDo):
    """This organization lets in only people with a second factor."""

    where = "/account/second-factor"

    def __init__(self) -> None:
        super().__init__("This organization asks for a second factor. Set yours up on your account page first.")


class LongerPasswordNeeded(FirstDo):
    """Somebody became an owner whose password is too short for one."""

    where = "/account#password-title"

    def __init__(self) -> None:
        super().__init__("Owners need a password of at least 15 characters. Choose one on your account page first.")


class Conflict(DashboardError):
    status = 409


class Invalid(DashboardError):
    """What is wrong, by field. The page shows the same form again with these beside the fields."""

    status = 422

    def __init__(self, fields: dict[str, str], message: str = "Some answers need another look.") -> None:
        super().__init__(message)
        self.fields = fields


class TooMany(DashboardError):
    status = 429

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(DashboardError):
    status = 413


class Unavailable(DashboardError):
    """Something the request needs is away for the moment; the sender should try again."""

    status = 503

    def __init__(
        self, message: str = "The database is not answering. Nothing was changed.", retry_after: int = 5
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
