"""What a stored run names, and what of it may run: names of code count where this call gives them again."""

from shlex import quote

from reportgen.compose.sections.registry import SECTIONS
from reportgen.errors import ConfigError
from reportgen.plain_text import named
from reportgen.runs.stored_run import StoredRun


def own_sections(run: StoredRun) -> tuple[str, ...]:
    """The sections that the run names and that are not of the program: code of a user, or of anybody."""
    return tuple(name for name in run.sections if name not in SECTIONS)


def sections_of(run: StoredRun, given: tuple[str, ...] | None) -> tuple[str, ...]:
    """The sections to render: those `given` on the command line or in the TOML file, else those of the run.

    Raises ConfigError where the run names some that are not of the program, and none are given.
    """
    own = own_sections(run)
    if given is not None or not own:
        return given or run.sections
    ours = ",".join(name for name in run.sections if name in SECTIONS) or "all"
    again = quote(",".join(run.sections))  # whatever the names hold, the command can be copied
    raise ConfigError(
        "--sections",
        found=f"not given, and the stored run names {named(own)}: code, which no stored run can bring along",
        expected="sections of your own named again, on the command line or in the file of --config",
        todo=f"to run that code: --sections {again}; to leave it out: --sections {ours}",
    )
