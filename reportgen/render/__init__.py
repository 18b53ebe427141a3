"""Stage 6, render: numbers to documents, through templates/. Front door: `rendered.render`, `RenderedReport`."""
