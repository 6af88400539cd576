"""Each text of a pack is read exactly as written, or a finding says how to write it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.packs.check import check_source
from tests.domain.test_pack_check import BACKSLASH, begins, quotes, told

if TYPE_CHECKING:
    from rekindle.packs.document import Pack

PACK: Final = """\
id: river
audience: choice
default_language: en
languages: [en]
words:
  en:
    title: River
    written_for: Couples by the river.
notes: From the workshop in spring.
prompts:
  - id: song
    theme: listening
    kind: question
    depth: 1
    words:
      en:
        text: Which song is today?
        why: Songs say it sideways.
        hint: Hum along.
"""
FIELDS: Final = {
    "title": "River",
    "written_for": "Couples by the river.",
    "notes": "From the workshop in spring.",
    "text": "Which song is today?",
    "why": "Songs say it sideways.",
    "hint": "Hum along.",
}
WITHOUT_HINT: Final = PACK.replace("        hint: Hum along.\n", "").replace("listening", "spark")
ONE_LINE: Final = """\
id: river
audience: choice
default_language: en
languages: [en]
words: {en: {title: River, written_for: Couples by the river.}}
notes: From the workshop in spring.
prompts:
  - {id: song, theme: listening, kind: question, depth: 1, words:
      {en: {text: Which song is today?, why: Songs say it sideways., hint: Hum along.}}}
"""


def with_text(field: str, raw: str, pack: str = PACK) -> str:
    """Return the pack's source with another text in one field, without quotes."""
    return pack.replace(f"{field}: {FIELDS[field]}", f"{field}: {raw}")


def read(pack: Pack, field: str) -> str:
    about, said = pack.words["en"], pack.prompts[0].words["en"]  # type: ignore[index]
    found = {"notes": pack.notes, **about.model_dump(), **said.model_dump()}
    return found[field] or ""


def note(name: str) -> str:
    return (
        f"“#” begins a note here, and couples never see a note. {quotes(name)}; or, if it is a note, move it to a "
        f"line of its own that begins no further right than “{name}”"
    )


def word(written: str) -> str:
    return (
        f'“{written}” is read as a number, as a yes or no, or as nothing. Put it between straight quotes ("…") if '
        "it is the text; otherwise remove the field"
    )


BLOCK: Final = "this is read as a list or a block of fields, not as text. "
LATER: Final = "\n          "  # the next line of a prompt's text


def misread(field: str, raw: str, reason: str, below: int = 0) -> tuple[str, str]:
    """Return the pack with a text that YAML would change, and the error, so many lines below the field."""
    place = {"title": 7, "written_for": 8, "notes": 9, "text": 17, "why": 18, "hint": 19}[field] + below
    prompt, path = ("song" if field in {"text", "why", "hint"} else "pack"), f"words.en.{field}"
    return with_text(field, raw), f"{place}: {prompt}: {field if field == 'notes' else path}: {reason}"


MISREAD: Final = {
    "a note behind a text": misread("text", "We are #1 today", note("text")),
    "a note behind a reason": misread("why", "Trust is #1", note("why")),
    "a note behind a hint": misread("hint", "Ask\t#1", note("hint")),
    "a note behind a title": misread("title", "Us #2", note("title")),
    "a note behind whom it is for": misread("written_for", "Us # two", note("written_for")),
    "a note behind notes": misread("notes", "Ours # really", note("notes")),
    "a note in place of a text": misread("text", "#1 is you", note("text")),
    "a note in place of a hint": misread("hint", "#1 is you", note("hint")),
    "a note behind a text in quotes": misread("text", '"We are" # soon', note("text")),
    "a note behind a text in apostrophes": misread("text", "'We are' #1", note("text")),
    "a note behind the sign of a block": misread("text", f">- #1{LATER}We are", note("text")),
    "a note behind the sign of no block": misread("hint", ">- #1", note("hint")),
    "a second line that is a note": misread("text", f"We are{LATER}#1 today", note("text"), below=1),
    "a first line that is a note": misread("text", f"{LATER}#1 today{LATER}we are", note("text"), below=1),
    "a note that ends a text of two lines": misread("text", f"We are #1{LATER}today", note("text")),
    "a note between two lines of a text": misread("text", f"We are{LATER}# one{LATER}today", note("text"), below=1),
    "a note that ends a block": misread("text", f">-{LATER}  We are{LATER}#1", note("text"), below=2),
    "a mark for repeating": misread("text", "&me and you", begins("&")),
    "a mark for repeating alone": misread("hint", "&me", begins("&", "hint")),
    "a command of its own": misread("text", "! Which", begins("!")),
    "a command that makes a text": misread("text", "!!str yes", begins("!")),
    "a number": misread("text", "12", word("12")),
    "a number as a hint": misread("hint", "-1.50", word("-1.50")),
    "a yes": misread("text", "True", word("True")),
    "nothing as a text": misread("text", "null", word("null")),
    "nothing as a hint": misread("hint", "~", word("~")),
    "nothing as notes": misread("notes", "Null", word("Null")),
    "a list": misread("text", "[Name]", BLOCK + quotes()),
    "a block": misread("text", "{name}", BLOCK + quotes()),
    "a colon in the next line": misread("text", f"{LATER}Time: ours", BLOCK + quotes()),
    "a dash in the next line": misread("text", f"{LATER}- ours", BLOCK + quotes()),
    "a sign of a block alone": misread(
        "notes", "|", "there is no text after “|”. Write the text on the next line, indented"
    ),
    "a backslash that breaks a line": misread("text", '"C:\\new"', BACKSLASH),
    "a backslash that is a space": misread("text", '"¯\\_(ツ)_/¯"', BACKSLASH),
    "a backslash at the end of a line": misread("text", f'"one\\{LATER}two"', BACKSLASH),
    "a quote that swallows the next field": (
        with_text("why", "'Tis ours\n        hint: ask the dogs'", WITHOUT_HINT),
        (
            "18: song: words.en.why: the quote (') that opens in this line is never closed. Put another ' where the "
            "text ends"
        ),
    ),
}


