"""What the documents of a bundle are called."""


def document_name(code: str, ending: str, *, first: str) -> str:
    """The file of the report in the language `code`: report.html in the run's first language, report.ja.html else."""
    return f"report.{ending}" if code == first else f"report.{code}.{ending}"
