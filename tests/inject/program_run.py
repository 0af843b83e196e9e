"""One run of a program of this folder: how it is begun, and how it ends."""

import os
import signal
import subprocess

SECONDS = 20  # for one run: it takes milliseconds


class ProgramRun:
    """A program that waits for whoever wants to watch it, until `finish`. After that `text` is what
    it said, `entries` what it wrote of its rings, and `status` its status, or None if it hung.
    `refusal` is for whoever wanted to watch it and may not."""

    refusal = None

    def __init__(self, words, folder):
        # A group of its own, so that what hangs can be ended with all its children.
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdout=subprocess.PIPE, cwd=folder, text=True,
                                        start_new_session=True)
        self.process.stdout.readline()  # "ready"

    def finish(self):
        try:
            self.entries, self.text = self.process.communicate("\n", timeout=SECONDS)
            self.status = self.process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.entries, self.text = self.process.communicate()
            self.status = None
        self.text = self.text.strip()
        return self
