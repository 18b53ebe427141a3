"""A library that cannot be imported: torch without its shared objects, a package that is not installed, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType

from reportgen.errors import ConfigError, in_one_line


@contextmanager
def translate_import_errors() -> Iterator[None]:
    """Raises ConfigError for a library that raises while it is imported; what of ours cannot be is a fault of ours."""
    try:
        yield
    except (ImportError, OSError, RuntimeError) as error:
        library = _imported(error)
        if library in ("", "reportgen"):
            raise
        raise ConfigError(
            f"the library {library}",
            found=in_one_line(error),
            expected="one that can be imported by this Python",
            todo=f"install {library} anew for this Python; `reportgen doctor` shows what else is lacking",
        ) from error


def _imported(error: BaseException) -> str:
    """The package that one of our modules asked for and in whose import the error was raised; "" for another error."""
    frames = list(walk_tb(error.__traceback__))
    ours = [at for at, (frame, _) in enumerate(frames) if _package(frame) == "reportgen"]
    beyond = [frame for frame, _ in frames[ours[-1] + 1 :]] if ours else []
    if not beyond:
        return str(getattr(error, "name", None) or "").partition(".")[0]
    return _package(beyond[0]) if beyond[0].f_code.co_name == "<module>" else ""


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
