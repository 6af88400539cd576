"""The starter pack keeps the rules, and a pack that breaks a rule gets plain sentences."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from local.packs import SCHEMA, schema_text
from rekindle.domain.ids import Language
from rekindle.domain.prompts import PromptKind, Theme
from rekindle.packs.document import Pack, PackError, PackFinding, PackPrompt, pack_schema
from rekindle.packs.rules import parse_pack
from testing.packs import read_pack

STARTER = Path(__file__).parents[2] / "packs" / "starter.yaml"


def words(**changes: object) -> dict[str, Any]:
    return {"text": "Which song is today?", "why": "Songs say it sideways.", "hint": "Only listen."} | changes


def prompt(**changes: object) -> dict[str, Any]:
    sound = {"id": "song", "theme": "openness", "kind": "question", "depth": 1, "words": {"en": words()}}
    return sound | changes


def saying(**changes: object) -> dict[str, Any]:
    return prompt(words={"en": words(**changes)})


def pack(*prompts: object, **changes: object) -> dict[str, Any]:
    sound = {
        "id": "river",
        "default_language": "en",
        "languages": ["en"],
        "words": {"en": {"title": "River", "written_for": "Couples by the river."}},
        "prompts": list(prompts) or [prompt()],
    }
    return sound | changes


def code_pack(**course: object) -> dict[str, Any]:
    return pack(audience="code", course=course)


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {each: value for each, value in document.items() if each != key}


def findings(document: object) -> list[tuple[str | None, str, str]]:
    with pytest.raises(PackError) as refusal:
        parse_pack(document)
    return [(each.prompt, each.field, each.reason) for each in refusal.value.findings]


@pytest.fixture(scope="module")
def starter() -> Pack:
    return read_pack(STARTER)


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    document = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())


def only_talks_about_touch(prompt: PackPrompt) -> bool:
    return prompt.theme == Theme.TOUCH and prompt.comfort == 0


class TestStarterPack:
    def test_has_twelve_prompts_for_each_theme_and_four_of_them_at_each_depth(self, starter: Pack) -> None:
        counted = Counter((each.theme, each.depth) for each in starter.prompts if not only_talks_about_touch(each))
        assert counted == {(theme, depth): 4 for theme in Theme for depth in (1, 2, 3)}

    def test_has_easy_prompts_on_touch_for_people_who_want_no_touch(self, starter: Pack) -> None:
        """A couple gets four prompts of each theme in its first four weeks, when nobody is asked for touch."""
        talking = [each for each in starter.prompts if only_talks_about_touch(each)]
        assert {(each.kind, each.depth) for each in talking} == {(PromptKind.QUESTION, 1)}
        assert len(talking) == 8

    def test_touch_is_mostly_touch_and_time_is_mostly_together(self, starter: Pack) -> None:
        kinds = {
            theme: Counter(
                each.kind for each in starter.prompts if each.theme == theme and not only_talks_about_touch(each)
            ).most_common(1)[0][0]
            for theme in Theme
        }
        expected = dict.fromkeys(Theme, PromptKind.QUESTION)
        assert kinds == expected | {Theme.TOUCH: PromptKind.TOUCH, Theme.TIME: PromptKind.TOGETHER}

    def test_has_touch_for_every_degree_of_comfort_and_the_easiest_at_every_depth(self, starter: Pack) -> None:
        counted = Counter(each.comfort for each in starter.prompts)
        assert min(counted[comfort] for comfort in (1, 2, 3)) >= 3
        assert {each.depth for each in starter.prompts if each.comfort == 1} == {1, 2, 3}

    def test_no_two_prompts_begin_alike(self, starter: Pack) -> None:
        openings = Counter(" ".join(each.words[starter.default_language].text.split()[:3]) for each in starter.prompts)
        assert [opening for opening, times in openings.items() if times > 1] == []

    def test_has_no_dashes_where_a_sentence_would_do(self, starter: Pack) -> None:
        assert [
            each.id
            for each in starter.prompts
            if any(dash in each.model_dump_json() for dash in ("\N{EN DASH}", "\N{EM DASH}"))
        ] == []


class TestForm:
    def test_a_sound_pack_becomes_values(self) -> None:
        parsed = parse_pack(pack(prompt(theme="touch", kind="touch", comfort=2)))
        (only,) = parsed.prompts
        assert (only.theme, only.kind, only.comfort) == (Theme.TOUCH, PromptKind.TOUCH, 2)

    def test_comfort_is_none_unless_said(self) -> None:
        assert parse_pack(pack()).prompts[0].comfort == 0

    def test_line_breaks_of_the_file_are_not_line_breaks_on_the_phone(self) -> None:
        parsed = parse_pack(pack(saying(text="Which song\n  is today?\n")))
        assert [each.text for each in parsed.prompts[0].words.values()] == ["Which song is today?"]

    @pytest.mark.parametrize(
        ("broken", "name", "field", "expected"),
        [
            (without(prompt(), "id"), "prompt 1", "id", "is missing"),
            (
                prompt(id="Song Title"),
                "prompt 1",
                "id",
                "must be lower-case letters and digits joined by hyphens, with a letter first, such as open-hand, n",
            ),
            (prompt(id="s" * 49), "s" * 48, "id", "is 49 characters long; it can have at most 48"),
            (prompt(theme="money"), "song", "theme", "must be “openness”, “time”, “courage”, “listening”, “touch”"),
            (prompt(kind="quiz"), "song", "kind", "must be “question”, “together” or “touch”, not “quiz”"),
            (prompt(depth=0), "song", "depth", "must be 1 or more, not “0”"),
            (prompt(depth=4), "song", "depth", "must be 3 or less, not “4”"),
            (prompt(depth="2"), "song", "depth", "must be a whole number without quotes, not “2”"),
            (prompt(depth=True), "song", "depth", "must be a whole number without quotes, not a yes or no"),
            (prompt(comfort=4), "song", "comfort", "must be 3 or less, not “4”"),
            (
                prompt(mood="blue"),
                "song",
                "mood",
                "is not a field here; the fields are id, theme, kind, depth, comfort",
            ),
            (prompt(words={}), "song", "words", "needs at least one entry"),
            (prompt(words="Hello"), "song", "words", "must be a block of fields, each with a name"),
            (prompt(words={"en": words(), "English": words()}), "song", "words.English", "must be a language as two"),
            (saying(text=""), "song", "words.en.text", "is empty"),
            (saying(text="  \n"), "song", "words.en.text", "is empty"),
            (saying(text="\u00a0 \u2028"), "song", "words.en.text", "is empty"),
            (saying(text=None), "song", "words.en.text", "is empty"),
            (saying(text=12), "song", "words.en.text", "must be text, not “12”; text that looks"),
            (saying(text="a" * 241), "song", "words.en.text", "is 241 characters long; it can have"),
            (saying(why="a" * 161), "song", "words.en.why", "is 161 characters long; it can have"),
            (saying(hint="a" * 181), "song", "words.en.hint", "is 181 characters long; it can"),
            (saying(tip="x"), "song", "words.en.tip", "is not a field here; the fields are text,"),
            (prompt(words={"en": without(words(), "why")}), "song", "words.en.why", "is missing"),
            ("Which song?", "prompt 1", "", "must be a block of fields, each with a name"),
        ],
    )
    def test_a_prompt_out_of_form_is_named_with_its_field_and_a_reason(
        self, broken: object, name: str, field: str, expected: str, schema: Draft202012Validator
    ) -> None:
        """The committed schema refuses the same, so an editor shows it while the author types."""
        ((*place, reason),) = findings(pack(broken))
        assert (*place, reason[: len(expected)]) == (name, field, expected)
        assert not schema.is_valid(pack(broken))

    @pytest.mark.parametrize(
        ("broken", "field", "expected"),
        [
            (pack(audience="all"), "audience", "must be “everyone”, “choice” or “code”, not “all”"),
            (pack(course={}), "course", "is for packs with the audience code; leave it out here"),
            (pack(audience="code", expected_couples=9), "expected_couples", "must be 10 or more, not “9”"),
            (code_pack(every_days=8), "course.every_days", "must be 7 or less, not “8”"),
            (
                code_pack(starts_on="in spring"),
                "course.starts_on",
                "must be a date such as 2026-03-01, not “in spring”",
            ),
            (code_pack(in_order="yes"), "course.in_order", "must be true or false, not “yes”"),
            (code_pack(pace=1), "course.pace", "is not a field here; the fields are in_order, starts_on, every_days"),
            (pack(id="The River"), "id", "must be lower-case letters and digits joined by hyphens"),
            (pack(languages=[]), "languages", "needs at least one entry"),
            (pack(languages="en"), "languages", "must be a list"),
            (pack(prompts=[]), "prompts", "needs at least one entry"),
            (pack(prompts=None), "prompts", "must be a list"),
            (pack(author="Jo"), "author", "is not a field here; the fields are id, audience, course, default_language"),
            (pack(words={"en": {"title": "River"}}), "words.en.written_for", "is missing"),
            (pack(words={"en": {"title": "R", "written_for": "Us", "x": 1}}), "words.en.x", "is not a field here; the"),
            (
                pack(default_language="EN"),
                "default_language",
                "must be a language as two lower-case letters, such as en",
            ),
            ([], "", "must be a block of fields, each with a name"),
            (None, "", "must be a block of fields, each with a name"),
        ],
    )
    def test_a_head_out_of_form_is_a_finding_of_the_pack(
        self, broken: object, field: str, expected: str, schema: Draft202012Validator
    ) -> None:
        ((*place, reason),) = findings(broken)
        assert (*place, reason[: len(expected)]) == (None, field, expected)
        assert not schema.is_valid(broken)

    def test_a_language_that_yaml_takes_for_a_no_is_a_finding(self) -> None:
        """YAML reads the code `no` of Norwegian as false, unless it is quoted."""
        ((name, _, reason),) = findings(pack(prompt(words={"en": words(), False: words()})))
        assert (name, reason[:31]) == ("song", "must be text, not a yes or no; ")

    def test_a_field_name_that_is_no_text_is_a_finding(self) -> None:
        assert findings(pack(prompt() | {7: "x"})) == [
            ("song", "7", "is not a field name; if you mean it as text, put it in quotes")
        ]


class TestRules:
    @pytest.mark.parametrize("theme", ["courage", "listening"])
    def test_courage_and_listening_need_a_hint_in_every_language(
        self, theme: str, schema: Draft202012Validator
    ) -> None:
        said = {"en": words(), "de": without(words(), "hint")}
        broken = pack(prompt(theme=theme, words=said), languages=["en", "de"])
        ((name, field, reason),) = findings(broken)
        assert (name, field, reason[:10]) == ("song", "words.de.hint", "is missing")
        assert not schema.is_valid(broken)
        assert not schema.is_valid(pack(prompt(theme=theme, words={"en": words(hint=None)})))

    def test_other_themes_do_without_a_hint(self, schema: Draft202012Validator) -> None:
        plain = pack(prompt(theme="spark", words={"en": without(words(), "hint")}))
        assert parse_pack(plain).prompts[0].words[Language("en")].hint is None
        assert schema.is_valid(plain)

    @pytest.mark.parametrize("touching", [{"kind": "touch"}, {"theme": "touch", "kind": "touch"}])
    @pytest.mark.parametrize("comfort", [{}, {"comfort": 0}])
    def test_touch_is_never_shown_to_those_who_want_none(
        self, touching: dict[str, str], comfort: dict[str, int], schema: Draft202012Validator
    ) -> None:
        broken = pack(prompt(**touching, **comfort))
        assert findings(broken) == [("song", "comfort", "must be 1, 2 or 3 if touch is the kind")]
        assert not schema.is_valid(broken)

    def test_a_prompt_on_touch_says_whether_it_asks_for_touch(self, schema: Draft202012Validator) -> None:
        silent, talking = (pack(prompt(theme="touch", **comfort)) for comfort in ({}, {"comfort": 0}))
        reason = "is needed in the theme touch; write 0 only if the prompt asks for no touch"
        assert findings(silent) == [("song", "comfort", reason)]
        assert not schema.is_valid(silent)
        assert parse_pack(talking).prompts[0].comfort == 0
        assert schema.is_valid(talking)

    def test_ids_are_unique(self) -> None:
        twin = saying(text="Another question?")
        assert findings(pack(prompt(), twin)) == [
            ("song", "id", "is already the id of an earlier prompt; every prompt needs its own")
        ]

    def test_the_same_text_twice_is_a_finding_however_it_is_set(self) -> None:
        twin = prompt(id="tune", words={"en": words(text="WHICH  song is today?")})
        assert findings(pack(prompt(), twin)) == [("tune", "words.en.text", "says the same as song")]

    def test_two_languages_may_say_the_same(self) -> None:
        parsed = parse_pack(pack(prompt(words={"en": words(), "de": words()}), languages=["en", "de"]))
        assert set(parsed.prompts[0].words) == {"en", "de"}

    @pytest.mark.parametrize("field", ["text", "why", "hint"])
    def test_clinical_words_are_found_in_any_form_with_something_plainer_to_say(self, field: str) -> None:
        assert findings(pack(saying(**{field: "Which of your Triggers is it?"}))) == [
            ("song", f"words.en.{field}", "“Triggers” sounds like a clinic; try something like “what sets it off”")
        ]

    @pytest.mark.parametrize(
        ("language", "text", "expected"),
        [
            ("es", "¿Qué síntomas notas?", "“síntomas” sounds like a clinic; try something like “una señal”"),
            ("es", "¿Cuál es tu estilo de apego?", "“estilo de apego” sounds like a clinic"),
            ("fr", "Quel est ton déclencheur ?", "“déclencheur” sounds like a clinic"),
            ("fr", "Une relation toxique ?", "“toxique” sounds like a clinic; try something like “ce qui fait mal”"),
        ],
    )
    def test_spanish_and_french_have_clinical_words_too(self, language: str, text: str, expected: str) -> None:
        said = {"en": words(), language: words(text=text)}
        ((_, field, reason),) = findings(pack(prompt(words=said), languages=["en", language]))
        assert (field, reason[: len(expected)]) == (f"words.{language}.text", expected)

    def test_each_clinical_word_of_a_line_is_found_once(self) -> None:
        found = findings(pack(saying(text="Trauma or trauma, trigger or symptom?")))
        assert [reason.split("”")[0] for _, _, reason in found] == ["“symptom", "“Trauma", "“trigger"]

    def test_clinical_words_of_one_language_are_not_looked_for_in_another(self) -> None:
        """A word can be plain in one language and clinical in another."""
        said = {"en": words(), "de": words(text="Ist das toxic?")}
        assert parse_pack(pack(prompt(words=said), languages=["en", "de"])).languages == ("en", "de")

    def test_a_plain_word_that_only_ends_like_a_clinical_one_is_fine(self) -> None:
        said = "Is the paint nontoxic?"
        assert parse_pack(pack(saying(text=said))).prompts[0].words[Language("en")].text == said

    def test_the_pack_presents_itself_in_the_default_language(self) -> None:
        presented = {"de": {"title": "Fluss", "written_for": "Paare am Fluss."}}
        assert findings(pack(words=presented, languages=["en", "de"])) == [
            (None, "words", "has no words in en, the pack's default language")
        ]

    def test_the_default_language_is_among_the_languages(self) -> None:
        said = {"en": words(), "de": words(text="Welches Lied?")}
        presented = {"de": {"title": "Fluss", "written_for": "Paare am Fluss."}}
        assert findings(pack(prompt(words=without(said, "en")), words=presented, languages=["de"])) == [
            (None, "languages", "must also name the default language, en"),
            (None, "words", "has no words in en, the pack's default language"),
            ("song", "words", "has no words in en, the pack's default language"),
        ]

    def test_words_in_a_language_that_the_pack_does_not_name_are_a_finding(self) -> None:
        """A mistyped code would otherwise hide a whole translation."""
        said = {"en": words(), "es": words(text="¿Qué canción es hoy?")}
        assert findings(pack(prompt(words=said))) == [
            ("song", "words.es", "is not among the pack's languages (en); add it there")
        ]

    def test_a_second_language_may_still_be_incomplete(self) -> None:
        said = {"en": words(text="And now?"), "es": words(text="¿Y ahora?")}
        document = pack(prompt(), prompt(id="now", words=said), languages=["en", "es"])
        assert parse_pack(document).languages == ("en", "es")

    def test_a_language_in_which_nothing_is_written_is_a_finding(self) -> None:
        assert findings(pack(languages=["en", "es"])) == [
            (None, "languages", "names es, but nothing is written in it; write it, or remove es")
        ]

    @pytest.mark.parametrize(
        "said", ["a\u202eb", "a\u2066b", "a\u202cb", "a\u2066b\u202c", "a\u202bb\u2066c\u202cd\u2069"]
    )
    def test_writing_that_is_turned_round_and_not_back_is_a_finding(self, said: str) -> None:
        ((_, field, reason),) = findings(pack(saying(text=said)))
        assert (field, reason[:49]) == ("words.en.text", "has an invisible mark that changes the direction ")

    @pytest.mark.parametrize(
        "said",
        [
            "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 and peace",
            "\u202b\u0645\u0627 \u0647\u064a \u0623\u063a\u0646\u064a\u0629 \u0627\u0644\u064a\u0648\u0645\u061f\u202c",
            "\u05de\u05d4 \u05d4\u05e9\u05d9\u05e8 \u05e9\u05dc \u05d4\u05d9\u05d5\u05dd?",
            "Which song? \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e0062\U000e007f",
            "cafe\u0301, na\u0308chste",
            "\u4eca\u65e5\u306e\u66f2\u306f\uff1f",
        ],
    )
    def test_every_script_emoji_and_accent_is_welcome(self, said: str) -> None:
        assert parse_pack(pack(saying(text=said))).prompts[0].words[Language("en")].text == said

    @pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ud800", "\uffff"])
    def test_a_character_that_nobody_can_see_is_a_finding(self, character: str) -> None:
        document = pack(saying(why=f"a{character}b"), words={"en": {"title": f"a{character}b", "written_for": "Us."}})
        assert [(name, field, "invisible character" in reason) for name, field, reason in findings(document)] == [
            (None, "words.en.title", True),
            ("song", "words.en.why", True),
        ]

    def test_words_that_show_nothing_are_a_finding(self) -> None:
        nothing = "\N{HANGUL FILLER}\N{ZERO WIDTH SPACE}"
        document = pack(saying(text=nothing), words={"en": {"title": nothing, "written_for": "Us."}})
        reason = "has no visible character; write something"
        assert findings(document) == [(None, "words.en.title", reason), ("song", "words.en.text", reason)]

    def test_all_findings_come_at_once_in_the_order_of_the_pack(self) -> None:
        document = pack(
            prompt(theme="touch"),
            prompt(id="broken", depth=9),
            prompt(id="other", words={"es": words(text="¿Y hoy?")}),
            prompt(),
            extra=1,
        )
        assert [(name, field) for name, field, _ in findings(document)] == [
            (None, "extra"),
            ("song", "comfort"),
            ("broken", "depth"),
            ("song", "id"),
            ("song", "words.en.text"),
        ]

    def test_a_broken_prompt_does_not_hide_what_others_lack_in_language(self) -> None:
        document = pack(prompt(id="broken", depth=9), prompt(words={"es": words()}))
        assert [(name, field) for name, field, _ in findings(document)] == [
            ("broken", "depth"),
            ("song", "words"),
            ("song", "words.es"),
        ]

    def test_a_finding_reads_as_one_line(self) -> None:
        assert str(PackFinding("song", "depth", "is missing", ("prompts", 0, "depth"))) == "song: depth: is missing"
        assert str(PackFinding(None, "", "is odd", ())) == "pack: is odd"


class TestSchema:
    def test_the_committed_schema_is_the_model(self) -> None:
        """If this fails, run `python -m local.packs`."""
        assert SCHEMA.read_text(encoding="utf-8") == schema_text()
        assert json.loads(schema_text()) == pack_schema()

    def test_it_accepts_the_starter_pack(self, schema: Draft202012Validator) -> None:
        schema.validate(yaml.safe_load(STARTER.read_text(encoding="utf-8")))

    def test_every_field_is_explained(self) -> None:
        document = pack_schema()
        forms = [document, *(each for each in document["$defs"].values() if "properties" in each)]
        assert [
            name for form in forms for name, field in form["properties"].items() if not field.get("description")
        ] == []


def test_a_no_break_space_before_a_french_mark_stays() -> None:
    french = words(text="Qu\u2019est-ce\u00a0qui\n  compte\u202f?", why="\u00ab\u00a0Oui\u00a0\u00bb.")
    sound = parse_pack(
        pack(
            prompt(words={"fr": french}),
            default_language="fr",
            languages=["fr"],
            words={"fr": {"title": "Rive", "written_for": "Vous."}},
        )
    )
    read = sound.prompts[0].words[Language("fr")]
    assert (read.text, read.why) == ("Qu\u2019est-ce\u00a0qui compte\u202f?", "\u00ab\u00a0Oui\u00a0\u00bb.")
