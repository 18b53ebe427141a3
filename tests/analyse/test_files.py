"""What the files of a data set say: counted by hand."""

from dataclasses import replace

from reportgen.analyse.files import SameFile, file_findings
from tests.synthetic import predictions_of

# Rows true, columns predicted: images 0 and 1 of class 0 are right, 2 is called 1; images 3 and 4 of class 1 are right.
COUNTS = [[2, 1], [0, 2]]


def test_the_same_file_under_one_label_and_under_two():
    predictions = replace(predictions_of(COUNTS), sha256=("b", "a", "b", "a", "a"))
    found = file_findings(predictions)
    assert found.same == (SameFile(rows=(1, 3, 4), several_labels=True), SameFile(rows=(0, 2), several_labels=False))
    assert (found.n_repeated, found.n_contradicted) == (3, 1)


def test_files_that_are_all_different_are_none():
    found = file_findings(replace(predictions_of(COUNTS), sha256=tuple("abcde")))
    assert (found.same, found.n_repeated, found.n_contradicted) == ((), 0, 0)


def test_images_with_an_orientation_and_how_many_of_them_are_wrong():
    found = file_findings(replace(predictions_of(COUNTS), orientations=(1, 6, 3, 1, 8)))
    assert (found.n_turned, found.n_turned_wrong) == (3, 1)
    found = file_findings(replace(predictions_of(COUNTS), orientations=(1,) * 5))
    assert (found.n_turned, found.n_turned_wrong) == (0, 0)


def test_a_run_that_did_not_keep_orientations_says_nothing_of_them():
    found = file_findings(replace(predictions_of(COUNTS), orientations=()))
    assert (found.n_turned, found.n_turned_wrong) == (None, None)
