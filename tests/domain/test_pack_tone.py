"""A prompt that sounds like a reproach, a rule or a guess gets advice.

Similar harmless prompts get none.
"""

from __future__ import annotations

import pytest

from rekindle.packs.tone import tone_advice
from tests.domain.test_pack_advice import said


def told(text: str) -> list[str]:
    return [advice.reason for advice in tone_advice([said(text)])]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "You never listen when I talk. What would help?",
            "“You never” sounds like a reproach, and is rarely quite true; ask about one time when it was so",
        ),
        (
            "Why do you always ruin everything?",
            "“Why do you” asks somebody to justify themselves; begin with “What makes” or “What helps”",
        ),
        (
            "Both of you ought to put the phones away.",
            "“Both of you ought to” sounds like a rule; say what the two might try, and leave the choice to them",
        ),
        (
            "What should you have said on Sunday?",
            "“should you have” sounds like a reproach; ask what somebody would wish for next time",
        ),
        (
            "What did you do wrong this week?",
            "“you do wrong” asks who is guilty; ask what was hard, or what somebody would like to do differently",
        ),
        ("When was it your fault?", "“your fault” lays blame; ask what each of the two could do, or what would help"),
        (
            "What does your wife cook best?",
            "“your wife” assumes who the partner is, and couples differ; say “your partner”",
        ),
    ],
)
def test_each_says_what_it_sounds_like_and_how_to_put_it_instead(text: str, reason: str) -> None:
    assert told(text) == [reason]


def test_one_prompt_may_have_several_things_to_think_about() -> None:
    reasons = told("You should always tell your husband what you did wrong today!")
    assert [reason.partition("”")[0] for reason in reasons] == ["“You should", "“you did wrong", "“your husband"]


@pytest.mark.parametrize(
    "text",
    [
        "YOU ALWAYS FORGET. WHAT WOULD HELP?",
        "When I talk, you never listen. What would help?",
        "Why don’t you help more at home?",
        "Why didn't you call?",
        "Why can’t your partner say sorry first?",
        "Why are you so distant?",
        "Today you must hold hands.",
        "When your partner cries, you have to hug them.",
        "Couples should never go to bed angry.",
        "Your partner really needs to hear this: say it.",
        "Shouldn’t you be kinder?",
        "What have you done wrong lately?",
        "Whose fault was the last quarrel?",
        "Surprise your lovely girlfriend with tea.",
        "Does your boyfriend snore?",
        "What did your fiancé say?",
    ],
)
def test_other_forms_of_a_phrase_are_found_too(text: str) -> None:
    assert len(told(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "What is something you have always wanted to learn?",
        "Tell about something that you never asked for as a child.",
        "What would you never tell your grandmother?",
        "What do you love about the way your partner always hums?",
        'Turn “you never help” into a wish, and "you should know" too.',
        "Finish the sentence: “You always make me laugh when …”",
        "Why might a stranger like your street, and why is it so quiet?",
        "What do you have to do tomorrow that you could share?",
        "Which book must everyone read, and what do you need to begin?",
        "What should the two of you cook on Sunday?",
        "On a bad day, which of these do you believe you must be?",
        "Who did the wrong thing at the right time?",
        "A fault line runs through every map: where is yours?",
        "Tell about a time you were wrong and glad of it.",
        "What did your first boyfriend teach you about yourself?",
        "What would a husband and wife from a film say to you?",
    ],
)
def test_a_prompt_that_only_shares_words_gets_no_advice(text: str) -> None:
    assert told(text) == []


def test_the_why_and_the_hint_are_judged_too() -> None:
    prompt = said("Which song is today?", why="You should know it.", hint="Don’t ask: why did you choose it?")
    assert [advice.field for advice in tone_advice([prompt])] == ["words.en.why", "words.en.hint"]


def test_other_languages_go_unjudged() -> None:
    assert list(tone_advice([said("Why do you always ruin everything?", language="nl")])) == []
