"""Stage 5, compose: what goes on the page, still as numbers. Pure. Front door: `report.compose`, returns `Report`."""
