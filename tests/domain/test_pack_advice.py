"""Advice appears where an author needs it, and never on the practice's own packs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.packs.advice import (
    Advice,
    Said,
    course_advice,
    language_advice,
    lix,
    phone_lines,
    prompt_advice,
    twin_advice,
)
from testing.packs import read_pack

STARTER: Final = Path(__file__).parents[2] / "packs" / "starter.yaml"

EN, ES = Language("en"), Language("es")

REWORDED: Final = {
    "song-title-for-today": "Give your day a song title, real or invented. Add one line that explains why it fits.",
    "saved-on-my-phone": "Why did the last thing you saved on your phone earn its place? A picture, a song, a link, "
    "somebody’s message: look it up.",
    "longer-than-fine": "What would the longer answer have been the last time you said “I’m fine” and were not?",
    "borrowed-mood": "For better or worse, whose mood rubbed off on you today? Headlines, songs and strangers count.",
    "unfashionable-pleasure": "Tell about something you enjoy that almost nobody knows you like. The less fashionable, "
    "the better.",
    "changed-my-mind": "In recent years you changed your mind about something. What was it, and who or what moved you?",
    "bragging-rights": "What are you proud of that you would never say in company? Brag about it here, just once.",
    "object-within-reach": "Choose an object near you that says something true about your week, and show or describe "
    "it.",
}
"""Prompts of the starter pack, as an author would write them again from memory."""


def said(text: str, why: str = "It does good.", hint: str | None = None, **where: str) -> Said:
    pack, prompt = PackId(where.get("pack", "river")), PromptId(where.get("prompt", "song"))
    return Said(pack, prompt, Language(where.get("language", "en")), text, why, hint)


@pytest.fixture(scope="module")
def starter() -> list[Said]:
    pack = read_pack(STARTER)
    return [
        Said(pack.id, prompt.id, language, words.text, words.why, words.hint)
        for prompt in pack.prompts
        for language, words in prompt.words.items()
    ]


def bilingual_pair(second: str) -> list[Said]:
    """Return two prompts with the same Spanish text. The second has this English text."""
    return [
        said("Which song would you sing today?", prompt="first"),
        said("¿Qué canción cantarías hoy?", prompt="first", language="es"),
        said(second, prompt="second"),
        said("Hoy, ¿qué canción cantarías?", prompt="second", language="es"),
    ]


class TestTwins:
    @pytest.mark.parametrize(("prompt", "text"), REWORDED.items())
    def test_a_question_in_other_words_and_order_is_found_in_the_other_pack(
        self, prompt: str, text: str, starter: list[Said]
    ) -> None:
        reason = f"asks almost the same as {prompt} in the pack starter; remove one, or change this one"
        assert list(twin_advice([said(text)], starter)) == [Advice(PromptId("song"), "words.en.text", reason)]

    def test_the_later_of_two_twins_in_a_pack_gets_one_advice(self) -> None:
        (advice,) = twin_advice(bilingual_pair("Today, which song would you be singing?"))
        assert (advice.prompt, advice.field) == ("second", "words.en.text")
        assert advice.reason.startswith("asks almost the same as first; remove one")

    def test_a_twin_in_a_second_language_alone_is_found_too(self) -> None:
        pair = bilingual_pair("Whose kitchen smells best?")
        assert [each.field for each in twin_advice(pair)] == ["words.es.text"]

    def test_endings_accents_and_capitals_make_no_difference(self) -> None:
        pair = [
            said("Quelle chanson préfères-tu écouter en été ?", prompt="first", language="fr"),
            said("QUELLES CHANSONS PREFERIEZ-VOUS ECOUTER CET ETE ?", prompt="second", language="fr"),
        ]
        assert [each.prompt for each in twin_advice(pair)] == ["second"]

    def test_a_script_without_spaces_is_compared_by_its_signs(self) -> None:
        three = [
            said("今日はどんな歌を歌いたいですか。", prompt="first", language="ja"),
            said("最近うれしかったことを教えてください。", prompt="second", language="ja"),
            said("今日、歌いたい歌はどんな歌ですか。", prompt="third", language="ja"),
        ]
        assert [(each.prompt, each.reason[:30]) for each in twin_advice(three)] == [
            ("third", "asks almost the same as first;")
        ]

    def test_a_pack_that_mostly_copies_another_gets_advice_as_a_whole_first(self, starter: list[Said]) -> None:
        copy = [replace(each, pack=PackId("ours")) for each in starter]
        own = [said(f"{word}?", prompt=word, pack="ours") for word in ("marzipan", "xylophone", "quicksand")]
        first, *rest = twin_advice(copy + own, starter)
        assert first == Advice(
            None,
            "prompts",
            "92 of 95 ask almost the same as the pack starter; couples who have both would get them twice",
        )
        assert len(rest) == 92

    def test_a_few_twins_are_no_copy(self, starter: list[Said]) -> None:
        own = [said(f"{word}?", prompt=word, pack="ours") for word in ("marzipan", "xylophone", "quicksand", "walrus")]
        copied = [replace(each, pack=PackId("ours")) for each in starter[:9] if each.language == EN]
        assert len(copied) == 3
        assert [each.prompt for each in twin_advice(copied + own, starter)] == [each.prompt for each in copied]

    def test_two_prompts_without_a_word_are_no_twins(self) -> None:
        assert list(twin_advice([said("?!", prompt="first"), said("12 ?", prompt="second")])) == []


HARD: Final = (
    "Considering the communicational patterns characterising your relationship, which circumstances predominantly "
    "precipitate misunderstandings, notwithstanding considerable reciprocal benevolence?"
)


class TestReading:
    def test_the_measure_is_bjornsson_s(self) -> None:
        """Twenty words in two sentences, of which five have more than six letters."""
        text = "The quiet evening came and we walked along the harbour. Nobody said a word"
        text += ", yet everything between us seemed settled."
        assert lix(text) == pytest.approx(20 / 2 + 100 * 5 / 20)

    def test_a_consulting_room_s_sentence_is_advised_against(self) -> None:
        (advice,) = prompt_advice([said(HARD)])
        assert (advice.prompt, advice.field) == ("song", "words.en")
        assert advice.reason == "is hard to read for somebody tired: use shorter sentences and plainer words"

    def test_the_same_in_spanish_is_judged_by_what_spanish_needs(self) -> None:
        hard = (
            "Considerando los patrones comunicacionales característicos de vuestra relación, ¿qué circunstancias "
            "precipitan predominantemente malentendidos, independientemente de la benevolencia recíproca demostrada?"
        )
        plain = "La casa tranquila guarda nuestras ventanas abiertas hasta la noche. " * 2
        assert lix(plain) == pytest.approx(50)
        assert [advice.field for advice in prompt_advice([said(hard, language="es")])] == ["words.es"]
        assert [advice.field for advice in prompt_advice([said(plain, language="es")])] == []

    def test_few_words_and_scripts_of_other_measures_go_unjudged(self) -> None:
        assert lix("Incomprehensibilities, notwithstanding.") is None
        assert lix("今日はどんな歌を歌いたいですか。" * 5) is None
        assert lix("ما هي الأغنية التي تناسب يومك هذا ولماذا اخترتها من بين كل الأغاني التي تعرفها وتحبها منذ") is None
        assert lix("") is None


class TestScreen:
    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("", 1), ("one two", 1), ("one two three", 2), ("on y va\u00a0!", 1), ("on y vient\u00a0!", 2),
            ("a" * 10, 1), ("a" * 11, 2), ("a" * 20 + " b", 3), ("今日は歌", 1), ("今日は歌を歌う", 2),
            ("cafe\u0301 cre\u0300me", 1),
        ],
    )  # fmt: skip
    def test_lines_are_counted_as_a_phone_breaks_them(self, text: str, lines: int) -> None:
        assert phone_lines(text, 10) == lines

    def test_a_text_and_a_why_of_the_longest_allowed_are_too_much(self) -> None:
        long = said("A word or two. " * 16, why="Somebody really listens. " * 6 + "So well.")
        assert [(each.field, each.reason) for each in prompt_advice([long])] == [
            (
                "words.en.text",
                "takes 8 lines on a small phone, so its why does not fit below; shorten the text or the why",
            )
        ]

    def test_wide_signs_take_twice_the_room(self) -> None:
        wide = said("今日の歌を教えて" * 25, language="ja")
        assert [each.field for each in prompt_advice([wide])] == ["words.ja.text"]

    def test_a_short_prompt_fits_a_small_phone(self) -> None:
        short = said("A word or two " * 15, why="A reason or two " * 8, hint="Only hear. " * 14)
        assert list(prompt_advice([short])) == []


class TestMarkdown:
    @pytest.mark.parametrize("text", ["Is it **so**?", "See [this](https://a.b)."])
    def test_markdown_is_shown_as_it_stands(self, text: str) -> None:
        (advice,) = prompt_advice([said(text)])
        assert advice.reason.endswith("to couples as typed, since prompts have no markup; remove it")

    @pytest.mark.parametrize(
        "text", ["You & me?", "1 < 2, and 3 > 2?", "<3 you?", "[a pause]", "2 * 3 ** 1", "R&B; or pop?"]
    )
    def test_signs_that_are_no_markdown_are_fine(self, text: str) -> None:
        assert list(prompt_advice([said(text)])) == []


class TestPack:
    def test_the_gaps_of_a_language_are_one_finding_with_the_first_few(self) -> None:
        written = {PromptId(f"p{number}"): frozenset({EN}) for number in range(5)} | {
            PromptId("es"): frozenset({EN, ES})
        }
        assert list(language_advice([EN, ES], EN, written, frozenset({EN, ES}))) == [
            Advice(
                None,
                "languages",
                "es is missing in 5 of 6 prompts (p0, p1, p2, …); couples who read es get these in en",
            )
        ]

    def test_a_title_that_lacks_a_language_gets_advice(self) -> None:
        written = {PromptId("song"): frozenset({EN, ES})}
        assert list(language_advice([EN, ES], EN, written, frozenset({EN}))) == [
            Advice(None, "words", "has no es; couples who read es see the title in en")
        ]

    @pytest.mark.parametrize(
        ("prompts", "every_days", "in_order", "first_depth", "fields"),
        [
            (52, 7, True, 1, []),
            (53, 7, True, 1, ["course.every_days"]),
            (10, 1, True, 2, ["course.in_order"]),
            (10, 1, False, 3, []),
        ],
    )
    def test_a_course_begins_gently_and_ends_within_a_year(
        self, prompts: int, every_days: int, first_depth: int, fields: list[str], *, in_order: bool
    ) -> None:
        advice = course_advice(prompts, every_days, in_order=in_order, first_depth=first_depth)
        assert [each.field for each in advice] == fields