class TestMisread:
    @pytest.mark.parametrize(("source", "sentence"), MISREAD.values(), ids=MISREAD)
    def test_a_text_that_yaml_would_change_has_one_sentence(self, source: str, sentence: str) -> None:
        assert told(source) == [sentence]

    @pytest.mark.parametrize(
        ("field", "raw", "sentence"),
        [
            (
                "title",
                "River, wide and slow",
                (
                    "5: pack: words.en.wide and slow: “wide and slow” has no colon. Between brackets, a comma "
                    "ends a text. If it belongs to a text, put that text in quotes"
                ),
            ),
            (
                "text",
                "Give a word, hint",
                (
                    "9: song: words.en.hint: “hint” has no colon. Between brackets, a comma ends a text. If it "
                    "belongs to a text, put that text in quotes"
                ),
            ),
            (
                "text",
                "Give a word, hint ",
                (
                    "9: song: words.en.hint: “hint” has no colon. Between brackets, a comma ends a text. If it "
                    "belongs to a text, put that text in quotes"
                ),
            ),
            (
                "why",
                "Words help,",
                (
                    "9: song: words.en.why: the comma before the closing bracket is not read as part of the text. "
                    "Remove it, or put the text in quotes"
                ),
            ),
            ("why", "We are\n  #1 today\n  ", f"10: song: words.en.why: {note('why')}"),
            ("why", "We, #1 today\n  ", f"9: song: words.en.why: {note('why')}"),
        ],
    )
    def test_a_text_between_brackets_that_yaml_would_change_has_one_sentence(
        self, field: str, raw: str, sentence: str
    ) -> None:
        pack = ONE_LINE.replace(", hint: Hum along.", "").replace("listening", "spark")
        assert sentence in told(with_text(field, raw, pack))

    def test_a_word_that_repeats_a_block_or_a_code_is_no_text(self) -> None:
        shared = PACK.replace("theme: listening", "theme: &it listening")
        assert told(with_text("text", "*it", shared)) == [f"17: song: words.en.text: {begins('*')}"]

    def test_every_misread_text_is_named_at_once_beside_all_else(self) -> None:
        source = with_text("text", "We are #1", with_text("why", "Trust is #1", PACK.replace("depth: 1", "depth: 5")))
        assert [line.partition(": ")[0] for line in told(source)] == ["14", "17", "18"]

    def test_a_misread_text_is_shown_as_couples_would_have_it_and_cannot_be_published(self) -> None:
        checked = check_source(with_text("text", "We are #1 today"))
        assert checked.readable
        assert read(checked.readable, "text") == "We are"
        assert checked.pack is None

    def test_a_note_before_a_fault_is_named_with_it(self) -> None:
        source = with_text("text", "We are #1 today").replace("hint: Hum", "hint: Hum: hum")
        assert [line.partition(": ")[0] for line in told(source)] == ["17", "19"]


class TestNotes:
    def test_a_note_of_its_own_line_and_behind_a_code_is_no_part_of_a_text(self) -> None:
        source = (
            "# ours\n"
            + PACK.replace("audience: choice", "audience: choice  # for now")
            .replace("[en]", "[en]  # more to come")
            .replace("  en:\n", "  en:  # English\n  # its words\n")
            .replace("        why:", "        # why it helps\n        why:")
            .replace("    depth: 1", "    depth: 1  # easy")
            .replace("prompts:\n", "\n# The prompts\n\nprompts: # all\n  # The first\n")
            .replace("  - id: song", "  - id: song # a name")
            .replace("text: Which", "text: >-\n          Which")
            + "      # the end of song\n\n  # the last\n# of all"
        )
        checked = check_source(source)
        assert checked.findings == ()
        assert checked.pack == check_source(PACK).pack

    def test_a_hash_inside_of_a_word_or_of_quotes_is_text(self) -> None:
        for raw, said in {
            "C#m or Eb?": "C#m or Eb?",
            '"We are #1"': "We are #1",
            "'#1'": "#1",
            f">-{LATER}We are{LATER}#1": "We are #1",
            f">-{LATER}#1{LATER}  are we": "#1 are we",
        }.items():
            pack = check_source(with_text("text", raw)).pack
            assert pack
            assert read(pack, "text") == said


