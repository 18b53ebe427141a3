"""Faults of code that is not ours (models, plug-ins, decoders), whatever their type: an error with words and exit code.

A fault of our own stays what it is, and ends in exit code 70.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from reportgen.errors import ReportgenError, in_one_line

log = logging.getLogger(__name__)


# What our own code calls; a fault in there without a model or plug-in on the way is ours.
_LIBRARIES = frozenset(sys.stdlib_module_names) | {
    *("numpy", "pandas", "scipy", "skimage", "sklearn", "PIL", "pyarrow", "pydantic", "torch", "torchvision"),
}


@contextmanager
def translate_foreign_errors(stage: str, kind: type[ReportgenError], *, todo: str) -> Iterator[None]:
    """Raises `kind` for what foreign code raises in `stage`, and for what it makes torch raise.

    Whose a fault is, is told by the modules on its way: a model's forward, a method, a reader. With --verbose the log
    has its traceback.
    """
    try:
        yield
    except ReportgenError:
        raise
    except (Exception, SystemExit) as error:
        if not any(_is_foreign(name) for name in _modules(error.__traceback__)):
            raise
        log.debug("raised by foreign code", exc_info=error)
        raise kind(
            stage, found=in_one_line(error), expected="code of a model or a plug-in that does not fail", todo=todo
        ) from error


def _modules(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield str(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next


def _is_foreign(module: str) -> bool:
    if module.startswith(("torch.nn.modules", "torchvision.models")):  # a model is being run
        return True
    return module.partition(".")[0] not in (_LIBRARIES | {"reportgen"})
