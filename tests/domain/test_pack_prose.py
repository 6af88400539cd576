"""Each text of a pack is read exactly as it is written, or a finding says how to write it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.packs.check import check_source

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
    """Return the pack with another text in one field, written as it is."""
    return pack.replace(f"{field}: {FIELDS[field]}", f"{field}: {raw}")


def errors(source: str) -> list[str]:
    return [f"{each.line}: {each}" for each in check_source(source).findings if not each.advice]


def read(pack: Pack, field: str) -> str:
    about, said = pack.words["en"], pack.prompts[0].words["en"]  # type: ignore[index]
    found = {"notes": pack.notes, **about.model_dump(), **said.model_dump()}
    return found[field] or ""


def quotes(name: str) -> str:
    return (
        f'Put the whole text between straight quotes ("…"), or write “{name}: >-” and the text on the next line, '
        "indented"
    )


def note(name: str) -> str:
    return (
        f"“#” begins a note here, and couples never see a note. {quotes(name)}; or, if it is a note, move it to a "
        f"line of its own that begins no further right than “{name}”"
    )


def first(character: str, name: str) -> str:
    return f"a text cannot begin with “{character}”. {quotes(name)}"


def word(written: str) -> str:
    return (
        f'“{written}” is read as a number, as a yes or no, or as nothing. Put it between straight quotes ("…") if '
        "it is the text; otherwise remove the field"
    )


BACKSLASH: Final = "a backslash (\\) in a text between double quotes is a command. Remove it, or write it twice"
BLOCK: Final = "this is read as a list or a block of fields, not as text. "
LATER: Final = "\n          "  # the next line of a prompt's text

MISREAD: Final = {
    "a note behind a text": ("text", "We are #1 today", f"17: song: words.en.text: {note('text')}"),
    "a note behind a reason": ("why", "Trust is #1", f"18: song: words.en.why: {note('why')}"),
    "a note behind a hint": ("hint", "Ask\t#1", f"19: song: words.en.hint: {note('hint')}"),
    "a note behind a title": ("title", "Us #2", f"7: pack: words.en.title: {note('title')}"),
    "a note behind whom it is for": (
        "written_for",
        "Us # two",
        f"8: pack: words.en.written_for: {note('written_for')}",
    ),
    "a note behind notes": ("notes", "Ours # really", f"9: pack: notes: {note('notes')}"),
    "a note in place of a text": ("text", "#1 is you", f"17: song: words.en.text: {note('text')}"),
    "a note in place of a hint": ("hint", "#1 is you", f"19: song: words.en.hint: {note('hint')}"),
    "a note behind a text in quotes": ("text", '"We are" # soon', f"17: song: words.en.text: {note('text')}"),
    "a note behind a text in apostrophes": ("text", "'We are' #1", f"17: song: words.en.text: {note('text')}"),
    "a note behind the sign of a block": ("text", f">- #1{LATER}We are", f"17: song: words.en.text: {note('text')}"),
    "a note behind the sign of no block": ("hint", ">- #1", f"19: song: words.en.hint: {note('hint')}"),
    "a second line that is a note": ("text", f"We are{LATER}#1 today", f"18: song: words.en.text: {note('text')}"),
    "a first line that is a note": (
        "text",
        f"{LATER}#1 today{LATER}we are",
        f"18: song: words.en.text: {note('text')}",
    ),
    "a note that ends a text of two lines": (
        "text",
        f"We are #1{LATER}today",
        f"17: song: words.en.text: {note('text')}",
    ),
    "a note between two lines of a text": (
        "text",
        f"We are{LATER}# one{LATER}today",
        f"18: song: words.en.text: {note('text')}",
    ),
    "a note that ends a block": ("text", f">-{LATER}  We are{LATER}#1", f"19: song: words.en.text: {note('text')}"),
    "a mark for repeating": ("text", "&me and you", f"17: song: words.en.text: {first('&', 'text')}"),
    "a mark for repeating alone": ("hint", "&me", f"19: song: words.en.hint: {first('&', 'hint')}"),
    "a command of its own": ("text", "! Which", f"17: song: words.en.text: {first('!', 'text')}"),
    "a command that makes a text": ("text", "!!str yes", f"17: song: words.en.text: {first('!', 'text')}"),
    "a number": ("text", "12", f"17: song: words.en.text: {word('12')}"),
    "a number as a hint": ("hint", "-1.50", f"19: song: words.en.hint: {word('-1.50')}"),
    "a yes": ("text", "True", f"17: song: words.en.text: {word('True')}"),
    "nothing as a text": ("text", "null", f"17: song: words.en.text: {word('null')}"),
    "nothing as a hint": ("hint", "~", f"19: song: words.en.hint: {word('~')}"),
    "nothing as notes": ("notes", "Null", f"9: pack: notes: {word('Null')}"),
    "a list": ("text", "[Name]", f"17: song: words.en.text: {BLOCK}{quotes('text')}"),
    "a block": ("text", "{name}", f"17: song: words.en.text: {BLOCK}{quotes('text')}"),
    "a colon in the next line": ("text", f"{LATER}Time: ours", f"17: song: words.en.text: {BLOCK}{quotes('text')}"),
    "a dash in the next line": ("text", f"{LATER}- ours", f"17: song: words.en.text: {BLOCK}{quotes('text')}"),
    "a sign of a block alone": (
        "notes",
        "|",
        "9: pack: notes: there is no text after “|”. Write the text on the next line, indented",
    ),
    "a backslash that breaks a line": ("text", '"C:\\new"', f"17: song: words.en.text: {BACKSLASH}"),
    "a backslash that is a space": ("text", '"¯\\_(ツ)_/¯"', f"17: song: words.en.text: {BACKSLASH}"),
    "a backslash at the end of a line": ("text", f'"one\\{LATER}two"', f"17: song: words.en.text: {BACKSLASH}"),
    "a quote that swallows the next field": (
        "why",
        "'Tis ours\n        hint: ask the dogs'",
        (
            "18: song: words.en.why: the quote (') that opens in this line is never closed. Put another ' where the "
            "text ends"
        ),
    ),
}


class TestMisread:
    @pytest.mark.parametrize(("field", "raw", "sentence"), MISREAD.values(), ids=MISREAD)
    def test_a_text_that_yaml_would_change_has_one_sentence(self, field: str, raw: str, sentence: str) -> None:
        pack = PACK.replace("        hint: Hum along.\n", "") if "hint:" in raw else PACK
        pack = pack.replace("listening", "spark") if "hint:" in raw else pack
        assert errors(with_text(field, raw, pack)) == [sentence]

    @pytest.mark.parametrize(
        ("field", "raw", "sentence"),
        [
            (
                "title",
                "River, wide and slow",
                (
                    "5: pack: words.en.wide and slow: “wide and slow” has no colon, since a comma between brackets "
                    "ends a text. If it belongs to a text, put that text in quotes"
                ),
            ),
            (
                "text",
                "Give a word, hint",
                (
                    "9: song: words.en.hint: “hint” has no colon, since a comma between brackets ends a text. If it "
                    "belongs to a text, put that text in quotes"
                ),
            ),
            (
                "text",
                "Give a word, hint ",
                (
                    "9: song: words.en.hint: “hint” has no colon, since a comma between brackets ends a text. If it "
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
        assert sentence in errors(with_text(field, raw, pack))

    def test_a_word_that_repeats_a_block_or_a_code_is_no_text(self) -> None:
        shared = PACK.replace("theme: listening", "theme: &it listening")
        assert errors(with_text("text", "*it", shared)) == [f"17: song: words.en.text: {first('*', 'text')}"]

    def test_every_misread_text_is_named_at_once_beside_all_else(self) -> None:
        source = with_text("text", "We are #1", with_text("why", "Trust is #1", PACK.replace("depth: 1", "depth: 5")))
        assert [line.partition(": ")[0] for line in errors(source)] == ["14", "17", "18"]

    def test_a_misread_text_is_shown_as_couples_would_have_it_and_cannot_be_published(self) -> None:
        checked = check_source(with_text("text", "We are #1 today"))
        assert checked.readable
        assert read(checked.readable, "text") == "We are"
        assert checked.pack is None

    def test_a_note_before_a_fault_is_named_with_it(self) -> None:
        source = with_text("text", "We are #1 today").replace("hint: Hum", "hint: Hum: hum")
        assert [line.partition(": ")[0] for line in errors(source)] == ["17", "19"]


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
    """Return a text as a reader sees it who knows quotes and nothing else of YAML."""
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
    """Draw a text as somebody may write it after a field's name, in any number of lines."""
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
