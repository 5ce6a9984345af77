"""The loops of a process: they go on after trouble, and stop without leaving a step half done."""

import asyncio

from dashboard.workers import Loops


async def test_a_hint_starts_the_work_at_once_and_it_goes_on_while_there_is_some():
    loops, hint, left, done = Loops(), asyncio.Event(), [0], asyncio.Event()

    async def step():
        if not left[0]:
            return False
        left[0] -= 1
        if not left[0]:
            done.set()
        return True

    loops.start(step, hint, every=60)
    await asyncio.sleep(0.05)
    left[0] = 5
    hint.set()
    await asyncio.wait_for(done.wait(), 60)
    await loops.finish(1)


async def test_trouble_is_tried_again(caplog):
    loops, tries, done = Loops(), [], asyncio.Event()

    async def step():
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("a bug")
        if len(tries) == 2:
            raise ConnectionRefusedError
        done.set()
        return False

    loops.start(step, asyncio.Event(), every=0.01)
    await asyncio.wait_for(done.wait(), 60)
    await loops.finish(1)
    assert [record.levelname for record in caplog.records if record.name == "dashboard.workers"] == ["ERROR", "WARNING"]


async def test_a_step_under_way_ends_before_the_process_does_and_no_other_begins():
    loops, began, ended = Loops(), [], []
    first = asyncio.Event()

    async def step():
        began.append(1)
        first.set()
        await asyncio.sleep(0.1)
        ended.append(1)
        return True

    loops.start(step, asyncio.Event())
    await first.wait()
    await loops.finish(5)
    assert began == ended == [1]


async def test_a_step_that_takes_too_long_is_stopped():
    loops, first, stopped = Loops(), asyncio.Event(), []

    async def step():
        first.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(1)
            raise

    loops.start(step, asyncio.Event())
    await first.wait()
    await asyncio.wait_for(loops.finish(0.1), 30)
    assert stopped == [1]
