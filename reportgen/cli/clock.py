"""The one clock of the program."""

import os
from datetime import UTC, datetime

from reportgen.errors import ConfigError


def clock() -> datetime:
    """Now, in UTC; or the moment that SOURCE_DATE_EPOCH names (seconds since 1970), for reports made anew."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            "SOURCE_DATE_EPOCH",
            found=repr(epoch),
            expected="whole seconds since 1970, such as 1795420800",
            todo="correct or unset the environment variable",
        ) from error
