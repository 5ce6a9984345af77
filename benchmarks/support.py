"""How fast the knowledge answers: 2,000 sections, the questions of the tests, one after the other."""

import asyncio
import json
import statistics
import subprocess
import sys
import time

from benchmarks.surroundings import ROOT, Place

SECTIONS, ROUNDS = 2000, 3
PROMISE = 30.0  # ms, p95
SAID = """
    harbour report audit customer website delivery invoice refund plan month price order page answer data account
    support security privacy contract payment speed finding image button search archive partner holiday calendar letter
"""
WORDS = SAID.split()


def run(where: Place) -> tuple[float, float]:
    """(p50, p95) in milliseconds of finding sections, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.support"]
    found = subprocess.run(command, cwd=ROOT, env=where.env, check=True, capture_output=True, text=True, timeout=600)
    p50, p95 = json.loads(found.stdout.splitlines()[-1])
    return p50, p95


async def measure() -> tuple[float, float]:
    """The same in this process, whose environment names the database."""
    from dashboard import clock
    from dashboard.accounts.tables import Organization
    from dashboard.database import current_engine, migrate, rows
    from dashboard.knowledge import actions, loading, search
    from tests.knowledge.more_questions import MORE
    from tests.knowledge.questions import OUTSIDE, QUESTIONS

    await migrate()
    await current_engine().start_connection_pool(min_size=1, max_size=2)
    try:
        organization = Organization(slug="bench-knowledge", name="Bench")
        await organization.save()
        await loading.load(organization, clock.now())
        known = (await rows("SELECT count(*) AS n FROM article_section WHERE organization = {}", organization.id))[0][
            "n"
        ]
        number = 0
        while known < SECTIONS:
            text = "\n".join(_section(number + n) for n in range(50))
            await actions.create_article(organization, f"Article {number}", "faq", text, clock.now(), learns=False)
            number, known = number + 50, known + 50
        await actions.learn(organization)
        await rows("ANALYZE article_section")
        questions = [each for each, _ in [*QUESTIONS, *MORE]] + OUTSIDE
        for question in questions[:20]:
            await search.find(organization, question)
        took = []
        for _ in range(ROUNDS):
            for question in questions:
                started = time.perf_counter()
                await search.find(organization, question)
                took.append((time.perf_counter() - started) * 1000)
        return statistics.median(took), statistics.quantiles(took, n=20)[-1]
    finally:
        await current_engine().close_connection_pool()


def _section(number: int) -> str:
    """A heading and some forty words; each section shares most of its words with many others."""
    said = [WORDS[(number * 7 + n * n) % len(WORDS)] for n in range(40)]
    return f"## About {said[0]} {number}\n" + " ".join(said) + f" number{number % 400} word{number % 97}.\n"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
