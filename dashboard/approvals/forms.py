"""What the forms of approvals say."""

from dataclasses import dataclass
from typing import Any

from dashboard.assistant.prompts import TOPICS
from dashboard.errors import Invalid

CHANNELS = {
    "web": "Web chat", "mail": "E-mail", "messenger": "Messenger", "instagram": "Instagram", "whatsapp": "WhatsApp",
    "telegram": "Telegram",
}  # fmt: skip
HOURS = {"any": "At any time", "working": "In working hours", "outside": "Outside of working hours"}
TOPIC_WORDS = {
    "prices": "Prices", "orders": "Orders", "delivery": "Delivery", "refund": "Refund", "technical": "Technical",
    "account": "Account", "privacy": "Privacy", "security": "Security", "legal": "Legal", "other": "Other",
}  # fmt: skip
MOST_PER_DAY = 500


@dataclass(frozen=True)
class RuleForm:
    name: str
    topics: list[str]
    confidence: int
    min_sources: int
    channels: list[str]
    hours: str
    daily_cap: int

    @classmethod
    def parse(cls, data: dict[str, Any]) -> "RuleForm":
        """`data`: names to a text, or to a list of texts for what can be chosen several times."""
        problems: dict[str, str] = {}
        name = " ".join(str(data.get("name", "")).split())[:80]
        if not name:
            problems["name"] = "Give the rule a name."
        topics = [each for each in data.get("topics", []) if each in TOPICS]
        if not topics:
            problems["topics"] = "Choose at least one topic."
        channels = [each for each in data.get("channels", []) if each in CHANNELS]
        hours = data.get("hours") if data.get("hours") in HOURS else "any"
        confidence = _number(data, "confidence", 50, 100, problems)
        sources = _number(data, "min_sources", 1, 5, problems)
        cap = _number(data, "daily_cap", 1, MOST_PER_DAY, problems)
        if problems:
            raise Invalid(problems)
        return cls(name, topics, confidence, sources, channels, str(hours), cap)


def _number(data: dict[str, Any], name: str, least: int, most: int, problems: dict[str, str]) -> int:
    said = str(data.get(name, "")).strip()
    value = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else -1
    if not least <= value <= most:
        problems[name] = f"Give a number from {least} to {most}."
    return value
