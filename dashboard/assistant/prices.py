"""What models cost, in millionths of a US dollar per thousand tokens. Raise VERSION with every change."""

VERSION = "2026-11"
PRICES: dict[str, tuple[int, int, int]] = {  # given, cached, written
    "gpt-5": (1250, 125, 10_000),
    "gpt-5-mini": (250, 25, 2_000),
    "gpt-5-nano": (50, 5, 400),
    "gpt-4o": (2500, 1250, 10_000),
    "gpt-4o-mini": (150, 75, 600),
    "gpt-4.1": (2000, 500, 8_000),
    "gpt-4.1-mini": (400, 100, 1_600),
}
UNKNOWN = (2500, 2500, 10_000)  # a model nobody told us the price of counts as a dear one
OVERHEAD = 300  # tokens of the schema and the frame around a prompt


def of(model: str) -> tuple[int, int, int]:
    """The prices of a model; of a dated one those of its family."""
    families = sorted((name for name in PRICES if model == name or model.startswith(f"{name}-2")), key=len)
    return PRICES[families[-1]] if families else UNKNOWN


def most(model: str, text: str, most_tokens: int) -> int:
    """The most a call may cost; two bytes for a token is more than any language needs in the mean."""
    given, _, written = of(model)
    tokens = len(text.encode()) // 2 + OVERHEAD
    return -(-(tokens * given + most_tokens * written) // 1000)


def cost(model: str, given: int, cached: int, written: int) -> int:
    """What a call cost, rounded up."""
    prices = of(model)
    return -(-((given - cached) * prices[0] + cached * prices[1] + written * prices[2]) // 1000)
