#!/usr/bin/env python3
"""What kernel_log.py takes for a complaint of the kernel's, and what it does not."""

import unittest

from kernel_log import complaints, parse

WRONG = (
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "WARNING: CPU: 1 PID: 7 at io_uring/io_uring.c:2866 io_ring_exit_work+0x1b/0x2a0",
    "Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "INFO: task stress:4711 blocked for more than 120 seconds.",
    "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
    "INFO: lockdep is turned off.",
    "stress[4711]: segfault at 8 ip 000055d sp 00007ff error 4 in libc.so.6[7f00+195000]",
    "rota 1[4711]: segfault at 8 ip 000055d sp 00007ff error 4 in stress[55d0+1000]",
    "traps: stress[4711] general protection fault ip:55d sp:7ff error:0 in libc.so.6[7f00+195000]",
    "traps: lost_wakes[4711] trap invalid opcode ip:55d sp:7ff error:0 in lost_wakes[55d0+1000]",
)
RIGHT = (
    "EXT4-fs (vda): mounted filesystem with ordered data mode",
    "a_death_test[4711]: segfault at 8 ip 000055d sp 00007ff error 4 in a_death_test[55d0+1000]",
    "traps: another[4711] general protection fault ip:55d sp:7ff error:0 in another[55d0+1000]",
)


def log_of(texts, facility=0):
    return [parse(f"{facility * 8 + 4},{number},17,-;{text}\n SUBSYSTEM=x\n")
            for number, text in enumerate(texts, start=10)]


def found(log, mark=9):
    return complaints(log, mark, ("stress", "lost_wakes"))


class Complaints(unittest.TestCase):
    def test_are_what_is_wrong_with_the_kernel_and_crashes_of_the_programs(self):
        self.assertEqual(found(log_of(WRONG + RIGHT)), list(WRONG))

    def test_are_younger_than_the_mark(self):
        self.assertEqual(found(log_of(WRONG), mark=10), list(WRONG[1:]))

    def test_are_the_kernels_and_not_what_programs_write_to_its_log(self):
        self.assertEqual(found(log_of(WRONG, facility=1)), [])


if __name__ == "__main__":
    unittest.main()
