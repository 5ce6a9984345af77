"""Random faults: a seeded sample in every run of the suite, half an hour of them in `make soak`."""

import os
import random

import pytest

from tests.chaos import Chaos
from tests.running import running
from tests.test_crashes import connected_env, found, partner, query  # noqa: F401 – partner is a fixture


async def trouble(partner, seed: int, seconds: float) -> None:  # noqa: F811
    url, journal = partner
    print(f"seed {seed}")
    with running(**connected_env(url)) as its:
        found(its)
        its.command("jobs", "list")
        chaos = Chaos(its, url, journal, seed)
        await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
        await chaos.run(seconds)
        print(await chaos.check())


@pytest.mark.slow
async def test_half_a_minute_of_seeded_faults_breaks_no_promise(partner):  # noqa: F811
    await trouble(partner, seed=20261121, seconds=30)


@pytest.mark.soak
async def test_a_long_time_of_random_faults_breaks_no_promise(partner):  # noqa: F811
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    await trouble(partner, seed=random.SystemRandom().randrange(10**6), seconds=minutes * 60)
