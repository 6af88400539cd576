"""Define the arguments that several commands share. The other files of this package define the commands."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

PackId = Annotated[str, Parameter(help="The pack's id.")]
PackFiles = Annotated[Path, Parameter(help="YAML or JSON files.")]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option without a value."""
Overwrite = Annotated[Flag, Parameter(help="Replace the stored text even if others have changed it since you got it.")]
Reason = Annotated[str | None, Parameter(help="Why, for colleagues.")]
Yes = Annotated[Flag, Parameter(help="Do not ask for confirmation.")]
