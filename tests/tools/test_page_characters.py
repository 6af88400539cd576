"""Both pages count a text as the API does: in code points, without Unicode's white space around it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Annotated, Final

import pytest
from pydantic import StringConstraints, TypeAdapter

from local.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES: Final = ("local/phones", "functions/console/console/page")
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
globalThis.navigator ??= { languages: ["en"] };
const { characters, trimmed } = await import("./characters.js");
const texts = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(texts.map((text) => [trimmed(text), characters(trimmed(text))])));
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node here: apt-get install nodejs")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_white_space_off_and_counts_as_the_api_does(page: str, tmp_path: Path) -> None:
    for module in (ROOT / page).glob("*.js"):
        shutil.copy(module, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "count.js").write_text(SCRIPT)
    command = [str(NODE), "count.js"]
    run = subprocess.run(command, cwd=tmp_path, input=json.dumps(TEXTS), stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603  our own script
    stripped = [STRIPPED.validate_python(text) for text in TEXTS]
    assert json.loads(run.stdout) == [[text, len(text)] for text in stripped]
