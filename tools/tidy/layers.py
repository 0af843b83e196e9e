"""Includes point down only. The two tables here are the layers; everything else is lookup."""

import os
from pathlib import Path

from tree import CPP, finding

LOW = ("base",)
WAITS = ("core", "time", "task", *LOW)  # what a thing that a task can wait for is built of

# What each layer may include besides itself. "driver/driver.hpp" stands for that one header; with
# message.hpp, what is tried at once, it is the seam.
# `net` and its neighbours reach a driver through submit() of core, so `driver` and `sched` are
# absent from theirs.
MAY_INCLUDE = {
    "base": (),
    "core": LOW,
    "time": ("core", *LOW),
    "driver": ("core", *LOW),
    "observe": ("core", *LOW),
    "sched": ("core", "time", "observe", *LOW, "driver/driver.hpp", "driver/message.hpp"),
    "preempt": ("core", "time", *LOW, "sched/worker.hpp"),
    "task": ("core", "time", "preempt", *LOW, "sched/worker.hpp"),
    "sync": WAITS,
    "net": (*WAITS, "sync"),
    "fs": (*WAITS, "sync"),
    "process": (*WAITS, "sync", "net"),
    "tls": (*WAITS, "sync", "net"),
    "http": (*WAITS, "sync", "net", "tls"),
    "runtime": ("core", "time", "driver", "observe", "sched", "preempt", "task", "sync", "net",
                "fs", "process", "tls", "http", *LOW),
}

# The layer of each header that stands directly in include/rota. Those in a folder there belong to
# the layer that the folder is named after.
PUBLIC = {
    "base": {"result", "version", "owned_fd"},
    "core": {"config", "operation", "waker", "leaf", "await", "stop_token", "deadline",
             "scope_errors", "lease"},
    "time": {"clock"},
    "observe": {"lengths"},
    "preempt": {"budget", "safepoint"},
    "task": {"task", "spawn", "scope", "join", "stop", "time", "fiber", "timeout", "yield",
             "workers", "sharded", "fork", "parallel", "blocking", "interval", "arms", "select",
             "join_all", "race", "generator", "async_generator"},
    "sync": {"sync", "event", "channel", "mutex", "semaphore", "worker_channel", "shared_mutex",
             "condition_variable", "notify", "barrier", "latch", "once", "thread_wait",
             "broadcast", "lag", "oneshot", "unbounded_channel", "watch", "poll_fn",
             "stop_bridge", "sender_names", "sender_stop", "futex"},
    "net": {"net", "tcp", "direct_stream", "address", "fd_watch", "listener_group", "socket_stream",
            "socket_listener", "unix_address", "unix_stream", "unix_datagram", "unix_packets",
            "udp", "udp_batch", "pipe", "standard_stream", "accept_patiently", "buffered_reader",
            "buffered_writer", "copy", "happy_eyeballs", "resolver", "dns_error"},
    "fs": {"fs", "file", "file_status", "file_stream", "directory", "file_watch", "replace_file",
           "temporary_directory", "direct_file", "registered_memory", "memory_advice",
           "load_file"},
    "process": {"process", "signal", "alarm", "terminal"},
    "runtime": {"rota", "runtime", "capabilities", "contention", "measurements", "sim", "foreign",
                "as_sender", "from_sender"},
}

SEES_PUBLIC_ONLY = ("cli", "examples", "bench", "model")
MEASURES_PARTS = Path("bench/micro")  # a micro benchmark is of one private part


def layer_of(path):
    """The layer of a file, or None when the tables do not name it."""
    parts = path.parts
    if parts[0] == "src":
        inner = parts[1:]
    elif parts[:2] == ("include", "rota"):
        inner = parts[2:]
        if len(inner) == 1:
            stem = Path(inner[0]).stem
            return next((layer for layer, names in PUBLIC.items() if stem in names), None)
    else:
        return None
    return inner[0] if inner[0] in MAY_INCLUDE else None


def resolve(tree, includer, target):
    """The file of the tree that an include names, or None for the system's."""
    beside = Path(os.path.normpath(includer.parent / target))
    own = Path(includer.parts[0], target)
    for candidate in (beside, own, Path("include", target), Path("src", target)):
        if tree.exists(candidate):
            return candidate
    return None


def allowed(from_layer, to_layer, target):
    inner = "/".join(target.parts[1:]) if target.parts[0] == "src" else None
    return to_layer in (from_layer, *MAY_INCLUDE[from_layer]) or inner in MAY_INCLUDE[from_layer]


def includes_point_down(tree):
    for path in tree.files(CPP, under=("src", "include")):
        layer = layer_of(path)
        if layer is None:
            yield finding(path, 1, "is in no layer: name it in a table of tools/tidy/layers.py")
            continue
        for line, _, name in tree.includes(path):
            target = resolve(tree, path, name)
            if target is None:
                continue
            if target.parts[0] not in ("src", "include"):
                yield finding(path, line, f"the library includes {target}: move it below src/")
            elif path.parts[0] == "include" and target.parts[0] == "src":
                yield finding(path, line, f"a public header includes {target}, which is not "
                                          "installed: move it to include/rota or forward-declare")
            elif (to := layer_of(target)) is not None and not allowed(layer, to, target):
                yield finding(path, line, f"{layer} may not include {name} of {to}: reach it "
                                          "through an interface below, or move this file up")


def programs_see_public_headers(tree):
    for path in tree.files(CPP, under=SEES_PUBLIC_ONLY):
        if path.is_relative_to(MEASURES_PARTS):
            continue
        for line, _, name in tree.includes(path):
            target = resolve(tree, path, name)
            if target is not None and target.parts[0] == "src":
                yield finding(path, line, f"{path.parts[0]} includes {target}: include a public "
                                          "header <rota/...> instead")


CHECKS = (includes_point_down, programs_see_public_headers)
