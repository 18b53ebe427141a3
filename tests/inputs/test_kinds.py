"""Which format a file has is told by its content, whatever its name; and each that holds no weights, with what to do."""

import gzip
import io
import pickle
import tarfile
import zipfile

import joblib
import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from torch import nn

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import file_format_of, read_checkpoint
from tests.inputs.refusals import refused

WEIGHTS = {"a.weight": torch.arange(4.0), "a.bias": torch.ones(2)}
LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 46830571\n".encode()
# An ONNX file's first fields (onnx.proto): ir_version 8, producer_name "pytorch", producer_version "2.0.0".
ONNX = b"\x08\x08\x12\x07pytorch\x1a\x052.0.0:\x0b\x0a\x05graph" + bytes(range(256))


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, inputs):
        return self.fc(inputs.mean((2, 3)))


def zip_of(*names, content=b"x"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(*names):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


def saved(save, *arguments, **options):
    buffer = io.BytesIO()
    save(*arguments, buffer, **options)
    return buffer.getvalue()


def joblib_dump(value, **options):
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


def picture(kind):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)
    return buffer.getvalue()


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.ones(3))
    return buffer.getvalue()


def npy():
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


def jit():
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(Tiny().eval(), torch.zeros(1, 3, 8, 8)), buffer)
    return buffer.getvalue()


def exported():
    buffer = io.BytesIO()
    torch.export.save(torch.export.export(Tiny().eval(), (torch.zeros(1, 3, 8, 8),)), buffer)
    return buffer.getvalue()