def _quoted(escape: re.Match[str]) -> str:
    return escape[1] or chr(int(escape[2] or escape[3] or escape[4], 16))


def written(raw: str) -> str:
    """Return the text that a reader sees who knows of YAML only its quotes."""
    block = re.fullmatch(r"[>|][-+1-9]*[ \t\x85\u2028\u2029]*\n(.*)", raw, re.DOTALL)
    body = re.sub(r"[ \t\r\n\v\f\x85\u2028\u2029]+", " ", block[1] if block else raw).strip(" ")
    if not block and len(body) > 1 and body[0] == body[-1] == "'":
        body = body[1:-1].replace("''", "'")
    elif not block and len(body) > 1 and body[0] == body[-1] == '"':
        body = re.sub(r'\\(?:(["\\])|x(\w{2})|u(\w{4})|U(\w{8}))', _quoted, body[1:-1])
    body = re.sub(r"[ \t\r\n\v\f\x85\u2028\u2029]+", " ", body).strip(" ")
    return body if body.strip() else ""


WORDS: Final = st.sampled_from([
    "yes", "no", "on", "off", "null", "Null", "~", "true", "FALSE", "y", "n", "12", "1.5", "1e3", "0o17", "0x1F",
    "1_000", "12:30:45", "2026-03-01", ".inf", "-1", "#1", "#", ":", "-", "?", "&", "*", "!", "|", ">", ">-", "|+",
    "|2", "'", '"', "''", "%", "@", "`", ",", "[", "]", "{", "}", "<<", "=", "---", "...", "%YAML", "&we", "*we",
    "!!str", "!x", "\\", "\\n", "\\_", "\\x41", "\\u00e9", '\\"', "we're", "it:", "a:b", "why:", "hint:", "text:",
    "we", "love", "“you”", "né", "爱", "😀", "C#", "#",
])  # fmt: skip
PIECES: Final = st.one_of(
    WORDS, st.text(st.sampled_from("#:-?&*!|>'\"%@`,[]{}\\ \ta1é~<=.") | st.characters(), min_size=1, max_size=6)
)
GAPS: Final = st.sampled_from([" ", " ", " ", "", "  ", "\t", LATER, LATER + "  ", "\u00a0", "\u2028"])
WRAPPED: Final = st.sampled_from(["{}", "{}", "{}", '"{}"', "'{}'", ">-" + LATER + "{}", "|" + LATER + " {}"])


@st.composite
def prose(draw: st.DrawFn) -> str:
    """Draw a text that an author may write after a field's name, on any number of lines."""
    pieces = draw(st.lists(PIECES, min_size=1, max_size=6))
    typed = pieces[0] + "".join(draw(GAPS) + piece for piece in pieces[1:])
    return draw(WRAPPED).replace("{}", re.sub(r"[\r\n]+ *", LATER, typed))


class TestAnything:
    @settings(max_examples=6 * settings().max_examples)
    @given(st.sampled_from(sorted(FIELDS)), prose())
    @example("text", "We are #1 today")
    @example("why", "Trust is #1")
    @example("hint", "no")
    @example("notes", ">")
    @example("text", "&we are")
    def test_a_text_without_a_finding_is_read_as_it_is_written(self, field: str, raw: str) -> None:
        pack = check_source(with_text(field, raw)).pack
        if pack:
            assert read(pack, field) == written(raw)
            assert all(read(pack, other) == said for other, said in FIELDS.items() if other != field)

    @settings(max_examples=4 * settings().max_examples)
    @given(st.sampled_from(sorted(FIELDS)), prose())
    @example("why", "Give a word, hint")
    def test_a_text_between_brackets_without_a_finding_is_read_as_it_is_written(self, field: str, raw: str) -> None:
        pack = check_source(with_text(field, raw, ONE_LINE)).pack
        if pack:
            assert read(pack, field) == written(raw)

    @given(st.sampled_from(sorted(FIELDS)), st.text(min_size=1, max_size=60))
    def test_a_text_of_a_json_pack_is_read_as_it_is_written(self, field: str, typed: str) -> None:
        data = yaml.safe_load(PACK)
        home = {"notes": data, "title": data["words"]["en"], "written_for": data["words"]["en"]}
        home.get(field, data["prompts"][0]["words"]["en"])[field] = typed
        for source in (json.dumps(data), json.dumps(data, ensure_ascii=False, indent="\t")):
            pack = check_source(source).pack
            if pack:
                assert read(pack, field) == written("|\n" + typed)

    @given(st.text(min_size=1, max_size=120))
    def test_a_pack_that_a_program_has_written_is_read_as_it_was(self, typed: str) -> None:
        data = yaml.safe_load(PACK)
        data["prompts"][0]["words"]["en"]["text"] = typed
        for unicode in (True, False):
            pack = check_source(yaml.safe_dump(data, allow_unicode=unicode)).pack
            if pack:
                assert read(pack, "text") == written("|\n" + typed)
