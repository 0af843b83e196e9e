#!/usr/bin/env python3
"""Makes every system call of small programs fail, one at a time, and looks at what comes of it.

    inject.py INJECTED DRIVER [PROGRAM...] [--part N/OF] [--whole]

INJECTED is the program of this folder, DRIVER the driver under it. Each run fails one system call:
the first, the second or the third of its kind that a thread makes, or, where that is no mere
interruption, all of them; with each errno that is plausible there. The program then either does
its work or reports that very errno, or one that follows from it; it gives back what it took, and
ends. --part takes every OF-th of these runs; --whole fails later calls too, up to the twentieth.

Exits with 77 where strace may not trace, with 1 when a run went wrong.
"""

import argparse
import collections
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

CANNOT_RUN = 77
SECONDS = 20  # for one run: it takes milliseconds

# What a call that makes an fd may say.
NO_FD = ("EMFILE", "ENFILE", "ENOMEM")
NO_ENTRANCE = ("ENOSYS", "EPERM")  # what a sandbox or an old kernel says
# The errnos that are plausible for each system call, of those in its manual page, and with them
# what sandboxes answer. Without EAGAIN where that would promise a readiness that never comes.
PLAUSIBLE = {
    "accept4": ("EMFILE", "ENFILE", "ECONNABORTED", "EINTR", "ENOBUFS", "EPERM"),
    "bind": ("EADDRINUSE", "EACCES", "ENOMEM"),
    "clone3": ("EAGAIN", "ENOMEM"),
    "connect": ("ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EADDRNOTAVAIL"),
    "copy_file_range": ("EIO", "ENOSPC", "EINTR", "EXDEV", "EOPNOTSUPP") + NO_ENTRANCE,
    "epoll_create1": NO_FD,
    "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "epoll_pwait2": ("EINTR",) + NO_ENTRANCE,
    "eventfd2": NO_FD + NO_ENTRANCE,
    "fadvise64": ("EINVAL",) + NO_ENTRANCE,
    "fallocate": ("EINTR", "EIO", "ENOSPC", "EOPNOTSUPP"),
    "fchown": ("EIO", "EPERM", "EROFS"),
    "fchownat": ("EIO", "EPERM", "EROFS"),
    "fcntl": ("ENOLCK",),
    "chmod": ("EACCES", "EIO", "EPERM", "EROFS"),
    "fchmod": ("EIO", "EPERM", "EROFS"),
    "fchmodat": ("EACCES", "EIO", "EPERM", "EROFS"),
    "fdatasync": ("EIO", "ENOSPC", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "ftruncate": ("EINTR", "EFBIG", "EIO"),
    "getdents64": ("EIO", "ENOENT"),
    "getsockname": ("ENOBUFS",),
    "getsockopt": ("ENOMEM",),
    "inotify_add_watch": ("ENOSPC", "ENOMEM", "EACCES"),
    "inotify_init1": NO_FD,
    "inotify_rm_watch": ("EINVAL",),
    "io_cancel": NO_ENTRANCE,
    "io_getevents": ("EINTR",),
    "io_setup": ("EAGAIN", "ENOMEM") + NO_ENTRANCE,
    "io_submit": ("EAGAIN",),
    "io_uring_enter": ("EINTR", "EBUSY", "EAGAIN") + NO_ENTRANCE,
    "io_uring_register": NO_ENTRANCE,
    "io_uring_setup": ("ENOMEM", "EMFILE") + NO_ENTRANCE,
    "kill": ("EPERM",),
    "linkat": ("EMLINK", "ENOSPC", "EPERM"),
    "listen": ("EADDRINUSE",),
    "membarrier": NO_ENTRANCE,
    "mkdirat": ("EACCES", "EEXIST", "ENOSPC"),
    "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",),
    "openat": ("EMFILE", "ENFILE", "EACCES", "ENOSPC", "EINTR", "ENOENT"),
    "openat2": ("EMFILE", "EACCES", "ENOSPC", "EINTR", "EAGAIN", "ENOENT") + NO_ENTRANCE,
    "pidfd_open": NO_FD + NO_ENTRANCE,
    "pidfd_send_signal": NO_ENTRANCE,
    "pipe2": NO_FD,
    "poll": ("EINTR", "ENOMEM"),
    "ppoll": ("EINTR", "ENOMEM"),
    "pread64": ("EIO", "EINTR"),
    "preadv2": ("EIO", "EINTR", "EOPNOTSUPP", "ENOSYS"),
    "pselect6": ("EINTR", "ENOMEM"),
    "pwrite64": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EFBIG"),
    "pwritev2": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EOPNOTSUPP", "ENOSYS"),
    "read": ("EIO", "EINTR"),
    "readv": ("EIO", "EINTR"),
    "readlinkat": ("EACCES", "EIO"),
    "recvfrom": ("ECONNRESET", "EINTR", "ENOMEM"),
    "recvmmsg": ("ECONNREFUSED", "EINTR", "ENOMEM"),
    "recvmsg": ("ECONNRESET", "EINTR", "ENOMEM"),
    "renameat2": ("EACCES", "EIO", "ENOSPC", "EXDEV"),
    "rt_sigaction": (),
    "sched_getaffinity": NO_ENTRANCE,
    "sched_setaffinity": ("EINVAL",) + NO_ENTRANCE,
    "sendmmsg": ("ENOBUFS", "EINTR", "EPERM"),
    "sendmsg": ("ENOBUFS", "ECONNRESET", "EPIPE", "EINTR"),
    "sendto": ("ENOBUFS", "ECONNRESET", "EPIPE", "EINTR"),
    "setsockopt": ("ENOBUFS", "ENOPROTOOPT"),
    "socket": NO_FD + ("EACCES", "EAFNOSUPPORT"),
    "socketpair": NO_FD,
    "splice": ("EINVAL", "EIO", "ENOMEM", "EINTR") + NO_ENTRANCE,
    "statx": ("EIO", "ENOMEM", "ENOSYS", "EPERM"),
    "symlinkat": ("EACCES", "ENOSPC"),
    "timerfd_create": NO_FD,
    "timerfd_settime": ("EINTR",),
    "unlinkat": ("EACCES", "EBUSY", "EIO"),
    "utimensat": ("EACCES", "EIO"),
    "waitid": ("EINTR",),
    "write": ("EIO", "EPIPE", "EINTR"),
    "writev": ("EIO", "EPIPE", "EINTR"),
}
# A call that is interrupted for ever, or for ever asked to come again, is no plausible kernel's.
ONCE_ONLY = {"EINTR", "EAGAIN", "EBUSY", "ECONNABORTED"}
# Who denies a call denies it each time.
EACH_TIME = set(NO_ENTRANCE)
# strace's answer takes the place of the call, so that what a failed close would have closed stays
# open: close is left out, and what else is not in the table cannot fail plausibly.

