"""Where the files that come with the package lie."""

from pathlib import Path

from reportgen.errors import RenderingError


def templates_dir() -> Path:
    """The folder of templates: inside the installed package, or at the top of a checkout. Raises RenderingError."""
    package = Path(__file__).resolve().parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "report.html.j2").is_file():
            return folder
    raise RenderingError(
        "templates",
        found=f"no report.html.j2 in {package / 'templates'} or {package.parent / 'templates'}",
        expected="the templates that come with reportgen",
        todo="install reportgen anew",
    )
