"""What a ring is asked for, made to fail from inside (ring_fault.cpp). A site is an opcode, and
behind a stroke what the driver wants with the entry, where that is not the operation itself."""

import errno
import subprocess

from program_run import ProgramRun

AGAIN = ("EINTR", "ECANCELED")  # the second where the thread that has submitted it ends
AGAIN_IN_THREAD = AGAIN + ("ERESTARTSYS",)  # what a thread of the kernel does, whom a signal ends
READS_THERE = ("EIO", "ENOMEM") + AGAIN  # of a regular file that is opened to be read once
READS = ("EIO", "ENOMEM", "EAGAIN") + AGAIN
WRITES = ("EIO", "ENOSPC", "EDQUOT", "EFBIG", "EPIPE", "ENOMEM", "EAGAIN") + AGAIN
RECEIVES = ("ECONNRESET", "ETIMEDOUT", "ENOMEM", "EAGAIN") + AGAIN
SENDS = ("ECONNRESET", "EPIPE", "ENOBUFS", "ENOMEM", "EAGAIN") + AGAIN
SYNCS = ("EIO", "ENOSPC", "EDQUOT") + AGAIN_IN_THREAD
OPENS = ("EMFILE", "ENFILE", "EACCES", "ENOENT", "ENOSPC", "ENOMEM") + AGAIN_IN_THREAD

# The errnos that are plausible for each, as for the system call, and what only a ring says.
PLAUSIBLE = {
    "ACCEPT": ("EMFILE", "ENFILE", "ECONNABORTED", "ENOBUFS", "ENOMEM", "EPERM", "EAGAIN") + AGAIN,
    "CLOSE": ("EIO", "ENOSPC", "EDQUOT") + AGAIN,
    "CLOSE/closing": ("ECANCELED",),
    "CONNECT": ("ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EADDRNOTAVAIL") + AGAIN,
    "FADVISE": ("EINVAL", "ECANCELED"),
    "FALLOCATE": ("EIO", "ENOSPC", "EOPNOTSUPP") + AGAIN_IN_THREAD,
    "FIXED_FD_INSTALL": ("EMFILE", "ENOMEM", "ECANCELED"),
    "FSYNC": SYNCS,
    "FSYNC/linked": SYNCS,
    "FTRUNCATE": ("EFBIG", "EIO") + AGAIN_IN_THREAD,
    "FUTEX_WAIT": ("ENOMEM", "EAGAIN", "ECANCELED"),
    "LINKAT": ("EMLINK", "ENOSPC", "EPERM", "ECANCELED"),
    "MADVISE": ("EIO", "EINVAL", "ENOMEM") + AGAIN,
    "MKDIRAT": ("EACCES", "EEXIST", "ENOSPC", "ECANCELED"),
    "OPENAT": OPENS,
    "OPENAT2": OPENS,
    "POLL_ADD": ("ENOMEM", "ECANCELED"),
    "POLL_ADD/readiness": ("ENOMEM", "ECANCELED"),
    "POLL_ADD/wake": ("ECANCELED",),  # without its eventfd a ring could not be woken: it aborts
    "READ": READS,
    "READ/linked": READS_THERE,
    "READV": READS,
    "READ_FIXED": READS,
    "RECV": RECEIVES + ("ENOBUFS",),  # the last where no buffer is on offer
    "RECV/end": ("ECONNRESET", "ETIMEDOUT"),
    "RECVMSG": RECEIVES,
    "RENAMEAT": ("EACCES", "EIO", "ENOSPC", "EXDEV", "ECANCELED"),
    "SEND": SENDS,
    "SENDMSG": SENDS,
    "SEND_ZC": SENDS + ("EOPNOTSUPP",),
    "SEND_ZC/end": ("ECONNRESET", "EPIPE", "ENOBUFS"),
    "SHUTDOWN": ("ENOTCONN", "ECANCELED"),
    "SPLICE": ("EINVAL", "EIO", "ENOMEM", "EAGAIN") + AGAIN_IN_THREAD,
    "STATX": ("EIO", "ENOMEM", "ECANCELED"),
    "SYMLINKAT": ("EACCES", "ENOSPC", "ECANCELED"),
    "UNLINKAT": ("EACCES", "EBUSY", "EIO", "ECANCELED"),
    "WAITID": ("ECHILD",) + AGAIN_IN_THREAD,
    "WRITE": WRITES,
    "WRITEV": WRITES,
    "WRITE_FIXED": WRITES,
}
# And what is left alone, by why it is.
LEFT_ALONE = {
    "ASYNC_CANCEL/cancel": "its answer is not read: what it hit tells by itself",
    "ASYNC_CANCEL/recall": "a stop would have to come between an open and its read",
    "NOP/cancel": "does nothing, which cannot fail",
    "TIMEOUT/cancel": "a pause, however it ends",
}

