"""What a figure depends on besides the code: printed with every result."""

import os
import platform
import re
import subprocess
from pathlib import Path

from .paths import BUILD, PEERS, ROOT


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if lines else ""


def _search(path, pattern):
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None


def _revision():
    commit = _first_line("git", "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    return commit + ("+changes" if _first_line("git", "status", "--porcelain") else "")


def describe():
    compiler = _search(BUILD / "CMakeCache.txt", r"^CMAKE_CXX_COMPILER:\w+=(.*)$")
    facts = {
        "cpu": _search("/proc/cpuinfo", r"^model name\s*: (.*)$"),
        "cpus": os.cpu_count(),
        "virtual": _first_line("systemd-detect-virt"),
        "kernel": platform.release(),
        "io_uring_disabled": _search("/proc/sys/kernel/io_uring_disabled", r"(\d+)"),
        "load_average": _search("/proc/loadavg", r"^(.*?) \d+/"),
        "compiler": _first_line(compiler, "--version") if compiler else None,
        "build_type": _search(BUILD / "CMakeCache.txt", r"^CMAKE_BUILD_TYPE:\w+=(.*)$"),
        "rota": _revision(),
        "liburing": _first_line("pkg-config", "--modversion", "liburing"),
        "boost": _search("/usr/include/boost/version.hpp", r'BOOST_LIB_VERSION "(.*)"'),
        "libuv": _first_line("pkg-config", "--modversion", "libuv"),
        "tokio": _search(PEERS / "tokio" / "Cargo.lock", r'name = "tokio"\nversion = "(.*)"'),
        "rustc": _first_line("rustc", "--version"),
        "go": _first_line("go", "version"),
    }
    return {name: value for name, value in facts.items() if value is not None}
