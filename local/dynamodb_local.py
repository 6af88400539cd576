"""Install and start AWS's DynamoDB Local, on which tests of the store run.

`python -m local.dynamodb_local` installs DynamoDB Local from an npm package and checks the package's digest. DynamoDB
Local needs Java 17. The repository does not contain DynamoDB Local, because the license forbids us to redistribute it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from local.errors import StackError
from local.places import ROOT
from local.processes import Child

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
DIGEST = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
HOME = ROOT / ".tools" / "dynamodb-local"
JAR = HOME / "DynamoDBLocal.jar"
_INSIDE = "package/emulator/"


def why_missing() -> str | None:
    """Return why DynamoDB Local cannot run here. Return None if Java and the JAR are installed."""
    if shutil.which("java") is None:
        return "AWS's DynamoDB Local needs Java 17 (`apt-get install openjdk-17-jre-headless`)"
    if not JAR.exists():
        return "AWS's DynamoDB Local is not installed (`make setup` fetches it with npm)"
    return None


def install() -> None:
    """Install DynamoDB Local if its JAR is missing.

    Raises:
        StackError: npm is missing or fails, or the package does not have the pinned digest.
    """
    if JAR.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise StackError("npm is missing. It installs DynamoDB Local (`apt-get install nodejs npm`).")
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, check=False
        )
        if packed.returncode:
            raise StackError(f"npm could not fetch {PACKAGE}:\n{packed.stderr.strip()}")
        archive = Path(folder, packed.stdout.split()[-1])
        if hashlib.sha256(archive.read_bytes()).hexdigest() != DIGEST:
            raise StackError(f"{PACKAGE} does not have the pinned digest, so it was not installed.")
        with tarfile.open(archive) as tar:
            wanted = [member for member in tar.getmembers() if member.name.startswith(_INSIDE)]
            tar.extractall(folder, members=wanted, filter="data")
        HOME.parent.mkdir(exist_ok=True)
        shutil.copytree(Path(folder, _INSIDE), HOME, dirs_exist_ok=True)


def start(port: int, log: Path) -> Child:
    """Start DynamoDB Local on a port of this machine. DynamoDB Local keeps its data only in memory."""
    java = shutil.which("java") or "java"
    # The engine runs for minutes only. Without Java's slower compiler, it needs a fifth less CPU in this time.
    command = [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += ["-Djava.library.path=./DynamoDBLocal_lib", "-jar", JAR.name]
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    return Child("DynamoDB Local", [*command, *options], {"PATH": os.environ["PATH"]}, HOME, log)


if __name__ == "__main__":
    try:
        install()
    except StackError as error:
        raise SystemExit(str(error)) from None