# An eventfd's read and write fail only where nothing waits, which is no error. Its calls are known
# by what strace says of their fd.
NEVER_FAILS = "<anon_inode:[eventfd]>"
# What is plausible elsewhere and not in these programs.
IMPLAUSIBLE = {
    ("signals", "write"): ("EIO", "EPIPE"),  # into a pipe that the same process reads
    ("confined_tree", "openat2"): ("ENOENT",),  # the folder is there, and open
}
# A program that waits until a shortage is over waits for ever where it never is.
PATIENT = {("tcp_accept_patiently", "accept4")}

# What peers of whoever was hit may meet.
CONSEQUENCES = {errno.ECANCELED, errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED,
                errno.ENOTCONN}
# pthread_create says EAGAIN for whatever a thread cannot be had for.
NO_THREAD = {"clone3", "mmap", "mprotect"}

Run = collections.namedtuple("Run", "program call error when")


class Traced:
    """One run of a program under strace: what it printed, and how it ended."""

    def __init__(self, command, strace_options, folder):
        self.text = ""
        # A group of its own, so that what hangs can be ended with all its children.
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdout=subprocess.PIPE, cwd=folder, text=True,
                                   start_new_session=True)
        program.stdout.readline()  # "ready"
        strace = subprocess.Popen(["strace", "-f", "--detach-on=execve", *strace_options, "-p",
                                   str(program.pid)],
                                  stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        first = strace.stderr.readline()
        self.attached = "attached" in first
        self.refusal = "" if self.attached else first.strip()
        try:
            _, self.text = program.communicate("\n", timeout=SECONDS)
            self.status = program.returncode
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            _, self.text = program.communicate()
            self.status = None
        try:
            strace.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            strace.kill()
            strace.communicate()


def calls_of(injected, driver, program, folder):
    """Which calls of each kind may fail, in a run in which nothing does: a dict from its name to
    the numbers, counted by thread, of those which may, and whether all may."""
    log = os.path.join(folder, f"{driver}.{program}.log")
    traced = Traced([injected, driver, program], ["-y", "-o", log], folder)
    if not traced.attached:
        return None, traced.refusal
    if traced.text.strip() != "errors:":
        return None, f"fails without any fault: {traced.text.strip()} ({traced.status})"
    counts = collections.Counter()
    may_fail, never = collections.defaultdict(set), set()
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"(\d+) +(\w+)\(([^,)]*)", line)
            if match is None:
                continue
            thread, call, first = match.groups()
            counts[thread, call] += 1
            if NEVER_FAILS in first:
                never.add((call, counts[thread, call]))
            else:
                may_fail[call].add(counts[thread, call])
    calls = {}
    for call, numbers in may_fail.items():
        untouchable = {number for name, number in never if name == call}
        calls[call] = (sorted(numbers - untouchable), not untouchable)
    return calls, None


