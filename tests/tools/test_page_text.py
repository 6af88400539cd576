"""The pages count a text as the API does: in code points, without surrounding white space."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Annotated, Final

import pytest
from pydantic import StringConstraints, TypeAdapter

from local.google.phones_page import UI

if TYPE_CHECKING:
    from pathlib import Path

NODE: Final = shutil.which("node")
STRIPPED: Final[TypeAdapter[str]] = TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True)])
TEXTS: Final = (
    *(f"{chr(code)}a{chr(code)}b{chr(code)}" for code in range(0x10000) if not 0xD800 <= code < 0xE000),
    *(
        "",
        " \t\n",
        "\ufeff",
        " \ufeff a \ufeff ",
        "\x85 a",
        "\U0001f469\U0001f3fd\u200d\U0001f680 ",
        "  two\n lines\r\n",
    ),
)
SCRIPT: Final = """
const { characters, trimmed } = await import("./text.mjs");
const texts = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(texts.map((text) => [trimmed(text), characters(trimmed(text))])));
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node here: apt-get install nodejs")
def test_a_page_strips_and_counts_as_the_api_does(tmp_path: Path) -> None:
    shutil.copy(UI / "text.js", tmp_path / "text.mjs")
    (tmp_path / "count.mjs").write_text(SCRIPT)
    command = [str(NODE), "count.mjs"]
    run = subprocess.run(command, cwd=tmp_path, input=json.dumps(TEXTS), stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603  our own script
    stripped = [STRIPPED.validate_python(text) for text in TEXTS]
    assert json.loads(run.stdout) == [[text, len(text)] for text in stripped]
