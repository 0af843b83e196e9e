"""Builds what is measured: CMake for C++, cargo for tokio, go for Go."""

import os
import shutil
import subprocess
import sys

from .paths import BUILD, CARGO, GO, PEERS, ROOT


def _run(command, folder, **environment):
    print("+", " ".join(map(str, command)), file=sys.stderr, flush=True)
    # Build output belongs on stderr: stdout carries the table.
    subprocess.run([str(part) for part in command], cwd=folder, check=True, stdout=sys.stderr,
                   env={**os.environ, **environment})


def _build_native():
    _run(["cmake", "--preset", "release", "-B", BUILD, "-DROTA_BUILD_BENCH=ON",
          "-DROTA_BUILD_TESTS=OFF", "-DROTA_BUILD_CLI=OFF", "-DROTA_BUILD_EXAMPLES=OFF"], ROOT)
    _run(["cmake", "--build", BUILD, "--target", "bench/all", "-j", str(os.cpu_count() or 1)],
         ROOT)


def _build_tokio():
    # cargo reads the source replacement from the folder it is started in.
    _run(["cargo", "build", "--release", "--offline", "--target-dir", CARGO], PEERS / "tokio")


def _build_go():
    for name in ("echo", "files", "tasks", "wakes"):
        _run(["go", "build", "-o", GO / f"go_{name}", "main.go"], PEERS / "go" / name,
             GO111MODULE="off")


def build_all():
    """Raises CalledProcessError where a tool fails; a tool that is not there is only named, and its
    candidates then appear as not built."""
    _build_native()
    for tool, build in (("cargo", _build_tokio), ("go", _build_go)):
        if shutil.which(tool):
            build()
        else:
            print(f"bench: {tool} is not installed: its candidates are not built",
                  file=sys.stderr)
