"""What is said of a file that is no checkpoint: what it is, as far as its content tells, and what to do about it."""

from pathlib import Path

from reportgen.errors import InputError
from reportgen.inputs.checkpoints.checkpoint import RESAVE
from reportgen.inputs.checkpoints.kinds import FileFormat
from reportgen.plain_text import named

EXPECTED = "weights, whole: a file of torch.save, a .safetensors file, or a folder that timm or Hugging Face saved"
_DOWNLOAD = "download the file itself: with curl -L --fail, or from the page's download link"
_FROM_ITS_PROGRAM = "load it with the program that wrote it, copy the weights into the torch model, and " + RESAVE

_REFUSALS: dict[FileFormat, tuple[str, str]] = {
    "git_lfs": (
        "a Git LFS pointer: the text that stands for the file in a checkout without Git LFS",
        "fetch the file itself: git lfs install, then git lfs pull (in CI: a checkout with LFS, such as lfs: true)",
    ),
    "git_annex": ("a git-annex pointer, not the file", "fetch the file itself: git annex get FILE"),
    "dvc": ("a DVC pointer (a .dvc text), not the file", "fetch the file itself: dvc pull, and name the file"),
    "html": ("an HTML page: most likely the page of a failed or unfinished download", _DOWNLOAD),
    "xml": ("an XML text: most likely a storage server's error message", f"read it, then {_DOWNLOAD}"),
    "json": ("a JSON text: settings or a server's message, no weights", f"name the file of weights, or {_DOWNLOAD}"),
    "text": ("a text", f"name the file of weights, or {_DOWNLOAD}"),
    "empty": ("an empty file (0 bytes)", "copy or save the file anew; look whether the disk was full"),
    "zeros": ("nothing but zeros at its start: a file that was never written to its end", "copy the file anew"),
    "cut_zip": (
        "the beginning of a file of torch.save without its end: it is cut short, or was damaged on the way",
        "copy the file anew and compare its size or hash with the original's",
    ),
    "zip": ("a zip archive, but none of torch.save", "unpack it, and name the file of weights inside"),
    "tar": ("a tar archive", "unpack it, and name the file of weights inside"),
    "compressed": ("a compressed file", "unpack it, and name the file of weights inside"),
    "torch_tar": (
        "the tar format of torch.save before PyTorch 0.1.10, which cannot be read without running its pickle",
        "load it once, where you trust it, and save it anew: torch.save(torch.load(f, weights_only=False), f)",
    ),
    "torchscript": ("a TorchScript archive (torch.jit.save), a program and not its weights", RESAVE),
    "exported_program": ("an exported program (torch.export.save, .pt2) and not its weights", RESAVE),
    "torch_package": ("a torch.package archive, which holds code", RESAVE),
    "torchserve": ("a TorchServe archive (.mar)", "unpack it, and name the file of weights inside"),
    "torch_unpacked": (
        "a file of torch.save that was unpacked into a folder (some programs open a .pth as they do any zip)",
        "name the file as it was before, or download it again",
    ),
    "npy": ("a NumPy array", "name the file of weights; of arrays, make a state_dict with torch.from_numpy"),
    "npz": ("NumPy arrays (.npz)", "make a state_dict of them with torch.from_numpy, and " + RESAVE),
    "hdf5": ("an HDF5 file: a Keras model, most likely", _FROM_ITS_PROGRAM),
    "keras": ("a Keras model", _FROM_ITS_PROGRAM),
    "tensorflow": ("a TensorFlow model", _FROM_ITS_PROGRAM),
    "tflite": ("a TensorFlow Lite model", _FROM_ITS_PROGRAM),
    "onnx": (
        "an ONNX model, which this program does not run",
        "name the checkpoint that it was exported from, or " + RESAVE,
    ),
    "gguf": ("a GGUF file (llama.cpp)", "name the checkpoint that it was converted from"),
    "coreml": ("a Core ML model", "name the checkpoint that it was converted from"),
    "image": ("an image", "name the file of weights; images belong to --data-root"),
    "sharded_torch": (
        "a sharded checkpoint (torch.distributed.checkpoint, FSDP or DeepSpeed)",
        "join it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIR FILE, or zero_to_fp32.py",
    ),
}


def unreadable_checkpoint(path: Path, kind: FileFormat) -> InputError:
    """The error for a file or folder of a kind that holds no weights that this program reads."""
    if kind == "folder":
        found, todo = _folder(path)
    elif kind == "unknown":
        with path.open("rb") as file:
            found = f"no checkpoint that is known: the first bytes are {file.read(8).hex(' ')}"
        todo = "name the file of weights, or copy it anew; " + RESAVE
    elif kind == "text":
        with path.open("rb") as file:
            line = file.read(400).decode("utf-8-sig", errors="replace").strip().splitlines()[0][:80]
        found, todo = f"a text: {line!r}", _REFUSALS[kind][1]
    else:
        found, todo = _REFUSALS[kind]
    return InputError(f"checkpoint {path}", found=found, expected=EXPECTED, todo=todo)


def _folder(path: Path) -> tuple[str, str]:
    weights = sorted(child.name for child in path.iterdir() if child.suffix in (".pt", ".pth", ".ckpt", ".safetensors"))
    if weights:
        return f"a directory, without a config.json; it holds {named(weights, most=5)}", (
            f"name one of its files: --checkpoint {path / weights[0]}"
        )
    return "a directory, without a config.json and without a file of weights", "check --checkpoint"
