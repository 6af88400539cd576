"""The one logger: a structured line for each outcome, with counts and identifiers and never what anyone wrote."""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger()


def frames_of(error: BaseException) -> list[str]:
    """Return the error's frames, as file, line and function. Its message is left out: it may carry anyone's words."""
    frames, at = [], error.__traceback__
    while at:
        code = at.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno} {code.co_name}")
        at = at.tb_next
    return frames
