#!/usr/bin/env python3
"""The kernel's log while the stress tests run: a mark before them, and what came since after them.

    kernel_log.py mark FILE
    kernel_log.py check FILE PROGRAM...

`check` fails where the kernel reports something that is wrong with itself, or that one of the
programs crashed. It ends with 77 where /dev/kmsg cannot be read.
"""

import os
import re
import sys
from pathlib import Path

LOG = "/dev/kmsg"
SKIPPED = 77
LONGEST_RECORD = 8192  # what one read of the log gives at the most
OF_THE_KERNEL = 0      # a facility; what programs write to the log has others
# A machine that its host has paused tells of lockups.
ITS_OWN = re.compile(r"\bBUG:(?! (?:workqueue|soft) lockup)|\bWARNING:|\bOops\b|hung task|"
                     r"blocked for more than|lockdep|general protection")
# Of a program: its thread, and in brackets a number. Debian's programs may crash as they like.
CRASH = re.compile(r"^(?:traps: )?(?P<thread>.+)\[\d+\]:? (?:segfault|general protection|trap )")


def parse(record):
    """(sequence, facility, text) of what one read of the log gave."""
    head, _, text = record.partition(";")
    priority, sequence = head.split(",")[:2]
    return int(sequence), int(priority) >> 3, text.split("\n")[0]


def records():
    log = os.open(LOG, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                yield parse(os.read(log, LONGEST_RECORD).decode(errors="replace"))
            except BrokenPipeError:  # Some were overwritten before they were read.
                continue
            except BlockingIOError:
                return
    finally:
        os.close(log)


def is_wrong(text, programs):
    crash = CRASH.search(text)
    if not crash:
        return ITS_OWN.search(text) is not None
    # A thread may have a name of its own; then the place of the crash says whose it is.
    return any(crash["thread"] == name[:15] or f" in {name}[" in text for name in programs)


def complaints(log, mark, programs):
    return [text for sequence, facility, text in log
            if sequence > mark and facility == OF_THE_KERNEL and is_wrong(text, programs)]


def write_mark(path):
    try:
        path.write_text(str(max((sequence for sequence, _, _ in records()), default=-1)))
    except OSError as error:
        path.write_text(f"{LOG} cannot be read: {error.strerror}")


def check(path, programs):
    mark = path.read_text()
    if not re.fullmatch(r"-?\d+", mark):
        print(mark)
        return SKIPPED
    found = complaints(records(), int(mark), programs)
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1] == "mark":
        write_mark(Path(sys.argv[2]))
    else:
        sys.exit(check(Path(sys.argv[2]), sys.argv[3:]))
