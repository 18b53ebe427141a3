"""Alignment by name for any subset and order, and what a mismatch says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.inputs.classes import aligned
from tests.inputs.refusals import refused

NAMES = tuple("abcdefgh")


@given(order=st.permutations(NAMES), data=st.permutations(NAMES), n=st.integers(1, 8), seed=st.integers(0, 99))
def test_logits_of_permuted_outputs_equal_the_unpermuted_ones(order, data, n, seed):
    """Also where the data set holds some of the classes only, in any order."""
    logits = np.random.default_rng(seed).normal(size=(3, 8))  # columns in the order of NAMES
    permuted = logits[:, [NAMES.index(name) for name in order]]
    found = aligned(tuple(data[:n]), tuple(order), n_outputs=8)
    assert found.classes[:n] == tuple(data[:n])
    assert set(found.classes[n:]) == set(found.without_images) == set(data[n:])
    expected = logits[:, [NAMES.index(name) for name in found.classes]]
    assert np.array_equal(permuted[:, list(found.output_idx)], expected)


def test_classes_without_images_keep_the_models_order():
    found = aligned(("b",), ("d", "b", "a", "c"), n_outputs=4)
    assert (found.classes, found.output_idx) == (("b", "d", "a", "c"), (1, 0, 2, 3))


@pytest.mark.parametrize(
    ("data", "model", "told", "advice"),
    [
        (("ant", "bee", "cow"), ("ant", "bee"), "'cow'", "or take the other classes out of this one"),
        (("ant", "Maine_Coon"), ("ant", "maine coon"), "'maine coon')", 'such as "maine coon" = "Maine_Coon"'),
        (("ant", "boxer-dog"), ("ant", "Boxer Dog"), "'Boxer Dog')", 'such as "Boxer Dog" = "boxer-dog"'),
        (("ant", "pug"), ("ant", "zebra"), "'pug'\n", 'such as "zebra" = "its name in the data set"'),
        (
            ("n02123045", "n02123159"),
            ("tabby", "tiger cat"),
            "WordNet ids, as ImageNet's folders",
            '[rename] with a line such as "tabby"',
        ),
        (("ant",), ("ant", "bee", "bee"), "names a class twice: bee", "one name for each output, each once"),
        (("cat ", "dog"), ("cat", "dog"), "but has an extra U+0020 SPACE", "correct these labels in the data set"),
    ],
)
def test_a_mismatch_shows_both_lists_and_what_to_do_about_it(data, model, told, advice):
    lists = (f"({len(data)}): {', '.join(map(repr, data))}", f"({len(model)}): {', '.join(map(repr, model))}")
    with refused(InputError, "class names", told, *lists, "by the same name", advice):
        aligned(data, model, n_outputs=len(model))


def test_names_and_outputs_of_different_number_are_refused():
    with refused(InputError, "names 2 classes for 3 outputs", "data set (2): 'a', 'b'", "model (2): 'a', 'b'"):
        aligned(("a", "b"), ("a", "b"), n_outputs=3)
    with refused(InputError, "2 classes for 3 outputs", "data set (2): 'a', 'b'", "model (3): 3 outputs without names"):
        aligned(("a", "b"), None, n_outputs=3)


def test_without_names_the_outputs_are_taken_as_they_come():
    found = aligned(("b", "a"), None, n_outputs=2)
    assert (found.classes, found.output_idx, found.named_by) == (("b", "a"), (0, 1), "data_set")


def test_names_are_mapped_before_they_are_compared():
    renamed = {"Cow": "cow", "unused": "x"}
    found = aligned(("ant", "cow"), ("Cow", "ant"), n_outputs=2, renamed=renamed)
    assert (found.output_idx, found.named_by) == ((1, 0), "checkpoint")
    with refused(InputError, "twice: cow"):
        aligned(("cow",), ("Cow", "cow"), n_outputs=2, renamed=renamed)
