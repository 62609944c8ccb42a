"""Become a command that ends with the process that started it: `python -m local.child <parent pid> <command…>`.

A supervisor that is killed with SIGKILL cannot end its children, so on Linux the kernel is asked to. Elsewhere the next
start finds and ends what was left behind (`processes.sweep`).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the kernel was asked.
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
