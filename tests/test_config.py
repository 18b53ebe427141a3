"""Options from the command line over a TOML file over defaults."""

from pathlib import Path

import pytest

from reportgen.errors import ConfigError
from reportgen.explain.options import ExplainOptions
from reportgen.options import RunOptions, read_options

GIVEN = {"checkpoint": Path("c.pt"), "dataset": "imagefolder", "data_root": Path("d")}


def test_the_command_line_wins_over_the_file_and_the_file_over_the_defaults(tmp_path):
    (tmp_path / "r.toml").write_text('batch_size = 8\nsplit = "val"\nformat = "html"\n[preprocessing]\nresize = 300\n')
    found = read_options(RunOptions, {**GIVEN, "batch_size": 4, "split": None}, tmp_path / "r.toml")
    assert (found.loop.batch_size, found.inputs.source.split, found.report.formats, found.explain.seed) == (
        4,
        "val",
        ("html",),
        0,
    )
    assert (found.inputs.preprocessing.resize, found.inputs.preprocessing.crop) == (300, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("batchsize = 8\n", "batch_size"),
        ("data-rot = 'x'\n", "data_root"),
        ("zzz = 1\n", "one of checkpoint"),
        ("[preprocessing]\nresise = 3\n", "resize"),
        ("[explain]\ninsertion_step = 3\n", "insertion_steps"),
        ("[explain]\ninsertion_steps = 1\n", "2 steps or more"),
        ("batch_size = 'many'\n", "batch_size in"),
        ("batch_size = 0\n", "greater than or equal to 1"),
        ("max_unreadable = 2.0\n", "less than or equal to 1"),
        ("x = [\n", "TOMLDecodeError"),
    ],
)
def test_a_wrong_file_is_exit_2_and_names_the_nearest_key(tmp_path, text, told):
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        read_options(RunOptions, GIVEN, tmp_path / "r.toml")
    assert caught.value.exit_code == 2
    assert "to do" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lang": "en,fr"}, "some of en, ja"),
        ({"methods": "grad_cm"}, "grad_cam"),
        ({"methods": ""}, "integrated_gradients"),
        ({"methods": "magic"}, "or package.module:attribute"),
        ({"format": "docx"}, "html, pdf or both"),
        ({"precision": "fp8"}, "fp32"),
        ({"model_name": "x" * 201}, "1 to 200 characters"),
        ({"model_name": "two\nlines"}, "of one line"),
        ({"model_name": " "}, "no blank at either end"),
        ({"checkpoint": None}, "give --checkpoint"),
    ],
)
def test_a_wrong_or_later_value_is_exit_2(wrong, told):
    with pytest.raises(ConfigError, match=told) as caught:
        read_options(RunOptions, {**GIVEN, **wrong})
    assert caught.value.exit_code == 2


def test_a_missing_file_is_exit_2(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        read_options(RunOptions, GIVEN, tmp_path / "gone.toml")


def test_methods_stand_in_the_order_of_the_house_and_own_ones_last():
    found = read_options(RunOptions, {**GIVEN, "methods": "own.package:method, lime, grad_cam, lime"})
    assert found.explain.methods == ("grad_cam", "lime", "own.package:method")


def test_all_means_the_twelve_of_the_field_and_the_contrast():
    """The names of the issue, written out."""
    twelve = {"grad_cam", "vanilla_grad", "grad_x_input", "saliency", "integrated_gradients", "deconv"}
    twelve |= {"guided_backprop", "smooth_grad", "deep_lift", "occlusion", "lrp", "lime"}
    assert set(read_options(RunOptions, {**GIVEN, "methods": "all"}).explain.methods) == twelve | {"contrast"}


def test_the_explain_table_has_the_defaults_of_the_stage():
    found = read_options(RunOptions, GIVEN)
    assert found.explain == ExplainOptions()
