"""Name the paths in the repository that the local tools use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
BUILD = ROOT / ".aws-sam" / "build"
EMULATOR_PYTHON = ROOT / ".envs" / "emulator" / "bin" / "python"
SAM = ROOT / ".envs" / "sam" / "bin" / "sam"
STATE = ROOT / ".local"
SOURCE_ROOTS = ("shared", "functions")
