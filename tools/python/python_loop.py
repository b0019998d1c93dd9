"""An event loop for asyncio that waits for time alone: there are no sockets to wait for, and no
threads."""

import asyncio
import time


class Clock:
    """What a loop waits on."""

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("every task waits, and there is nothing that could wake one")
        if timeout > 0:
            time.sleep(timeout)
        return ()


class Loop(asyncio.BaseEventLoop):
    """Runs tasks, callbacks and timers."""

    def __init__(self):
        super().__init__()
        self._selector = Clock()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *args):
        """Calls the function at once: there is no other thread that could."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def apply():
    """Makes it the loop of `asyncio.run`: at build time alone."""
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = Loop
    asyncio.SelectorEventLoop = asyncio.EventLoop = Loop
