"""The sidebar, the palette's places and the addresses no organization may take, as data."""

NAVIGATION = [
    (
        "",
        [
            ("today", "Today", "house", "H"),
            ("approvals", "Approvals", "sparkles", "A"),
            ("tickets", "Tickets", "ticket", "T"),
        ],
    ),
    (
        "Sell",
        [
            ("orders", "Orders", "shopping-bag", "O"),
            ("leads", "Leads", "users", "L"),
            ("campaigns", "Campaigns", "megaphone", "C"),
        ],
    ),
    ("Understand", [("revenue", "Revenue", "chart-line", "R")]),
    (
        "Operate",
        [
            ("outbox", "Outbox", "send", "B"),
            ("events", "Events", "webhook", "E"),
            ("schedules", "Schedules", "timer", "S"),
        ],
    ),
]

WITHIN = {"conversations": "tickets", "knowledge": "settings"}  # pages without an entry of their own stand under one

RESERVED_SLUGS = frozenset(
    [
        "account",
        "admin",
        "api",
        "app",
        "approvals",
        "assets",
        "c",
        "chat",
        "d",
        "embed",
        "f",
        "favicon.ico",
        "forgotten",
        "forms",
        "health",
        "help",
        "internal",
        "invitation",
        "kit",
        "live",
        "login",
        "logout",
        "o",
        "public",
        "q",
        "reset",
        "robots.txt",
        "s",
        "settings",
        "setup",
        "signin",
        "signout",
        "static",
        "support",
        "today",
        "u",
        "webhooks",
        "www",
    ]
)


def entry_of(page: str) -> str:
    """The entry of the sidebar a page stands under."""
    return WITHIN.get(page, page)


def groups(base: str) -> list[tuple[str | None, list[tuple[str, str, str, str]]]]:
    """The sidebar of one organization: (title, [(key, label, icon, href)]); the group without a title stands below."""
    shown: list[tuple[str | None, list[tuple[str, str, str, str]]]] = [
        (title, [(key, label, icon, f"{base}/{key}") for key, label, icon, _ in items]) for title, items in NAVIGATION
    ]
    return [*shown, (None, [("settings", "Settings", "settings", f"{base}/settings")])]


def palette(base: str, *, works: bool) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """What the palette offers before anything is typed: (group, [(label, icon, keys, href)]).
    `works`: the person does more than read."""
    places = [
        (label, icon, f"G {letter}", f"{base}/{key}") for _, items in NAVIGATION for key, label, icon, letter in items
    ]
    places.append(("Conversations", "inbox", "G V", f"{base}/conversations"))
    places.append(("Knowledge", "book-open", "G K", f"{base}/knowledge"))
    places.append(("Templates of campaigns", "file-text", "", f"{base}/campaigns/templates"))
    places.append(("Settings", "settings", "", f"{base}/settings"))
    return [
        ("Go to", places),
        (
            "Do",
            [
                *([("New order", "plus", "N", f"{base}/orders/new")] if works else []),
                *([("New lead", "plus", "", f"{base}/leads/new")] if works else []),
                *([("New campaign", "plus", "", f"{base}/campaigns/new")] if works else []),
                *([("New ticket", "plus", "", f"{base}/tickets/new")] if works else []),
                ("Switch theme", "moon", "", "#theme"),
                ("Keyboard shortcuts", "keyboard", "?", "#keys"),
            ],
        ),
    ]
