"""The course that the demo's practice gives its couples: what its author types, and what Maya and Haru answer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

COURSE: Final = "small-steps"
TITLE: Final = "Small Steps"
IN_ORDER: Final = ("somebody-who-listened", "one-small-ask", "a-door-left-open")
"""The ids of its prompts. The last would come on a date after the practice has withdrawn the course."""
EVERY_DAYS: Final = 2

SOURCE: Final = f"""\
id: {COURSE}
audience: code
course: {{in_order: true, every_days: {EVERY_DAYS}}}
default_language: en
languages: [en]
words:
  en:
    title: {TITLE}
    written_for: Couples who come to us, for the days between two visits.
prompts:
  - id: {IN_ORDER[0]}
    theme: listening
    kind: question
    depth: 1
    words:
      en:
        text: Think of somebody who listened to you, long ago or lately. How could you tell?
        why: Who knows what being heard feels like can give it to another.
        hint: Nothing to mend and nothing to add. Take it in, and say afterwards what you heard.
  - id: {IN_ORDER[1]}
    theme: courage
    kind: question
    depth: 1
    words:
      en:
        text: What small thing would you like to ask of the other, and have kept to yourself so far?
        why: A small wish, said aloud, is easier to carry for two.
        hint: It is a wish, not a reproach. Thank the other for it, whatever you can do about it.
  - id: {IN_ORDER[2]}
    theme: openness
    kind: question
    depth: 1
    words:
      en:
        text: Which door in you have you left open a crack, in case somebody knocks?
        why: Nobody has to come in. It is good to know where the door is.
"""

ANSWERS: Final[Mapping[str, tuple[str, str]]] = {
    "Think of somebody who listened to you, long ago or lately. How could you tell?": (
        "My sister, on the stairs. She asked nothing, and moved over so that I could sit.",
        "My grandmother turned the radio off when I came in. I told her everything.",
    ),
    "What small thing would you like to ask of the other, and have kept to yourself so far?": (
        "One evening a week without a plan. I miss wasting time with you.",
        "Would you teach me your father's card game before we visit? I want to lose politely.",
    ),
}
"""By the prompt as a phone shows it: Maya's, and Haru's."""
