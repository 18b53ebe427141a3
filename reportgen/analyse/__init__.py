"""Stage 3, analyse: what the predictions show. Pure functions. Front door: `findings.analyse`, returns `Findings`."""
