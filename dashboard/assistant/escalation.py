"""When a person has to take over, whatever the knowledge says."""

import re

from dashboard.knowledge.folding import fold

FAILED_TWICE = 2
URGENT = ("legal", "security", "angry")  # reasons that do not wait their turn
_ASKS = r"""
    (talk|speak|chat|connect|transfer|put)\b.{0,30}
        \b(human|person|agent|someone|somebody|representative|operator|manager|people)
    | \b(real|actual|live)\s+(human|person|agent) | \bhuman\s+(please|agent|being)
    | mit\s+(einem|einer|jemandem|nem)?\s*(mensch|mitarbeiter|person|berater) | echten\s+menschen
    | parler\s+a\s+(un|une|quelqu|votre) | hablar\s+con\s+(una?|alguien) | parlare\s+con | snakke\s+med | spreken\s+met
"""
_ANGRY = r"""
    \b(furious|outrage\w*|unacceptable|ridiculous|disgust\w*|scam\w*|fraud\w*|liars?|useless|terrible|horrible|worst|
    angry|rip\s?off|fed\s+up|shame\s+on|idiots?|damn|wtf)\b | !{3,}
    | \b(frechheit|unverschamt|betrug|wutend|unmoglich)\b
    | \b(scandale|arnaque|honteux|inadmissible|furieux)\b | \b(estafa|inaceptable|verguenza|furios[oa])\b
"""
_TOPICS = {
    "refund": r"\b(refund|chargeback|money\s+back|reimburse\w*|ruckerstatt\w*|erstattung|geld\s+zuruck|rembours\w*|"
              r"reembols\w*|devolucion|rimborso)\b",
    "legal": r"\b(lawyer|attorney|sue|suing|lawsuit|court|legal\s+action|solicitor|anwalt|rechtsanwalt|klage|gericht|"
             r"avocat|tribunal|abogado|demanda|avvocato|advokat)\b",
    "security": r"\b(hacked|breach\w*|data\s+leak\w*|stolen|phishing|compromised|vulnerab\w*|gehackt|datenleck|pirate|"
                r"hackeado)\b",
}  # fmt: skip
ASKS, ANGRY = re.compile(_ASKS, re.X), re.compile(_ANGRY, re.X)
TOPICS = {name: re.compile(pattern) for name, pattern in _TOPICS.items()}


def reason_in(text: str, sentiment: str = "", failed: int = 0) -> str:
    """Why a person has to answer: asked, angry, refund, legal, security or unanswered; empty when nothing says so."""
    said = fold(text[:5000])
    if ASKS.search(said):
        return "asked"
    if ANGRY.search(said) or sentiment == "angry" or _shouts(text):
        return "angry"
    topic = next((name for name, pattern in TOPICS.items() if pattern.search(said)), "")
    return topic or ("unanswered" if failed >= FAILED_TWICE else "")


def _shouts(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 25 and sum(letter.isupper() for letter in letters) > 0.8 * len(letters)
