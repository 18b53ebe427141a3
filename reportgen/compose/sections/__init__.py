"""One file a section. A section is a callable `(Material) -> Section | None`; None leaves it out."""