# What is there once cannot be there for ever: buffers are on offer again.
ONCE_ONLY = {("RECV", "ENOBUFS"), ("FUTEX_WAIT", "EAGAIN")}
IMPLAUSIBLE = {
    ("files_by_the_kernel", "SPLICE"): ("EAGAIN",),  # into a pipe that has room
}
PATIENT = {("tcp_accept_patiently", "ACCEPT")}

# What is begun anew, so that no program hears of it.
BEGUN_ANEW = {"EINTR", "EAGAIN", "ECANCELED", "ERESTARTSYS"}
# Nor of a wait that fails: what was waited for is tried.
UNHEARD = {"POLL_ADD/readiness"}

OPCODES = {
    "NOP": 0, "READV": 1, "WRITEV": 2, "FSYNC": 3, "READ_FIXED": 4, "WRITE_FIXED": 5, "POLL_ADD": 6,
    "SENDMSG": 9, "RECVMSG": 10, "TIMEOUT": 11, "ACCEPT": 13, "ASYNC_CANCEL": 14, "CONNECT": 16,
    "FALLOCATE": 17, "OPENAT": 18, "CLOSE": 19, "STATX": 21, "READ": 22, "WRITE": 23, "FADVISE": 24,
    "MADVISE": 25, "SEND": 26, "RECV": 27, "OPENAT2": 28, "SPLICE": 30, "SHUTDOWN": 34,
    "RENAMEAT": 35, "UNLINKAT": 36, "MKDIRAT": 37, "SYMLINKAT": 38, "LINKAT": 39, "SEND_ZC": 47,
    "WAITID": 50, "FUTEX_WAIT": 51, "FIXED_FD_INSTALL": 54, "FTRUNCATE": 55,
}
NAMES = {number: name for name, number in OPCODES.items()}
# Of UringTag, and what fails at its end.
TAGS = ("", "/readiness", "/cancel", "/wake", "/linked", "/closing", "/recall", "/end")

KERNELS_OWN = {"ERESTARTSYS": 512}  # an errno that programs have no name for


def refusal(injected):
    """Why no run can be made here, or None."""
    can = subprocess.run([injected, "can-fail-entries"], check=False).returncode == 0
    return None if can else "no entry of a ring fails as it is told before Linux 6.10"


def site_of(opcode, tag):
    return NAMES.get(opcode, f"opcode {opcode}") + TAGS[tag]


def sites_of(injected, driver, program, folder):
    """What the rings are asked for in a run in which nothing fails: a dict from each site to the
    numbers, of those which may fail, and whether all may. And the run."""
    run = ProgramRun([injected, driver, program, "entries"], folder).finish()
    counted = [[int(word) for word in line.split()] for line in run.entries.splitlines()]
    counts = {site_of(opcode, tag): count for opcode, tag, count in counted}
    unknown = counts.keys() - PLAUSIBLE.keys() - LEFT_ALONE.keys()
    if unknown:
        run.text = f"asks for what no table knows: {', '.join(sorted(unknown))}"
    return {site: (range(1, count + 1), True) for site, count in counts.items()}, run


def perform(injected, driver, run, folder):
    opcode, stroke, tag = run.site.partition("/")
    error = KERNELS_OWN.get(run.error) or getattr(errno, run.error)
    words = (OPCODES[opcode], TAGS.index(stroke + tag), error, run.which or 0)
    return ProgramRun([injected, driver, run.program, *map(str, words)], folder).finish()


def reported(run):
    """The errnos by which a program may report that this has failed."""
    if run.error in BEGUN_ANEW or run.site in UNHEARD:
        return set()
    return {getattr(errno, run.error)}
