"""Kinds of fields of stored runs, each checked where it is read: run ids, hashes, times and names.

Plain text where a run is made; pydantic reads the bounds from the annotations where one is read.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from reportgen.errors import InputError
from reportgen.inputs.usable_names import MAX_LETTERS, MAX_PATH

_RUN_ID = r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}"  # the time in UTC to the millisecond, and the checkpoint's hash
_AN_ID = "20261123T080000000Z-1a2b3c4d"


def _run_id(text: str) -> str:
    if not re.fullmatch(_RUN_ID, text):
        raise ValueError(f"no run id such as {_AN_ID}: {text[:40]!r}")
    return text


def _moment(text: str) -> str:
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no time: {text[:40]!r}") from error
    if datetime.fromisoformat(text).tzinfo is None or not 1970 <= found.year <= 9998:
        raise ValueError(f"no time in a time zone, from 1970 on: {text[:40]!r}")
    return text


RunId = Annotated[str, AfterValidator(_run_id)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, AfterValidator(_moment)]  # ISO 8601 with its time zone
Name = Annotated[str, Field(max_length=MAX_LETTERS)]  # of a class, a device, a library
PathText = Annotated[str, Field(max_length=4 * MAX_PATH)]  # of a file, or an image's id, escaped
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Difference = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]


def refuse_other_run(run_dir: Path, run_id: str, *, name: str | None = None) -> None:
    """Raises InputError unless the folder of a run is called by the run's id; `name`: what counts as its name.

    A copy under another name would count as a run of its own and be mailed once more, and what could not be rendered
    would take the place of the run that it names.
    """
    found = run_dir.name if name is None else name
    if found != run_id:
        raise InputError(
            f"run directory {run_dir}",
            found=f"the run {run_id} in a folder of another name, a copy perhaps",
            expected=f"{run_id} as the name of its folder",
            todo="give the folder its name back, or move it out of the archive",
        )
