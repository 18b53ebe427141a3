"""TorchScript archives and exported programs run as they were saved; what else lies in such a file does not."""

import io
import json
import os
import pickle
import warnings
import zipfile

import pytest
import torch

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import read_checkpoint
from reportgen.inputs.models.building import read_model
from reportgen.inputs.models.first_forward import ExpectedInput, first_run
from tests.inputs.refusals import refused
from tests.inputs.test_first_run import EXPECTED
from tests.users_models import Colours, Dictionary, as_inputs

MODEL = Colours().eval()


def scripted(path, how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        if how == "dictionary":
            made = torch.jit.trace(Dictionary().eval(), torch.zeros(1, 3, 32, 32), strict=False)
        elif how == "traced":
            made = torch.jit.trace(MODEL, torch.zeros(1, 3, 32, 32))
        else:
            made = torch.jit.freeze(torch.jit.trace(MODEL, torch.zeros(1, 3, 32, 32)))
        torch.jit.save(made, str(path))
    return path


def exported(path, n=None):
    """n: the number of pictures that the program is fixed to; (least, most); or None for any."""
    dims = None if isinstance(n, int) else {0: torch.export.Dim("n", **({"min": n[0], "max": n[1]} if n else {}))}
    size = n if isinstance(n, int) else 3
    program = torch.export.export(MODEL, (torch.zeros(size, 3, 32, 32),), dynamic_shapes={"x": dims} if dims else None)
    torch.export.save(program, path)
    return path


def answers_of(path, *, size=(32, 32)):
    read = read_model(read_checkpoint(path), None)
    run = first_run(read.model, ExpectedInput(size=size, channels=None, n_classes=3, reading=read.reading))
    found = []
    for n in (1, 2, 3, 7):
        with torch.inference_mode():
            found.append(run.model(as_inputs().repeat(3, 1, 1, 1)[:n]))
    return read, run, found


@pytest.mark.parametrize("how", ["traced", "frozen", "dictionary"])
def test_a_torchscript_archive_gives_the_scores_of_its_model(tmp_path, how):
    read, run, found = answers_of(scripted(tmp_path / "m.pt", how))
    assert (read.arch, run.reading.program) == ("torchscript", "torchscript")
    assert all(torch.allclose(one, EXPECTED.repeat(3, 1)[: len(one)], atol=1e-3) for one in found)


@pytest.mark.parametrize(("n", "batch"), [(None, None), (1, (1, 1)), (4, (4, 4)), ((2, 3), (2, 3))])
def test_an_exported_program_gives_them_for_any_number_of_pictures(tmp_path, n, batch):
    read, run, found = answers_of(exported(tmp_path / "m.pt2", n))
    assert (read.arch, read.said, run.reading.batch) == ("exported_program", {"crop_px": 32, "channels": 3}, batch)
    assert all(torch.allclose(one, EXPECTED.repeat(3, 1)[: len(one)], atol=1e-3) for one in found)
    run.model.train()
    run.model.eval()


def changed(path, change):
    """The archive with `change(name, content)` in place of each file; None leaves it out."""
    with zipfile.ZipFile(path) as before:
        files = {name: change(name, before.read(name)) for name in before.namelist()}
    with zipfile.ZipFile(path, "w") as after:
        for name, content in files.items():
            if content is not None:
                after.writestr(name, content)


class Trap:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def pickled_inputs(name, content, trap):
    buffer = io.BytesIO()
    torch.save(trap, buffer)
    return buffer.getvalue() if name.endswith("sample_inputs/model.pt") else content


def pickled_weight(name, content, trap):
    if name.endswith("model_weights_config.json"):
        table = json.loads(content)
        for one in table["config"].values():
            one["use_pickle"] = True
        return json.dumps(table).encode()
    return pickle.dumps(trap, protocol=0) if "/weights/weight_" in name else content


def pickled_constant(name, content, trap):
    if name.endswith("model_constants_config.json"):
        one = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
        return json.dumps({"config": {"x": one}}).encode()
    return content


def formula(name, content, trap):
    if not name.endswith("models/model.json"):
        return content
    call = f"__import__('os').mkdir({str(trap.marker)!r})"
    return content.replace(b"Symbol('s77', positive=True, integer=True)", call.encode())


@pytest.mark.parametrize("what", [pickled_inputs, pickled_weight, pickled_constant, formula])
def test_nothing_in_an_exported_program_runs_but_its_operations(tmp_path, what):
    path, marker = exported(tmp_path / "m.pt2"), tmp_path / "ran"
    changed(path, lambda name, content: what(name, content, Trap(marker)))
    with refused(InputError, str(path), "would run code", "save the weights alone"):
        read_model(read_checkpoint(path), None)
    assert not marker.exists()


def test_the_control_a_pickled_weight_would_run(tmp_path):
    path, marker = exported(tmp_path / "m.pt2"), tmp_path / "ran"
    changed(path, lambda name, content: pickled_weight(name, content, Trap(marker)))
    with pytest.raises(Exception):  # noqa: B017  # whatever torch makes of nothing in the place of a tensor
        torch.export.load(path).module()
    assert marker.exists()


def test_machine_code_and_two_files_of_one_name_are_refused(tmp_path):
    path = exported(tmp_path / "m.pt2", 1)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("m/data/aotinductor/model/model.so", b"\x7fELF")
    with refused(InputError, "model.so is machine code"):
        read_model(read_checkpoint(path), None)
    path = exported(tmp_path / "n.pt2", 1)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("n/models/model.json", b"{}")
    with refused(InputError, "two files of one name"):
        read_model(read_checkpoint(path), None)


@pytest.mark.parametrize("kind", ["script", "program"])
def test_a_damaged_one_says_what_it_is(tmp_path, kind):
    path = scripted(tmp_path / "m.pt", "traced") if kind == "script" else exported(tmp_path / "m.pt2", 1)
    ruined = ".py" if kind == "script" else "models/model.json"
    changed(path, lambda name, content: b"{" if name.endswith(ruined) else content)
    told = "TorchScript archive" if kind == "script" else "exported program"
    with refused(InputError, str(path), told, "save the weights alone"):
        read_model(read_checkpoint(path), None)
