"""Texts with markup are refused, and ordinary signs are not. Python's parser of HTML is the independent oracle."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any, Final

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from local.stack.seed import HELP
from rekindle.domain.help import Help, texts_of
from rekindle.domain.markup import markup_in, why_markup
from rekindle.packs.check import check_source
from rekindle.packs.contract import PublishBody
from testing.packs import a_document, a_prompt

MARKUP: Final = [
    "<svg onload=alert(1)>",
    "<svg onload",
    "<SVG/ONLOAD=alert(1)>",
    "Is it <b>so</b>?",
    "<script>alert(1)</script>",
    "</p>",
    "<!-- a comment -->",
    "<!doctype html>",
    "<?xml version='1.0'?>",
    "x onerror = alert(1)",
    "click javascript:alert(1)",
    "VBScript:msgbox(1)",
    "data:text/html,hello",
    "see data:;base64,AAAA",
    "You &amp; me?",
    "&#60;b&#62;",
    "&#x3c;b",
    "&lt",
]
PLAIN: Final = [
    "<3",
    "You <3 me?",
    "a < b",
    "1 < 2, and 3 > 2?",
    "-> and <-",
    "You & me?",
    "R&B; or pop?",
    "Q&A, AT&T, rock&roll",
    "Look at the data: what do you see?",
    "Once = enough, and only = lonely",
    "Turn it on = off?",
    "What is on your mind; what is upon = it?",
    "JavaScript is a language.",
    "Was it “loud” or 'soft'?",
    "2 * 3 ** 1",
    "¿Qué canción es hoy?",
    "夫<妻",
]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_refused_and_quoted(text: str) -> None:
    found = markup_in(text)
    assert found
    assert found in text
    assert why_markup(text) == (f"has the markup “{found}”; remove it, because couples and colleagues get plain text")


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_signs_are_no_markup(text: str) -> None:
    assert markup_in(text) is None


class Shown(HTMLParser):
    """Collects the text that a parser of HTML shows. Markup is no part of it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.feed(text)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data


SIGNS: Final = st.text(alphabet=st.sampled_from("<>&;#!/?-=\"' ax1:") | st.characters(codec="utf-8"), max_size=20)
TAGS: Final = st.builds(
    "{}<{}{}{}".format, SIGNS, st.sampled_from(["", "/", "!--", "?"]), st.sampled_from(["svg", "a", "P"]), SIGNS
)


@given(text=SIGNS | TAGS)
@example("<a>")
@example("&lt;")
@example("&notit;")
def test_a_parser_of_html_shows_a_text_without_markup_as_it_was_typed(text: str) -> None:
    assert markup_in(text) or Shown(text).text == text


@given(before=SIGNS, tag=st.sampled_from(["svg", "IMG", "script", "x-y"]), after=SIGNS)
def test_a_tag_is_found_in_any_surroundings(before: str, tag: str, after: str) -> None:
    assert markup_in(f"{before}<{tag}{after}")


@given(before=SIGNS, event=st.sampled_from(["onload", "ONERROR", "onfocusin"]), space=st.sampled_from(["", " ", "\t"]))
def test_an_event_attribute_is_found_after_any_sign(before: str, event: str, space: str) -> None:
    assert markup_in(f"{before} {event}{space}=alert(1)")


HOSTILE: Final = "Hm <svg onload=alert(1)>"


@pytest.mark.parametrize(
    ("path", "line_of"),
    [
        (("notes",), None),
        (("words", "en", "title"), None),
        (("words", "en", "written_for"), None),
        (("prompts", 1, "words", "en", "text"), "birdsong"),
        (("prompts", 1, "words", "en", "why"), "birdsong"),
        (("prompts", 1, "words", "en", "hint"), "birdsong"),
    ],
)
def test_every_text_of_a_pack_is_checked_and_the_finding_names_its_place(
    path: tuple[str | int, ...], line_of: str | None
) -> None:
    document = a_document(a_prompt("rain"), a_prompt("birdsong"))
    *way, name = path
    inner: Any = document
    for step in way:
        inner = inner[step]
    inner[name] = HOSTILE
    source = yaml.safe_dump(document, allow_unicode=True, width=1_000)
    checked = check_source(source)
    (finding,) = (each for each in checked.findings if not each.advice)
    assert finding.prompt == line_of
    assert HOSTILE in source.splitlines()[finding.line - 1]
    assert finding.reason.startswith("has the markup “<svg onload=alert(1)>”")
    assert checked.pack is None
    assert checked.readable  # so the console can still show the pack


def test_a_note_with_markup_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValidationError, match="The text has the markup “<svg onload=alert\\(1\\)>”; remove it"):
        PublishBody(revision=1, note=HOSTILE)


def test_each_text_of_help_is_known_by_its_path() -> None:
    line = {"name": {"en": "A"}, "phone": "988", "hours": "24/7", "note": {"fr": "B"}}
    offered = Help.model_validate(
        {"booking": {"url": "https://a.example?a=1&copy=2", "words": {"es": "C"}}, "lines": [line]}
    )
    assert dict(texts_of(offered)) == {
        "booking.words.es": "C",
        "lines.0.name.en": "A",
        "lines.0.note.fr": "B",
        "lines.0.hours": "24/7",
    }


def test_the_shipped_help_has_no_markup() -> None:
    shipped = Help.model_validate(yaml.safe_load(HELP.read_text(encoding="utf-8")))
    assert [text for _, text in texts_of(shipped) if markup_in(text)] == []
