"""Unpack each code archive once for all workers. Without this patch, ministack unpacks it again for each worker."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import types
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

KEPT_BUNDLES = 12
"""At least this many archives stay unpacked: those that were used last, even if this was long ago."""
LONG_UNUSED_SECONDS = 24 * 3600


def apply(unpacked: Path) -> None:
    """Make ministack unpack archives into `unpacked`, a folder that stacks may share. Delete old unpacked archives."""
    _tidy(unpacked)

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *arguments: Any, **named: Any) -> None:
            with open(str(self.filename), "rb") as archive:  # noqa: PTH123 - the name is a string
                digest = hashlib.file_digest(archive, "sha256").hexdigest()
            shared = unpacked / digest[:24]
            if shared.is_dir():
                os.utime(shared)
            else:
                unpacked.mkdir(parents=True, exist_ok=True)
                beside = Path(tempfile.mkdtemp(dir=unpacked))
                super().extractall(beside, *arguments, **named)
                try:
                    beside.rename(shared)
                except OSError:
                    if not shared.is_dir():  # another worker may have been faster
                        raise
                    shutil.rmtree(beside)
            target = Path(path)
            target.rmdir()
            target.symlink_to(shared)

    lambda_runtime.zipfile = types.SimpleNamespace(
        ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


def _tidy(unpacked: Path) -> None:
    stale = list(Path(tempfile.gettempdir()).glob("ministack-lambda-*"))
    by_use = sorted(((path.stat().st_mtime, path) for path in unpacked.glob("*")), reverse=True)
    long_ago = time.time() - LONG_UNUSED_SECONDS  # noqa: TID251 - the age of a file needs the real clock
    stale += [path for used, path in by_use[KEPT_BUNDLES:] if used < long_ago]
    for path in stale:
        shutil.rmtree(path, ignore_errors=True)
