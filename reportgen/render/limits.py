"""Templates that others wrote are rendered in a process of its own, with limits on time and memory: some never end.

The process is forked: what a section of the user's has put into its data cannot always be pickled. In it runs the
template engine alone, no torch and no GPU, and if it should hang by a lock of another thread, the time limit ends it.
"""

import multiprocessing
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from traceback import format_exception

from reportgen.errors import RenderingError, ReportgenError
from reportgen.processes import DiedError, LateError, SideProcess, address_space


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLimits:
    """What one page may take. memory_bytes: more than the program has before; a page of 300 panels takes a tenth."""

    time_s: float = 20.0
    memory_bytes: int = 3 * 2**29


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """What else was raised in the process, as Python tells it."""

    told: str


def within_limits(make: Callable[[], str], name: str, limits: TemplateLimits | None = None) -> str:
    """What `make` returns, made in a process of its own; in one that has limits already, there.

    name: of the template, for messages. Raises RenderingError where a limit is passed, and whatever ReportgenError
    `make` raises; RuntimeError for a fault of the program.
    """
    if multiprocessing.current_process().daemon:  # a sentence within the page that is being made
        return make()
    made = _made(lambda _: _told(make), name, limits or TemplateLimits())
    if isinstance(made, ReportgenError):
        raise made
    if isinstance(made, _Fault):
        raise RuntimeError(made.told)  # noqa: TRY004  # no wrong type, but a fault that was met elsewhere
    return made


def _told(make: Callable[[], str]) -> str | ReportgenError | _Fault:
    try:
        return make()
    except ReportgenError as error:
        return error
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, it is raised on the other side
        return _Fault(told="".join(format_exception(error)))


def _made(
    work: Callable[[None], str | ReportgenError | _Fault], name: str, limits: TemplateLimits
) -> str | ReportgenError | _Fault:
    before, side = address_space(), None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork beside threads
            memory_bytes = None if before is None else before + limits.memory_bytes
            side = SideProcess(work, method="fork", memory_bytes=memory_bytes)
            side.ask(None)
        return side.answer(limits.time_s)
    except LateError as error:
        raise _failed(name, f"not done after {limits.time_s:.0f} s", "end") from error
    except DiedError as error:
        found = f"the process that renders (memory limit {limits.memory_bytes / 2**30:.1f} GiB): {error}"
        raise _failed(name, found, "take less") from error
    finally:
        if side is not None:
            side.end()


def _failed(name: str, found: str, verb: str) -> RenderingError:
    return RenderingError(
        f"template {name}, or one that it includes",
        found=found,
        expected=f"templates that {verb} whatever the run",
        todo="mend them and name their folder by --templates; --templates none renders with ours alone",
    )
