#!/usr/bin/env python3
"""fio's random 4 KiB reads at queue depths 1, 32 and 128, as rota_files makes them: one line of
JSON per depth.

    fio_reads.py FILE ENGINE [--direct]
"""

import json
import resource
import subprocess
import sys

DEPTHS = (1, 32, 128)
READS = 400_000
DIRECT_READS = 40_000  # of the device, which takes longer
NS_PER_MS = 1e6
NS_PER_S = 1e9


def fio(path, engine, depth, direct, reads):
    command = ["fio", "--name=reads", f"--filename={path}", "--readonly", "--rw=randread",
               "--bs=4k", f"--ioengine={engine}", f"--iodepth={depth}", f"--direct={int(direct)}",
               f"--io_size={reads * 4}k", "--invalidate=0",
               "--norandommap", "--randrepeat=0", "--thread", "--output-format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"fio: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout)["jobs"][0]


def children_cpu_ns():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * NS_PER_S


def report(depth, direct, job, cpu_ns):
    reads = job["read"]["total_ios"]
    wall_ns = job["job_runtime"] * NS_PER_MS
    name = f"{'direct' if direct else 'read'}_qd{depth}"
    print(json.dumps({"name": name, "operations": reads, "ns_per_op": cpu_ns / reads,
                      "wall_ns_per_op": wall_ns / reads}), flush=True)


def main():
    words = [word for word in sys.argv[1:] if word != "--direct"]
    if len(words) != 2:
        sys.exit(__doc__)
    path, engine = words
    direct = "--direct" in sys.argv
    for depth in DEPTHS:
        if not direct:  # The page cache of some hosts is emptied within a minute.
            with open(path, "rb") as file:
                while file.read(1 << 20):
                    pass
        before_ns = children_cpu_ns()
        fio(path, engine, depth, direct, reads=1)  # What it takes to begin and end.
        begun_ns = children_cpu_ns()
        job = fio(path, engine, depth, direct, DIRECT_READS if direct else READS)
        cpu_ns = children_cpu_ns() - begun_ns - (begun_ns - before_ns)
        report(depth, direct, job, cpu_ns)


if __name__ == "__main__":
    main()
