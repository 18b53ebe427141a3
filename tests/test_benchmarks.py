"""The benchmark of the maps runs and fills every row; how fast it is, is not asked here."""

import re

import pytest
import torch

from benchmarks import explain_speed, gpu


@pytest.mark.filterwarnings("ignore")  # peers warn as they like
def test_every_row_of_the_table_is_filled(monkeypatch, tmp_path):
    monkeypatch.setattr(explain_speed, "SHARED", tmp_path)  # the photographs take minutes
    monkeypatch.setattr(explain_speed, "N_SAMPLES", 3)
    monkeypatch.setattr(explain_speed, "CAPTUM_SIZES", (1, 3))  # larger ones are cut to N_SAMPLES: the same again
    setting = explain_speed.Setting(device="cpu", rounds=1, side=64, batch=2, models=("mobilenet_v2",), n_panels=10)
    heading, _, *rows = explain_speed.table(setting)
    assert heading.count("|") == 4
    assert len(rows) == 10
    for row in rows[:8]:
        assert re.search(r"\| [\d.]+ \([\d.]+ to [\d.]+\) \| [\d.e+]+ pictures/s, theirs [\d.e+]+ \|$", row), row
    assert re.search(r"[+-][\d.]+ MB \|$", rows[8])
    assert "no shared photographs" in rows[9]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_the_gpu_benchmark_says_that_there_is_none(capsys):
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 2
    assert "no CUDA device" in capsys.readouterr().err
