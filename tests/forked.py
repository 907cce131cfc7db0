"""Work that is done in a forked child of the tests."""

import os
import signal


def child(work):
    """The exit status of a forked child that does `work`: 0, or 14 if it hangs."""
    pid = os.fork()
    if not pid:
        signal.alarm(60)
        try:
            work()
            os._exit(0)
        finally:  # whatever happens, it is no second run of the tests
            os._exit(1)
    return os.waitpid(pid, 0)[1]