READABLE = {
    "torch": lambda: saved(torch.save, WEIGHTS),
    "torch_legacy": lambda: saved(torch.save, WEIGHTS, _use_new_zipfile_serialization=False),
    "safetensors": lambda: safetensors.torch.save(WEIGHTS),
}
OTHERS = [  # name, kind, content, words of the message
    ("pointer", "git_lfs", LFS, ("a Git LFS pointer", "git lfs pull")),
    ("annex", "git_annex", b"/annex/objects/SHA256E-s9--ab.pth\n", ("git-annex", "git annex get")),
    ("dvc", "dvc", b"outs:\n- md5: ab12\n  size: 9\n  path: model.pt\n", ("DVC pointer", "dvc pull")),
    ("page", "html", b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>", ("HTML page", "download", "curl")),
    ("drive", "html", b"<html><body>Google Drive can't scan this file for viruses", ("HTML page", "download")),
    ("s3", "xml", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', ("XML", "storage server")),
    ("json", "json", b'{"error": "not found"}', ("a JSON text",)),
    ("bom", "json", b'\xef\xbb\xbf{"error": 1}', ("a JSON text",)),
    ("words", "text", b"Not Found", ("a text: 'Not Found'", "download")),
    ("japanese", "text", "見つかりません".encode() * 200, ("a text",)),
    ("nothing", "empty", b"", ("an empty file (0 bytes)", "disk")),
    ("zeros", "zeros", bytes(5000), ("nothing but zeros", "copy the file anew")),
    ("zip", "zip", zip_of("model.pth", "readme.txt"), ("a zip archive", "unpack")),
    ("tar", "tar", tar_of("model.pth"), ("a tar archive", "unpack")),
    ("oldest", "torch_tar", tar_of("sys_info", "pickle", "storages", "tensors"), ("tar format of torch.save", "anew")),
    ("gz", "compressed", gzip.compress(b"x"), ("a compressed file", "unpack")),
    ("package", "torch_package", zip_of("m/.data/extern_modules", "m/data.pkl"), ("torch.package", "torch.save(")),
    ("mar", "torchserve", zip_of("MAR-INF/MANIFEST.json", "model.pt"), ("TorchServe", "unpack")),
    ("keras", "keras", zip_of("config.json", "model.weights.h5"), ("a Keras model",)),
    ("h5", "hdf5", b"\x89HDF\r\n\x1a\n" + bytes(99), ("HDF5", "Keras")),
    ("tflite", "tflite", b"\x1c\0\0\0TFL3" + bytes(99), ("TensorFlow Lite",)),
    ("onnx", "onnx", ONNX, ("an ONNX model", "exported from")),
    ("gguf", "gguf", b"GGUF\x03" + bytes(99), ("GGUF",)),
    ("png", "image", picture("PNG"), ("an image", "--data-root")),
    ("jpg", "image", picture("JPEG"), ("an image", "--data-root")),
    ("npy", "npy", npy(), ("a NumPy array",)),
    ("npz", "npz", npz(), ("NumPy arrays", "from_numpy")),
    ("pickle2", "pickle", pickle.dumps({"a": 1}, 2), ("pickle.dump wrote it, not torch.save",)),
    ("pickle4", "pickle", pickle.dumps({"a": list(range(9999))}, 4), ("pickle.dump wrote it, not torch.save",)),
    ("sklearn", "pickle", pickle.dumps(LogisticRegression()), ("an estimator of scikit-learn", "LogisticRegression")),
    ("joblib", "pickle", joblib_dump(LogisticRegression()), ("an estimator of scikit-learn",)),
    ("joblib_z", "compressed", joblib_dump(LogisticRegression(), compress=True), ("a compressed file",)),
    ("noise", "unknown", bytes(range(128, 256)) * 9, ("first bytes are 80 81 82 83",)),
]


@pytest.mark.parametrize("ending", [".pt", ".ckpt", ".safetensors", ".bin", ".onnx", ""])
@pytest.mark.parametrize("kind", READABLE)
def test_weights_are_read_whatever_their_file_is_called(tmp_path, kind, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(READABLE[kind]())
    assert file_format_of(path) == kind
    assert {key: value.tolist() for key, value in read_checkpoint(path).weights.items()} == {
        "a.weight": [0, 1, 2, 3],
        "a.bias": [1, 1],
    }


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
@pytest.mark.parametrize(("kind", "content", "told"), [one[1:] for one in OTHERS], ids=[one[0] for one in OTHERS])
def test_a_file_without_weights_is_told_what_it_is(tmp_path, kind, content, told, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(content)
    assert file_format_of(path) == kind
    with refused(InputError, f"checkpoint {path}", *told) as _:
        read_checkpoint(path)


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize(("content", "kind"), [(jit, "torchscript"), (exported, "exported_program")])
def test_programs_of_torch_are_told_from_weights(tmp_path, content, kind):
    (tmp_path / "model.pt").write_bytes(content())
    assert file_format_of(tmp_path / "model.pt") == kind


def test_an_exported_program_of_torch_2_1_to_2_6_is_told_too(tmp_path):
    """Its members were serialized_exported_program.json, serialized_state_dict.pt and so on, without a folder."""
    (tmp_path / "m.pt2").write_bytes(
        zip_of("serialized_exported_program.json", "serialized_state_dict.json", "version")
    )
    assert file_format_of(tmp_path / "m.pt2") == "exported_program"


@pytest.mark.parametrize("part", [0.01, 0.3, 0.7, 0.99])
def test_a_zip_that_is_cut_is_told_to_be_copied_anew(tmp_path, part):
    whole = READABLE["torch"]()
    (tmp_path / "m.pt").write_bytes(whole[: max(30, int(part * len(whole)))])
    assert file_format_of(tmp_path / "m.pt") == "cut_zip"
    with refused(InputError, "cut short", "copy the file anew"):
        read_checkpoint(tmp_path / "m.pt")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, ("a directory, without a config.json and without a file of weights", "check --checkpoint")),
        ({"best.pt": b"x", "last.ckpt": b"x"}, ("it holds best.pt, last.ckpt", "best.pt")),
        ({"saved_model.pb": b"x"}, ("a TensorFlow model",)),
        ({"archive/data.pkl": b"x"}, ("unpacked into a folder",)),
        ({"data.pkl": b"x", "version": b"3"}, ("unpacked into a folder",)),
        ({".metadata": b"x", "__0_0.distcp": b"x"}, ("a sharded checkpoint", "dcp_to_torch")),
    ],
)
def test_a_folder_without_weights_is_told_what_it_is(tmp_path, files, told):
    for name, content in files.items():
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(content)
    (tmp_path / "d").mkdir(exist_ok=True)
    with refused(InputError, f"checkpoint {tmp_path / 'd'}", *told):
        read_checkpoint(tmp_path / "d")


def test_a_newer_torch_is_named_as_the_cause(tmp_path):
    """A zip of a version to come, and a type of numbers that this torch does not have."""
    for version, pickled in (
        ("999", pickle.dumps({}, 2)),
        ("3", b"\x80\x02}X\x01\0\0\0ac" + b"torch\nfloat3_e1m1\ns."),
    ):
        with zipfile.ZipFile(tmp_path / "c.pt", "w") as archive:
            for name, content in {"data.pkl": pickled, "version": version, "byteorder": "little"}.items():
                archive.writestr(f"c/{name}", content)
        with refused(InputError, f"newer PyTorch than this one ({torch.__version__})", "update torch"):
            read_checkpoint(tmp_path / "c.pt")


def test_another_protocol_is_named_as_the_cause(tmp_path):
    torch.save(WEIGHTS, tmp_path / "c.pt", pickle_protocol=4)
    with refused(InputError, "pickle_protocol=4, where torch.save's own is 2"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_whole_model_is_named_as_the_cause(tmp_path, zipped):
    torch.save(Tiny(), tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
    with refused(InputError, "a whole pickled model, not its weights", "torch.nn.modules.linear.Linear", "state_dict"):
        read_checkpoint(tmp_path / "c.pt")


def test_an_export_of_fastai_is_told_how_to_save_the_weights(tmp_path):
    """As learn.export writes it: torch.save of the Learner. fastai is not installed; the names are what matters."""
    pickled = b"\x80\x02cfastai.learner\nLearner\n)\x81}X\x01\0\0\0aK\x01sb."
    with zipfile.ZipFile(tmp_path / "export.pkl", "w") as archive:
        for name, content in {"data.pkl": pickled, "version": "3", "byteorder": "little"}.items():
            archive.writestr(f"export/{name}", content)
    with refused(InputError, "an export of fastai (learn.export)", "learn.save"):
        read_checkpoint(tmp_path / "export.pkl")


def test_weights_saved_by_learn_save_are_found(tmp_path):
    torch.save(
        {"model": WEIGHTS, "opt": {"hypers": [{"lr": 0.1}], "state": [{"x": torch.ones(9)}]}}, tmp_path / "m.pth"
    )
    found = read_checkpoint(tmp_path / "m.pth")
    assert (set(found.weights), found.wrapper) == (set(WEIGHTS), "model")
