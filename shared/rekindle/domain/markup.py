"""Find markup in the texts of staff: in packs, help and notes.

No page of ours parses markup, so markup would only show as it was typed. But a text can come to a page or a mail that
does parse it. So staff cannot publish a text with markup. Ordinary signs, as in “<3” and “a < b”, are no markup.
"""

from __future__ import annotations

import html
import re
from typing import Final

_MARKUP: Final = re.compile(
    r"<[a-z!/?][^<>]*>?"  # a tag, a comment or a declaration; HTML does not need its end
    r"|(?<!\w)on[a-z]{3,}\s*=\s*\S*"  # an event attribute
    r"|(?<!\w)(?:java|vb)script\s*:\S*"  # a link that runs code
    r"|(?<!\w)data:(?:[a-z]+/|[,;])\S*",  # a link that contains a document
    re.IGNORECASE | re.ASCII,
)
_AMPERSAND: Final = re.compile(r"&[^\s&]*")
_SHOWN: Final = 30
"""A sentence about markup quotes at most this many characters of the markup."""


def markup_in(text: str) -> str | None:
    """Return the first characters of the markup in a text. Return None if the text has no markup."""
    if found := _MARKUP.search(text):
        return found[0][:_SHOWN]
    return _character_reference_in(text)


def why_markup(text: str) -> str | None:
    """Return a sentence for the author if the text has markup. Return None if it has none."""
    markup = markup_in(text)
    return markup and f"has the markup “{markup}”; remove it, because couples and colleagues get plain text"


def _character_reference_in(text: str) -> str | None:
    """Return HTML's name or number of a character, such as `&lt;`. HTML reads some names also without a semicolon."""
    references = (found for found in _AMPERSAND.findall(text) if html.unescape(found) != found)
    return next((found[:_SHOWN] for found in references), None)
