#!/usr/bin/env python3
"""Makes all that small programs ask of the kernel fail, one at a time. Looks at what comes of it.

    inject.py INJECTED DRIVER [PROGRAM...] [--entries] [--part N/OF] [--whole]

INJECTED is the program of this folder, DRIVER the driver under it. Each run fails one system call,
or with --entries one entry of a ring: the first, the second or the third of its kind (of system
calls: that a thread makes), or, where that is no mere interruption, all of them; with each errno
that is plausible there. The program then either does its work or reports that very errno, or one
that follows from it; it gives back what it took, and ends. --part takes every OF-th of these runs;
--whole fails later ones too, up to the twentieth.

Exits with 77 where nothing can be made to fail, with 1 when a run went wrong.
"""

import argparse
import collections
import errno
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import ring_entries
import system_calls

CANNOT_RUN = 77

# What is interrupted for ever, or for ever asked to come again, is no plausible kernel's.
ONCE_ONLY = {"EINTR", "EAGAIN", "EBUSY", "ECONNABORTED", "ECANCELED", "ERESTARTSYS"}
# Who denies a call denies it each time.
EACH_TIME = {"ENOSYS", "EPERM"}
# What peers of whoever was hit may meet.
CONSEQUENCES = {errno.ECANCELED, errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED,
                errno.ENOTCONN}

# Which of a site's fail: a number from 1, or None for each.
Run = collections.namedtuple("Run", "program site error which")


def runs_of(kind, program, sites, longest):
    for site, (numbers, all_may) in sorted(sites.items()):
        for error in kind.PLAUSIBLE.get(site, ()):
            if error in kind.IMPLAUSIBLE.get((program, site), ()):
                continue
            for which in () if error in EACH_TIME else numbers[:longest]:
                yield Run(program, site, error, which)
            once = error in ONCE_ONLY or (site, error) in kind.ONCE_ONLY
            if all_may and not once and (program, site) not in kind.PATIENT:
                yield Run(program, site, error, None)


def verdict(run, ended, reported):
    """None when all went as it should."""
    if ended.status is None:
        return "hangs"
    match = re.search(r"^errors:((?: \d+)*)$", ended.text, re.MULTILINE)
    if ended.status != 0 or match is None:
        return f"ends with {ended.status}: {ended.text}"
    numbers = {int(word) for word in match[1].split()}
    if numbers and not numbers & reported:
        return f"reports {names(numbers)}"
    strange = numbers - CONSEQUENCES - reported
    return f"reports {names(strange)} too" if strange else None


def names(numbers):
    return ", ".join(errno.errorcode.get(n, str(n)) for n in sorted(numbers))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("injected", type=os.path.abspath)
    parser.add_argument("driver")
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--entries", action="store_true")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--whole", action="store_true")
    return parser.parse_args()


def main():
    words = arguments()
    kind = ring_entries if words.entries else system_calls
    refusal = kind.refusal(words.injected)
    if refusal is not None:
        print(refusal)
        return CANNOT_RUN
    number, of = (int(part) for part in words.part.split("/"))
    listed = subprocess.run([words.injected, "list"], capture_output=True, text=True, check=True)
    programs = words.programs or listed.stdout.split()
    bad = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = []
        place = (words.injected, words.driver)
        faultless = pool.map(lambda each: (each, kind.sites_of(*place, each, folder)), programs)
        for program, (sites, ended) in faultless:
            if ended.refusal is not None:
                print(ended.refusal)
                return CANNOT_RUN
            if ended.text != "errors:":
                print(f"{words.driver} {program}: fails without any fault: {ended.text} "
                      f"({ended.status})")
                bad += 1
                continue
            runs += runs_of(kind, program, sites, 20 if words.whole else 3)
        taken = runs[number - 1::of]
        performed = pool.map(lambda each: (each, kind.perform(*place, each, folder)), taken)
        for run, ended in performed:
            wrong = verdict(run, ended, kind.reported(run))
            if wrong is not None:
                bad += 1
                print(f"{words.driver} {run.program}: {run.site} fails with {run.error}, "
                      f"{run.which or 'each time'}: {wrong}", flush=True)
    print(f"{words.driver}: {len(programs)} programs, {len(taken)} of {len(runs)} runs, "
          f"{bad} went wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
