"""System calls that are made to fail from outside, by strace."""

import collections
import errno
import os
import re
import shutil
import subprocess

from program_run import ProgramRun, SECONDS

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
    "close_range": ("EMFILE", "ENOMEM") + NO_ENTRANCE,
    "copy_file_range": ("EIO", "ENOSPC", "EINTR", "EXDEV", "EOPNOTSUPP") + NO_ENTRANCE,
    "dup3": ("EBUSY", "EINTR", "EMFILE"),
    "epoll_create1": NO_FD,
    "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "epoll_pwait2": ("EINTR",) + NO_ENTRANCE,
    "epoll_wait": ("EINTR",),
    "eventfd2": NO_FD + NO_ENTRANCE,
    "execve": ("EACCES", "EMFILE", "ENOENT", "ENOMEM"),
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
    "futex_waitv": ("EINTR", "ENOMEM") + NO_ENTRANCE,
    "getdents64": ("EIO", "ENOENT"),
    "getrandom": ("EINTR",) + NO_ENTRANCE,
    "getsockname": ("ENOBUFS",),
    "getsockopt": ("ENOMEM",),
    "inotify_add_watch": ("ENOSPC", "ENOMEM", "EACCES"),
    "inotify_init1": NO_FD,
    "inotify_rm_watch": ("EINVAL",),
    "io_cancel": NO_ENTRANCE,
    "io_getevents": ("EINTR",),
    "io_setup": ("EAGAIN", "ENOMEM") + NO_ENTRANCE,
    # EINVAL is for an fd with two wait queues, which the driver's own have not.
    "io_submit": ("EAGAIN", "ENOMEM") + NO_ENTRANCE,
    "io_uring_enter": ("EINTR", "EBUSY", "EAGAIN") + NO_ENTRANCE,
    "io_uring_register": NO_ENTRANCE,
    "io_uring_setup": ("ENOMEM", "EMFILE") + NO_ENTRANCE,
    "ioctl": ("EIO", "EPERM"),
    "ioprio_set": ("EINVAL",) + NO_ENTRANCE,
    "kill": ("EPERM",),
    "linkat": ("EMLINK", "ENOSPC", "EPERM"),
    "listen": ("EADDRINUSE",),
    "madvise": ("EAGAIN", "EINVAL", "EIO", "ENOMEM"),
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
    "prlimit64": NO_ENTRANCE,
    "pselect6": ("EINTR", "ENOMEM"),
    "pwrite64": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EFBIG"),
    "pwritev": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EFBIG"),
    "pwritev2": ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EOPNOTSUPP", "ENOSYS"),
    "read": ("EIO", "EINTR"),
    "readv": ("EIO", "EINTR"),
    "readlinkat": ("EACCES", "EIO"),
    "recvfrom": ("ECONNRESET", "EINTR", "ENOMEM"),
    "recvmmsg": ("ECONNREFUSED", "EINTR", "ENOMEM"),
    "recvmsg": ("ECONNRESET", "EINTR", "ENOMEM"),
    "renameat": ("EACCES", "EIO", "ENOSPC", "EXDEV"),
    "renameat2": ("EACCES", "EIO", "ENOSPC", "EXDEV"),
    "rt_sigaction": (),
    "sched_getaffinity": NO_ENTRANCE,
    "sched_setaffinity": ("EINVAL",) + NO_ENTRANCE,
    "sched_setscheduler": NO_ENTRANCE,
    "sendmmsg": ("ENOBUFS", "EINTR", "EPERM"),
    "sendmsg": ("ENOBUFS", "ECONNRESET", "EPIPE", "EINTR"),
    "sendto": ("ENOBUFS", "ECONNRESET", "EPIPE", "EINTR"),
    "setsockopt": ("ENOBUFS", "ENOPROTOOPT"),
    "shutdown": ("ENOTCONN",),
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
# And what is left alone.
LEFT_ALONE = {
    # strace's answer takes the place of the call, so that what this would have ended would stay.
    "close", "exit", "exit_group", "io_destroy", "munmap", "rt_sigreturn",
    # As it is called here it cannot fail, or fails where nothing waits, which is no error.
    "brk", "futex", "getegid", "geteuid", "getpid", "gettid", "lseek", "prctl", "rseq",
    "rt_sigprocmask", "sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list",
    "setsid", "uname",
    # What the program that is watched does beside its work.
    "clone", "fstatfs", "newfstatat", "rmdir", "tgkill", "unlink", "vmsplice", "wait4",
}

# An eventfd's read and write fail only where nothing waits, which is no error. Its calls are known
# by what strace says of their fd.
NEVER_FAILS = "<anon_inode:[eventfd]>"
# What is plausible elsewhere and not in these programs.
IMPLAUSIBLE = {
    ("signals", "write"): ("EIO", "EPIPE"),  # into a pipe that the same process reads
    # Which one of a thread's is an eventfd's is not the same in every run.
    ("calls_to_another_worker", "read"): ("EIO",),
    ("calls_to_another_worker", "write"): ("EIO", "EPIPE"),
    ("work_that_is_stolen", "read"): ("EIO",),
    ("work_that_is_stolen", "write"): ("EIO", "EPIPE"),
    ("confined_tree", "openat2"): ("ENOENT",),  # the folder is there, and open
}
# A program that waits until a shortage is over waits for ever where it never is.
PATIENT = {("tcp_accept_patiently", "accept4")}
# What is plausible again and again elsewhere: a driver that waits has memory for that in the end.
ONCE_ONLY = {("ppoll", "ENOMEM"), ("pselect6", "ENOMEM")}
# pthread_create says EAGAIN for whatever a thread cannot be had for.
NO_THREAD = {"clone3", "mmap", "mprotect"}


def refusal(_injected):
    """Why no run can be made here, or None."""
    return None if shutil.which("strace") else "strace is not here"


def traced(words, strace_options, folder):
    """A run of a program under strace."""
    run = ProgramRun(words, folder)
    strace = subprocess.Popen(["strace", "-f", "--detach-on=execve", *strace_options, "-p",
                               str(run.process.pid)],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    first = strace.stderr.readline().strip()
    if "attached" not in first:
        run.refusal = f"strace may not trace here: {first}"
    run.finish()
    try:
        strace.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        strace.kill()
        strace.communicate()
    return run


def sites_of(injected, driver, program, folder):
    """Which calls of each kind may fail, in a run in which nothing does: a dict from its name to
    the numbers, counted by thread, of those which may, and whether all may. And the run."""
    log = os.path.join(folder, f"{driver}.{program}.log")
    run = traced([injected, driver, program], ["-y", "-o", log], folder)
    if run.refusal is not None:
        return {}, run
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
    unknown = calls.keys() - PLAUSIBLE.keys() - LEFT_ALONE
    if unknown:
        run.text = f"makes calls that no table knows: {', '.join(sorted(unknown))}"
    return calls, run


def perform(injected, driver, run, folder):
    when = "1+" if run.which is None else run.which
    option = f"inject={run.site}:error={run.error}:when={when}"
    return traced([injected, driver, run.program],
                  ["-o", "/dev/null", "-e", f"trace={run.site}", "-e", option], folder)


def reported(run):
    """The errnos by which a program may report that this has failed."""
    answers = {getattr(errno, run.error)}
    if run.site in NO_THREAD:
        answers.add(errno.EAGAIN)
    return answers
