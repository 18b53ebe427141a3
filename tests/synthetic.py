"""Predictions and attributions for any confusion matrix, without a model."""

import numpy as np

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.evaluate.device import Compute
from reportgen.evaluate.predictions import Predictions, Unreadable
from reportgen.explain.attributions import Attribution, Attributions, ExplainOptions, HeatValues
from reportgen.inputs.classes import ClassAlignment
from reportgen.inputs.images import Preprocessing
from reportgen.inputs.run_inputs import DataFacts, ModelFacts, RunFacts
from reportgen.inputs.taxonomy import Taxonomy


def facts_of(classes, species=(), notice=None, n_listed=0):
    """Plain facts about a model and a data set that never were."""
    return RunFacts(
        model=ModelFacts(
            name="m",
            arch="resnet18",
            checkpoint_file="c.pt",
            checkpoint_sha256="0" * 64,
            checkpoint_wrapper="",
            epoch=None,
            n_params=1000,
            target_layer=None,
        ),
        data=DataFacts(name="synthetic", split="test", root="data", n_listed=n_listed, notice=notice),
        alignment=ClassAlignment(
            classes=tuple(classes), output_idx=tuple(range(len(classes))), without_images=(), named_by="checkpoint"
        ),
        taxonomy=Taxonomy(
            species=tuple(species), source="data set" if species else "", reason="" if species else "none given"
        ),
        preprocessing=Preprocessing(),
        preprocessing_source="checkpoint",
        own_notes=None,
    )


def predictions_of(counts, *, classes=None, species=(), notice=None, unreadable=0, stem="image"):
    """Predictions whose confusion matrix is `counts`; the predicted logit is 2, the true one 1, the others 0."""
    n_classes = len(counts)
    names = classes or [f"class_{k:03d}" for k in range(n_classes)]
    targets = np.repeat(np.arange(n_classes), np.asarray(counts).sum(axis=1))
    preds = np.concatenate([np.repeat(np.arange(n_classes), row) for row in np.asarray(counts)])
    rows = np.arange(len(targets))
    logits = np.zeros((len(targets), n_classes), dtype=np.float32)
    logits[rows, targets] = 1
    logits[rows, preds] = 2
    ids = tuple(f"{stem}_{row:05d}" for row in rows)
    gone = tuple(
        Unreadable(
            sample_id=f"gone_{k}", path=f"data/gone_{k}.jpg", label=names[0], reason="the file is empty (0 bytes)"
        )
        for k in range(unreadable)
    )
    return Predictions(
        facts=facts_of(names, species, notice, n_listed=len(ids) + unreadable),
        compute=Compute(
            device="cpu", device_name="test", precision="fp32", n_threads=1, deterministic=True, torch_version="2"
        ),
        sample_ids=ids,
        paths=tuple(f"data/{name}.jpg" for name in ids),
        sha256=tuple("0" * 64 for _ in ids),
        targets=targets.astype(np.int64),
        logits=logits,
        unreadable=gone,
        fingerprint="f" * 64,
    )


def findings_of(counts, **options):
    """Their findings."""
    return analyse(predictions_of(counts, **options), ExampleRule())


def attributions_of(findings):
    """A warm corner for the predicted class and nothing for the true one, for every example."""
    predictions = findings.predictions
    preds = predictions.preds()
    made = []
    for number, example in enumerate(findings.examples):
        crop = np.random.default_rng(number).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        classes = dict.fromkeys((int(preds[example.idx]), int(predictions.targets[example.idx])))
        maps = [
            HeatValues(
                method="grad_cam", class_idx=k, target_layer="layer4", values=np.full((2, 2), value, dtype=np.float32)
            )
            for k, value in zip(classes, (0.5, 0.0), strict=False)
        ]
        made.append(Attribution(example=example, crop=crop, maps=tuple(maps)))
    return Attributions(examples=tuple(made), target_layer="layer4", options=ExplainOptions())
