"""Where things are, seen from the repository's root."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
PROGRAMS = BUILD / "bench"      # what CMake builds
CARGO = BUILD / "cargo"         # cargo's target folder
GO = BUILD / "go"
PEERS = ROOT / "bench" / "peers"
OUT = ROOT / "out" / "bench"

LOAD = PROGRAMS / "rota_load"
DATA_FILE = OUT / "data.bin"    # what the file benchmark reads