def runs_of(program, calls, longest):
    for call, (numbers, all_may) in sorted(calls.items()):
        for error in PLAUSIBLE.get(call, ()):
            if error in IMPLAUSIBLE.get((program, call), ()):
                continue
            for when in () if error in EACH_TIME else numbers[:longest]:
                yield Run(program, call, error, str(when))
            if all_may and error not in ONCE_ONLY and (program, call) not in PATIENT:
                yield Run(program, call, error, "1+")


def verdict(run, traced):
    """None when all went as it should."""
    text = traced.text.strip()
    if traced.status is None:
        return "hangs"
    match = re.search(r"^errors:((?: \d+)*)$", text, re.MULTILINE)
    if traced.status != 0 or match is None:
        return f"ends with {traced.status}: {text}"
    numbers = {int(word) for word in match[1].split()}
    injected = {getattr(errno, run.error)}
    if run.call in NO_THREAD:
        injected.add(errno.EAGAIN)
    if numbers and not numbers & injected:
        return f"reports {names(numbers)}"
    strange = numbers - CONSEQUENCES - injected
    return f"reports {names(strange)} too" if strange else None


def names(numbers):
    return ", ".join(errno.errorcode.get(n, str(n)) for n in sorted(numbers))


def perform(injected, driver, run, folder):
    option = f"inject={run.call}:error={run.error}:when={run.when}"
    traced = Traced([injected, driver, run.program],
                    ["-o", "/dev/null", "-e", f"trace={run.call}", "-e", option], folder)
    return run, verdict(run, traced)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("injected")
    parser.add_argument("driver")
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--whole", action="store_true")
    words = parser.parse_args()
    number, of = (int(part) for part in words.part.split("/"))
    injected = os.path.abspath(words.injected)
    if shutil.which("strace") is None:
        print("strace is not here")
        return CANNOT_RUN
    listed = subprocess.run([injected, "list"], capture_output=True, text=True, check=True)
    programs = words.programs or listed.stdout.split()
    bad = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = []
        baselines = pool.map(lambda p: (p, calls_of(injected, words.driver, p, folder)), programs)
        for program, (calls, refusal) in baselines:
            if calls is None and "ttach" in refusal:
                print(f"strace may not trace here: {refusal}")
                return CANNOT_RUN
            if calls is None:
                print(f"{words.driver} {program}: {refusal}")
                bad += 1
                continue
            runs += runs_of(program, calls, 20 if words.whole else 3)
        taken = runs[number - 1::of]
        for run, wrong in pool.map(lambda r: perform(injected, words.driver, r, folder), taken):
            if wrong is not None:
                bad += 1
                print(f"{words.driver} {run.program}: {run.call} fails with {run.error}, "
                      f"call {run.when}: {wrong}", flush=True)
    print(f"{words.driver}: {len(programs)} programs, {len(taken)} of {len(runs)} runs, "
          f"{bad} went wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
