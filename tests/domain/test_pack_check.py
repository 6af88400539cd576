"""Any text gives a pack or findings. A finding says where the fault is and how to fix it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from rekindle.packs.check import MOST_FINDINGS, SOURCE_LIMIT, Checked, check_source
from rekindle.packs.rules import parse_pack
from testing.packs import a_prompt

if TYPE_CHECKING:
    from collections.abc import Iterable

STARTER: Final = (Path(__file__).parents[2] / "packs" / "starter.yaml").read_text(encoding="utf-8")

RIVER: Final = """\
id: river
audience: choice
default_language: en
languages: [en]
words:
  en: {title: River, written_for: Couples by the river.}
prompts:
  - id: song
    theme: openness
    kind: question
    depth: 1
    words:
      en:
        text: Which song is today?
        why: Songs say it sideways.
  - id: tune
    theme: openness
    kind: question
    depth: 2
    words:
      en:
        text: Whom did you hum it to?
        why: A tune likes company.
"""

HEAD: Final = RIVER.partition("  - id: song")[0]

TAB: Final = "this line begins with a tab, and indentation must be spaces. Replace the tab with spaces"
OPEN_QUOTE: Final = 'the quote (") that opens in this line is never closed. Put another " where the text ends'
BACKSLASH: Final = "a backslash (\\) in a text between double quotes is a command. Remove it, or write it twice"
NEW_PROMPT: Final = "If a new prompt begins here, put “- ” before the id"
NO_FIELD: Final = (
    "is neither a field nor part of a text. A field is a name, a colon and a space, such as “depth: 1”; the next line "
    "of a text is indented further than its field"
)


def told(source: str | bytes) -> list[str]:
    """Return each error of a source as the author sees it."""
    return [f"{each.line}: {each}" for each in check_source(source).findings if not each.advice]


def river(old: str, new: str) -> str:
    """Return the pack River with a change."""
    return RIVER.replace(old, new)


def text(beginning: str) -> str:
    """Return the pack River with its first text beginning in another way."""
    return river("Which song", beginning)


def quotes(name: str = "text") -> str:
    """Return the advice for a text that YAML would read as something else."""
    return (
        f'Put the whole text between straight quotes ("…"), or write “{name}: >-” and the text on the next line, '
        "indented"
    )


def colon(name: str) -> str:
    return f"this text contains a colon and a space, which would begin a field. {quotes(name)}"


def begins(character: str, name: str = "text") -> str:
    return f"a text cannot begin with “{character}”. {quotes(name)}"


def twice(name: str, first: int, remedy: str = "Keep one of the two") -> str:
    return f"{name} appears twice in one block; the first is on line {first}. {remedy}"


LAUGHS: Final = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{later}: &{later} [{', '.join([f'*{earlier}'] * 9)}]\n"
    for earlier, later in zip("abcdefgh", "bcdefghi", strict=True)
)

MISTAKES: Final = {
    "a tab for indentation": (river("    depth: 1", "\tdepth: 1"), f"11: song: {TAB}"),
    "a tab after spaces": (river("        why: Songs", "    \twhy: Songs"), f"15: song: {TAB}"),
    "spaces of a web page": (
        river("    depth: 1", "    depth:\u00a01"),
        (
            "11: song: this line has special spaces, which web pages and word processors make. Replace them with plain "
            "spaces, before the field's name and after its colon"
        ),
    ),
    "a colon in a text": (river("why: Songs", "why: Songs: they"), f"15: song: {colon('why')}"),
    "a colon in the second line of a text": (text("Which\n          song: it"), f"15: song: {colon('text')}"),
    "a quote that is never closed": (text('"Which song'), f"14: song: {OPEN_QUOTE}"),
    "a quote that the next text closes": (
        text('"Which song').replace("why: Songs say it sideways.", 'why: "Songs say it sideways."'),
        f"14: song: {OPEN_QUOTE}",
    ),
    "quotes in a text in quotes": (
        river("Which song is today?", '"Which "song" is today?"'),
        (
            '14: song: a quote (") inside the text ends it too early. Write inner quotes curly '
            "(“ ”), and one straight quote at each end"
        ),
    ),
    "an apostrophe in a text in apostrophes": (
        river("Which song is today?", "'What's the song?'"),
        (
            "14: song: an apostrophe (') inside the text ends it. Write it curly, as ’, or twice (''), "
            'or put the text in double quotes ("…")'
        ),
    ),
    "a field too far to the left": (
        river("    depth: 1", "   depth: 1"),
        (
            "11: song: “depth” does not line up with any block (the block around it begins in line 8). "
            "Start it exactly below the other fields of its block"
        ),
    ),
    "a field too far to the right": (
        river("    depth: 1", "      depth: 1"),
        (
            "11: song: depth is indented further than the line above it. Start it in the same column as the other "
            "fields of its block"
        ),
    ),
    "a new prompt without its dash": (river("  - id: tune", "    id: tune"), f"16: song: {twice('id', 8, NEW_PROMPT)}"),
    "a new prompt without its dash, and further left": (
        river("  - id: tune", "  id: tune"),
        "16: prompt 2: the dash is missing. A new prompt begins with “- id:”, with its dash below the dash in line 8",
    ),
    "the first prompt without its dash": (
        river("  - id: song", "    id: song"),
        "7: pack: the first entry of this list has no dash. Put “- ” before the first field that follows",
    ),
    "a dash without its space": (
        river("  - id: tune", "  -id: tune"),
        "16: prompt 2: a space is missing after the dash. Write “- ” and then the field",
    ),
    "a dash in another column": (
        river("  - id: tune", " - id: tune"),
        "16: pack: this dash is not below the other dashes of its list. Start it in their column",
    ),
    "a field without its colon": (
        river("    depth: 1", "    depth 1"),
        "11: song: a colon is missing after depth. Write “depth: ” and then the value",
    ),
    "a colon without its space": (
        river("    depth: 1", "    depth:1"),
        "11: song: a space is missing after the colon. Write “depth: ” and then the value",
    ),
    "a colon of another keyboard": (
        river("    depth: 1", "    depth\uff1a1"),
        "11: song: the colon after depth is a special character (\uff1a). Type a plain colon and a space: “depth: ”",
    ),
    "a bracket that is never closed": (
        river("[en]", "[en"),
        "4: pack: the bracket ([) that opens in this line is not closed. Put ] where it ends",
    ),
    "a bracket of the other kind": (
        river("[en]", "[en}"),
        "4: pack: the bracket ([) that opens in line 4 is closed by the wrong kind (}). Write ] here",
    ),
    "a bracket too many": (river("[en]", "[en]]"), "4: pack: there is one closing bracket (]) too many. Remove it"),
    "a text that begins with a star": (text("*Which* song"), f"14: song: {begins('*')}"),
    "a text that begins with a starred word": (
        river("Which song is today?", "*which"),
        (
            "14: song: “*which” repeats a block that is marked “&which” above it, but no such block exists. "
            "If the star belongs to the text, put the text in quotes"
        ),
    ),
    "a text that begins with a bracket": (text("[Name], which"), f"14: song: {begins('[')}"),
    "a text that begins with an at sign": (text("@you, which"), f"14: song: {begins('@')}"),
    "a text that begins with a dash": (text("- Which"), f"14: song: {begins('-')}"),
    "a text that begins with an exclamation mark": (
        text("!Which"),
        "14: song: “!Which” is a command, not text. Remove it, or put a text that begins with it in quotes",
    ),
    "a command to a program": (
        river("choice", "!!python/object:os.system x"),
        (
            "2: pack: “!!python/object:os.system” is a command, not text. Remove it, or put a text "
            "that begins with it in quotes"
        ),
    ),
    "a text on the line of its sign": (
        text("> Which song"),
        "14: song: after “>” or “|” the line must end. Write “text: >-” and begin the text on the next line, indented",
    ),
    "a text that is not indented": (text(">-\n        Which song"), f"15: song: “Which song is today?” {NO_FIELD}"),
    "a backslash": (
        river("Which song is today?", '"Which \\song?"'),
        f"14: song: {BACKSLASH}",
    ),
    "two documents": (
        RIVER + "---\nid: sea\n",
        (
            "24: pack: a line “---” begins a second pack here, but a file has only one. Remove the line, or put what "
            "follows into another file"
        ),
    ),
    "an end and more": (
        RIVER + "...\nid: sea\n",
        "24: pack: a line “...” ends the document, but more follows. Remove this line",
    ),
    "a field twice": (river("    depth: 1\n", "    depth: 1\n    theme: spark\n"), f"12: song: {twice('theme', 9)}"),
    "a field twice in one line": (
        river("{title: River,", "{title: River, title: Sea,"),
        f"6: pack: {twice('title', 6)}",
    ),
    "a pack after a pack": (
        RIVER + RIVER,
        f"24: pack: {twice('id', 1, 'If a second pack begins here, put it into another file')}",
    ),
    "the pack's id twice": (river("audience", "id: sea\naudience"), f"2: pack: {twice('id', 1)}"),
    "a prompt's id twice": (river("    depth: 1\n", "    depth: 1\n    id: air\n"), f"12: song: {twice('id', 8)}"),
    "the prompts twice": (
        RIVER + "prompts: []\n",
        f"24: pack: {twice('prompts', 7, 'Put everything under the first one')}",
    ),
    "a new prompt without its dash and its indentation": (
        RIVER.partition("  - id: tune")[0]
        + "id: tune\ntheme: openness\nkind: question\ndepth: 2\nwords: {en: {text: And?, why: So.}}\n",
        f"16: pack: {twice('id', 1, NEW_PROMPT)}",
    ),
    "a block in itself": (
        "prompts: &all\n  - *all\n",
        "2: prompt 1: “*all” is inside the block that it repeats. Remove it",
    ),
    "blocks that are repeated too often": (
        LAUGHS,
        (
            "6: pack: together with all blocks that “*” repeats, this has more than 400,000 values, more than any "
            "pack. Repeat fewer of them"
        ),
    ),
    "blocks that are repeated too deeply": (
        "a:\n- &a0 []\n" + "".join(f"- &a{n + 1} [*a{n}]\n" for n in range(40)),
        (
            "32: pack: the block that “*” repeats here also repeats other blocks, so it is nested too deeply. A pack "
            "has at most six levels"
        ),
    ),
    "one field very often": ("a: 1\n" * 1_000, f"2: pack: {twice('a', 1)}"),
    "a fence of a chat": (
        "```yaml\n" + RIVER + "```\n",
        "1: pack: a line of ``` is not part of a pack; it was copied along with the text. Remove it",
    ),
    "a heading": ("The river\n" + RIVER, f"1: pack: “The river” {NO_FIELD}"),
    "JSON without a comma": (
        '{\n\t"id": "river"\n\t"audience": "choice"\n}',
        "3: pack: a comma is missing at the end of line 2, between this entry and the one before it",
    ),
    "JSON without its end": (
        '{\n\t"id": "river",\n\t"languages": ["en"]\n',
        "1: pack: the bracket ({) that opens in this line is not closed. Put } where it ends",
    ),
    "JSON with quotes in a text": (
        '{"id": "river",\n "notes": "say "hi" now"}',
        (
            '2: pack: something is missing before “hi" now"}”: a comma between two entries, a colon after a field\'s '
            "name, or a quote"
        ),
    ),
    "a mark that nobody sees": (
        text("Which\x07 song"),
        "14: pack: an invisible character (U+0007) is in this line. Delete the line and type it again",
    ),
    "nothing": ("# soon\n", "1: pack: there is nothing here yet. Begin with the pack's id, such as “id: river”"),
}


class TestMistakes:
    @pytest.mark.parametrize(("source", "sentence"), MISTAKES.values(), ids=MISTAKES)
    def test_a_mistake_has_one_sentence_that_says_where_and_how_to_fix_it(self, source: str, sentence: str) -> None:
        """Lines that end as on Windows or on an old Mac are counted in the same way."""
        assert told(source) == [sentence]
        assert told(source.replace("\n", "\r\n")) == [sentence]
        assert told(source.replace("\n", "\r").encode()) == [sentence]

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            (text("Tagträume: which").encode("latin-1"), "14: pack: the letters of this line are not saved as UTF-8."),
            (RIVER.encode("utf-16"), "1: pack: this is saved as UTF-16 (“Unicode”), not as UTF-8."),
            (RIVER.encode("utf-16-le"), "1: pack: this is saved as UTF-16 (“Unicode”), not as UTF-8."),
            (RIVER.encode("utf-16-be"), "1: pack: this is saved as UTF-16 (“Unicode”), not as UTF-8."),
            (b"PK\x03\x04\x14\x00", "1: pack: this is a file of a word processor, or a zip archive, not plain text."),
            ("{\\rtf1\\ansi id: river}", "1: pack: this is a file of a word processor, not plain text."),
        ],
    )
    def test_a_file_that_is_saved_otherwise_says_how_to_save_it(self, source: str | bytes, sentence: str) -> None:
        (said,) = told(source)
        assert said.startswith(sentence)
        assert "UTF-8" in said

    def test_an_error_of_a_pack_has_the_line_of_its_field(self) -> None:
        source = RIVER.replace("depth: 1", "depth: 5").replace("    kind: question\n    depth: 2\n", "    depth: 2\n")
        assert told(source) == ["11: song: depth: must be 3 or less, not “5”", "16: tune: kind: is missing"]


class TestReading:
    def test_bytes_text_json_and_every_line_ending_say_the_same(self) -> None:
        data = yaml.safe_load(STARTER)
        sources = (
            STARTER,
            STARTER.encode(),
            STARTER.encode("utf-8-sig"),
            STARTER.replace("\n", "\r\n"),
            "\ufeff" + STARTER,
            json.dumps(data),
            json.dumps(data, ensure_ascii=False, indent="\t"),
        )
        assert all(check_source(source) == Checked(parse_pack(data), ()) for source in sources)

    def test_json_may_write_an_emoji_in_two_halves(self) -> None:
        data = yaml.safe_load(RIVER)
        data["prompts"][0]["words"]["en"]["text"] = "A \\ud83d backslash, \\\\ and a face \U0001f600?"
        pack = check_source(json.dumps(data)).pack
        assert pack
        assert [words.text for words in pack.prompts[0].words.values()] == [
            "A \\ud83d backslash, \\\\ and a face \U0001f600?"
        ]

    def test_norwegian_times_and_words_of_agreement_are_texts(self) -> None:
        """A reader of YAML 1.1 reads these texts as a no, a number and a yes."""
        norwegian = river("[en]", "[no]").replace("default_language: en", "default_language: no").replace("en:", "no:")
        source = norwegian.replace("Which song is today?", "12:30").replace("Songs say it sideways.", "yes")
        pack = check_source(source).pack
        assert pack
        assert [(code, words.text, words.why) for code, words in pack.prompts[0].words.items()] == [
            ("no", "12:30", "yes")
        ]

    def test_a_course_begins_on_the_date_as_it_is_written(self) -> None:
        source = RIVER.replace("audience: choice", "audience: code\ncourse: {in_order: true, starts_on: 2026-03-01}")
        pack = check_source(source).pack
        assert pack
        assert pack.course
        assert str(pack.course.starts_on) == "2026-03-01"
        assert told(source.replace("2026-03-01", "2026-13-01")) == [
            "3: pack: course.starts_on: must be a date such as 2026-03-01, not “2026-13-01”"
        ]

    @pytest.mark.parametrize("written", ["86400", "'86400'", "20260301", "86400.0", "-86400", "2026-03-01T00:00"])
    def test_a_course_begins_on_no_date_that_is_written_in_another_way(self, written: str) -> None:
        """Pydantic alone takes the number 86400 for the seconds since 1970."""
        source = RIVER.replace("audience: choice", f"audience: code\ncourse: {{starts_on: {written}}}")
        shown = written.strip("'")
        assert told(source) == [f"3: pack: course.starts_on: must be a date such as 2026-03-01, not “{shown}”"]

    def test_blocks_may_be_shared(self) -> None:
        """A YAML anchor puts one block in two places. An overridden merged key does not count as a second field."""
        shared = RIVER.replace("  - id: song\n", "  - &song\n    id: song\n")
        shared += "  - <<: *song\n    id: coda\n    depth: 9\n    words: {en: {text: 'And now?', why: It moves on.}}\n"
        assert told(shared) == ["27: coda: depth: must be 3 or less, not “9”"]

    def test_a_mistake_in_a_shared_block_has_the_line_where_it_is_written(self) -> None:
        shared = RIVER.replace("  - id: song\n", "  - &song\n    id: song\n").replace("depth: 1", "depth: 7")
        shared += "  - <<: *song\n    id: coda\n"
        assert [line.partition(": ")[0] for line in told(shared)] == ["12", "12"]

    def test_odd_line_separators_are_spaces(self) -> None:
        source = text("Which\u2028song\u0085").replace("depth: 1", "depth: 5")
        assert told(source) == ["11: song: depth: must be 3 or less, not “5”"]

    def test_advice_comes_after_errors_and_leaves_the_pack(self) -> None:
        checked = check_source(text("Which **song**"))
        assert checked.pack
        assert [(each.line, each.prompt, each.field, each.advice) for each in checked.findings] == [
            (14, "song", "words.en.text", True)
        ]

    def test_other_packs_are_compared_with_and_the_pack_s_own_earlier_release_is_not(self) -> None:
        river = check_source(RIVER).pack
        assert river
        assert check_source(RIVER, others=[river]).findings == ()
        sea = RIVER.replace("id: river", "id: sea").replace("Which song is today?", "What song is it today?")
        assert [f"{each.line}: {each}" for each in check_source(sea, others=[river]).findings] == [
            (
                "7: pack: prompts: 2 of 2 ask almost the same as the pack river; couples who have both would get "
                "them twice"
            ),
            ("14: song: words.en.text: asks almost the same as song in the pack river; remove one, or change this one"),
            ("22: tune: words.en.text: asks almost the same as tune in the pack river; remove one, or change this one"),
        ]

    def test_gaps_of_a_language_are_advice_with_a_line(self) -> None:
        source = river("[en]", "[en, es]").replace(
            "  - id: tune", "      es: {text: ¿Qué canción?, why: Dice más.}\n  - id: tune"
        )
        assert [f"{each.line}: {each}" for each in check_source(source).findings] == [
            "4: pack: languages: es is missing in 1 of 2 prompts (tune); couples who read es get these in en",
            "5: pack: words: has no es; couples who read es see the title in en",
        ]

    def test_a_course_is_advised_to_begin_gently_and_to_end(self) -> None:
        course = "audience: code\ncourse:\n  in_order: true\n  every_days: 7"
        source = RIVER.replace("audience: choice", course).replace("depth: 1", "depth: 3") + _many(60, depth=1)
        assert [(each.line, each.field) for each in check_source(source).findings] == [
            (4, "course.in_order"),
            (5, "course.every_days"),
        ]


HOSTILE: Final = {
    "ten megabytes": "a" * 10_000_000,
    "ten megabytes of bytes": b"a: b\n" * 2_000_000,
    "brackets in brackets": "[" * SOURCE_LIMIT,
    "braces in braces": "{" * SOURCE_LIMIT,
    "blocks in blocks": "".join(" " * depth + "a:\n" for depth in range(2_500)),
    "dashes in dashes": "- " * 1_999_999,
    "keys that are blocks": "? " * 1_999_999,
    "a hundred thousand keys": "".join(f"k{number}: 1\n" for number in range(100_000)),
    "one key a hundred thousand times": "a: 1\n" * 100_000,
    "two million entries": "[" + "a," * 1_999_000 + "]",
    "aliases of aliases": LAUGHS,
    "merges of merges": LAUGHS.replace("[x, x, x, x, x, x, x, x, x]", "{k: 1}").replace("[*", "<<: [*"),
    "a long text many times": "a: &a " + "x " * 1_000_000 + "\nprompts:\n" + "  - *a\n" * 9_000,
    "aliases that nest": "a:\n- &a0 []\n" + "".join(f"- &a{n + 1} [*a{n}]\n" for n in range(3_000)),
    "a block in itself": "prompts: &all\n  - *all\n",
    "a number of three million digits": "depth: " + "9" * 3_000_000,
    "a quote that stays open": 'a: "' + "x\n" * 1_900_000,
    "a text of a million lines": "a: " + "x\n  " * 900_000,
    "a key of three million letters": '"' + "a" * 3_000_000 + '": 1',
    "zeros": "\0" * 3_000_000,
    "half a character": "id: \ud800",
    "half a character in JSON": '{"id": "\\ud800"}',
    "a name that is a list": "? [a, b]\n: c\n",
    "a marker alone": "---",
    "an end alone": "...",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


class TestBounds:
    @pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
    def test_a_document_that_is_no_pack_stops_at_the_first_bound_it_exceeds(self, source: str | bytes) -> None:
        checked = check_source(source)
        assert checked.pack is None
        assert 1 <= len(checked.findings) <= 10

    def test_only_the_first_of_many_findings_are_listed_and_the_rest_are_counted(self) -> None:
        findings = check_source(HEAD + _many(2_000, depth=9)).findings
        assert len(findings) == MOST_FINDINGS + 1
        assert findings[-1].reason == "there are 1,700 more findings; fix the findings above first"

    def test_a_thousand_prompts_in_five_languages_are_a_pack(self) -> None:
        words, languages = STARTER.split(), ("en", "es", "fr", "de", "it")
        said = [" ".join(words[(n * 199 + word * 89) % len(words)] for word in range(28)) for n in range(5_000)]
        prompts = (
            a_prompt(
                f"p{number}",
                theme="listening",
                words={
                    language: {"text": f"{number} {line[:190]}", "why": line[:110], "hint": line[-110:]}
                    for language, line in zip(languages, said[number::1_000], strict=True)
                },
            )
            for number in range(1_000)
        )
        pack = check_source(HEAD.replace("[en]", f"[{', '.join(languages)}]") + _listed(prompts)).pack
        assert pack
        assert len(pack.prompts) == 1_000


def _many(prompts: int, depth: int) -> str:
    """Return entries for a list of prompts, each with a different word."""
    return _listed(a_prompt(f"p{n}", chr(0x4E00 + n) * 2, theme="spark", depth=depth) for n in range(prompts))


def _listed(prompts: Iterable[dict[str, Any]]) -> str:
    return "".join(f"  - {json.dumps(each)}\n" for each in prompts)


def _assert_told_within(source: str | bytes) -> None:
    """Assert that a source gives a pack, or errors whose line numbers exist in it."""
    lines = re.sub(b"\r\n?", b"\n", source.encode() if isinstance(source, str) else source).count(b"\n") + 1
    checked = check_source(source)
    assert (checked.pack is None) == any(not each.advice for each in checked.findings)
    assert all(1 <= each.line <= lines and each.reason and each.reason.isprintable() for each in checked.findings)
    assert len(checked.findings) <= MOST_FINDINGS + 1


PIECES: Final = st.sampled_from(
    [
        *"\n\n  -:?&*!|>'\"%@`#,[]{}\t\r", "\\", "id: ", "prompts:\n", "  - ", "words:\n", "en:\n", "---\n", "...\n",
        "<<: ", "a", "é", "\u2028",
    ]
)  # fmt: skip


class TestAnything:
    @given(st.text())
    @example("a: \x85\x85- b")
    def test_no_text_raises_and_every_line_is_in_it(self, source: str) -> None:
        _assert_told_within(source)

    @given(st.binary())
    def test_no_bytes_raise(self, source: bytes) -> None:
        _assert_told_within(source)

    @given(st.lists(PIECES, max_size=60).map("".join))
    def test_no_heap_of_yaml_signs_raises(self, source: str) -> None:
        _assert_told_within(source)

    @given(st.data())
    def test_a_real_pack_with_lines_lost_doubled_moved_and_shifted_is_told_within_it(self, data: st.DataObject) -> None:
        lines = STARTER.split("\n")[:130]
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(lines) - 1))
            match data.draw(st.sampled_from(["lose", "double", "move", "shift", "back", "cut", "sign"])):
                case "lose":
                    del lines[at]
                case "double":
                    lines.insert(at, lines[at])
                case "move":
                    lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(at))
                case "shift":
                    lines[at] = data.draw(st.sampled_from([" ", "  ", "\t", "- "])) + lines[at]
                case "back":
                    lines[at] = lines[at].removeprefix(" ")
                case "cut":
                    lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
                case "sign":
                    cut = data.draw(st.integers(0, len(lines[at])))
                    lines[at] = lines[at][:cut] + data.draw(PIECES) + lines[at][cut:]
        _assert_told_within("\n".join(lines))
