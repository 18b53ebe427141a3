"""One file a section. A section is a callable `(SectionContext) -> Section | None`; None leaves it out."""
