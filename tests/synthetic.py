"""Predictions and attributions for any confusion matrix, without a model."""

from dataclasses import asdict, replace
from datetime import date

import numpy as np

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext, analyse
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History, PastRun, surroundings
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.predictions import Predictions, UnreadableImage
from reportgen.explain.attribution_method import attribution_method
from reportgen.explain.attributions import Attributions, ExplainedExample
from reportgen.explain.checks.insertion_deletion import Faithfulness
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.checks.run_localisation import FocusRow
from reportgen.explain.maps import AttributionMap
from reportgen.explain.method_traits import MethodUse, Refusal
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.classes import ClassAlignment
from reportgen.inputs.facts import DataFacts, ModelFacts, RunFacts
from reportgen.inputs.images.preprocessing import Preprocessing
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
        UnreadableImage(
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
        sha256=tuple(f"{row:064x}" for row in range(len(ids))),
        targets=targets.astype(np.int64),
        logits=logits,
        unreadable=gone,
        fingerprint="f" * 64,
    )


TODAY = date(2026, 11, 23)
FIRST_NIGHT = RunContext(today=TODAY, history=History(), rules=GateRules())


def findings_of(counts, *, history=None, rules=None, **options):
    """Their findings, of a first night without rules unless given."""
    night = replace(FIRST_NIGHT, history=history or History(), rules=rules or GateRules())
    return analyse(predictions_of(counts, **options), ExampleRule(), night)


def past_run_of(predictions, preds=None, *, run_id="20261122T080000000Z-00000000", **changed):
    """An archived run on the same images, with other predictions (N,) if given; `changed` replaces other fields."""
    facts = predictions.facts
    return PastRun(
        **{
            "run_id": run_id,
            "created_at": "2026-11-22T08:00:00+00:00",
            "fingerprint": predictions.fingerprint,
            "checkpoint_sha256": "1" * 64,
            "precision": "fp32",
            "classes": facts.classes,
            "preprocessing": facts.preprocessing,
            "sample_ids": predictions.sample_ids,
            "sha256": predictions.sha256,
            "targets": predictions.targets,
            "surroundings": surroundings(asdict(predictions.compute)),
            "recorded": bool(predictions.compute.software),
            "preds": predictions.preds() if preds is None else np.asarray(preds, dtype=np.int64),
        }
        | changed
    )


def use_of(name, *, layer="", **settings):
    """The built-in method `name` as a run stores that it was used."""
    return MethodUse(name=name, layer=layer, settings=settings, adjusted={}, traits=attribution_method(name).traits)


def attributions_of(findings, *, masks=True):
    """A warm corner for the predicted class and nothing for the true one, for every example; every second map is not
    distinguishable from random ones, and SmoothGrad failed its randomisation test."""
    predictions = findings.predictions
    preds = predictions.preds()
    made = []
    for number, example in enumerate(findings.examples):
        crop = np.random.default_rng(number).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        target = int(predictions.targets[example.idx])
        classes = list(dict.fromkeys((int(preds[example.idx]), target)))
        random = (0.3, 0.31, 0.29, 0.3) if number % 2 else (0.45, 0.55, 0.5, 0.48)
        faithful = Faithfulness(insertion=0.5, deletion=0.2, random=random)
        numbers = {"faithfulness": faithful, "focus": Focus(energy=0.6, area=0.3, hit=False) if masks else None}
        warm = np.array([[0, 0], [0, 0.5]], dtype=np.float32)
        maps = [AttributionMap(method="grad_cam", class_idx=classes[0], layer="layer4", values=warm, **numbers)]
        if len(classes) > 1:
            cold = np.zeros((2, 2), dtype=np.float32)
            maps.append(AttributionMap(method="grad_cam", class_idx=target, layer="layer4", values=cold))
            rivals = {"class_idx": classes[0], "rival_idx": target}
            maps.append(AttributionMap(method="contrast", layer="layer4", values=warm, **rivals, **numbers))
        noise = np.random.default_rng(number).random((64, 64)).astype(np.float32)
        maps.append(AttributionMap(method="smooth_grad", class_idx=classes[0], layer="", values=noise, **numbers))
        made.append(ExplainedExample(example=example, crop=crop, maps=tuple(maps)))
    right = preds == predictions.targets
    return Attributions(
        examples=tuple(made),
        options=ExplainOptions(),
        methods=(
            use_of("grad_cam", layer="layer4"),
            use_of("contrast", layer="layer4"),
            use_of("smooth_grad", n_samples=50, noise_frac=0.15),
        ),
        refusals=(
            Refusal(
                name="deep_lift",
                reason="other_activations",
                detail="GELU",
                traits=attribution_method("deep_lift").traits,
            ),
        ),
        randomization_tests=(
            RandomizationTest(
                method="grad_cam", correlation={"head": 0.1, "upper_half": -0.2, "all": 0.0}, n_pictures=3
            ),
            RandomizationTest(
                method="contrast", correlation={"head": None, "upper_half": None, "all": 0.1}, n_pictures=3
            ),
            RandomizationTest(
                method="smooth_grad", correlation={"head": 0.9, "upper_half": 0.7, "all": 0.3}, n_pictures=3
            ),
        ),
        focus=tuple(
            FocusRow(idx=idx, correct=bool(right[idx]), focus=Focus(energy=0.7, area=0.4, hit=idx % 4 > 0))
            for idx in range(min(len(preds), 40))
        )
        if masks
        else (),
    )
