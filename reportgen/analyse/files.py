"""Duplicate image files (same SHA-256), contradicting labels, and EXIF orientation."""

from dataclasses import dataclass

from reportgen.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class SameFile:
    """Two or more images with the same bytes: their rows, ascending, and whether they are labelled differently."""

    rows: tuple[int, ...]
    several_labels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFindings:
    """same: files that stand in the data set more than once; those under several labels first, then by first row.

    n_turned: images whose EXIF orientation is not 1, n_turned_wrong: how many of them are wrong predictions; both None
    for a run of an older version, which did not keep the orientation.
    """

    same: tuple[SameFile, ...]
    n_turned: int | None
    n_turned_wrong: int | None

    @property
    def n_repeated(self) -> int:
        """How many images are there beside the first of their kind."""
        return sum(len(one.rows) - 1 for one in self.same)

    @property
    def n_contradicted(self) -> int:
        """How many files stand under several labels, of which at most one is correct."""
        return sum(one.several_labels for one in self.same)


def file_findings(predictions: Predictions) -> FileFindings:
    """Of the N readable images, by the SHA-256 of their bytes and the orientation in them."""
    rows_of: dict[str, list[int]] = {}
    for row, sha256 in enumerate(predictions.sha256):
        rows_of.setdefault(sha256, []).append(row)
    targets, wrong = predictions.targets, predictions.preds() != predictions.targets
    same = [
        SameFile(rows=tuple(rows), several_labels=len({int(targets[row]) for row in rows}) > 1)
        for rows in rows_of.values()
        if len(rows) > 1
    ]
    turned = [row for row, orientation in enumerate(predictions.orientations) if orientation > 1]
    known = bool(predictions.orientations)
    return FileFindings(
        same=tuple(sorted(same, key=lambda one: (not one.several_labels, one.rows[0]))),
        n_turned=len(turned) if known else None,
        n_turned_wrong=int(wrong[turned].sum()) if known else None,
    )
