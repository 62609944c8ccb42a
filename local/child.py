"""Run a command that ends when the process that started it ends: `python -m local.child <parent pid> <command…>`.

A supervisor killed with SIGKILL cannot end its children, so on Linux the kernel does. Elsewhere, the next start finds
and ends what was left behind (`processes.sweep`).
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Two for each WebSocket that the front passes on. macOS allows 256 unless asked for more.
_OPEN_FILES = 4_096


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the prctl call.
    if os.getppid() != parent:
        sys.exit("The parent process is gone.")
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < _OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES if most < 0 else min(_OPEN_FILES, most), most))
    os.execvp(command[0], command)  # noqa: S606 - deliberately without a shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
