"""The commands: each reads its arguments, calls the client, and shows a page."""

from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option without a value."""
