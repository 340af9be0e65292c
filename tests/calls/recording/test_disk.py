"""What several calls want of the disk in one moment."""

import asyncio
import errno
import threading

from calls.recording.disk import on_disk
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_works_of_one_moment_are_one_job_and_one_that_fails_fails_alone() -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "full")

    jobs: list[object] = []
    loop = asyncio.get_running_loop()
    run = loop.run_in_executor

    def counted(executor: object, job: object) -> object:
        jobs.append(job)
        return run(executor, job)  # type: ignore[arg-type]

    loop.run_in_executor = counted  # type: ignore[method-assign, assignment]
    first, failed, last = await asyncio.gather(
        on_disk(threading.get_ident), on_disk(full), on_disk(lambda: 3), return_exceptions=True
    )
    assert first != threading.get_ident()
    assert isinstance(failed, OSError)
    assert failed.errno == errno.ENOSPC
    assert last == 3
    assert len(jobs) == 1
    assert await on_disk(lambda: "later") == "later"
    assert len(jobs) == 2
