"""findings.json of `tests.known_run` as it must be, worked out outside the package: by hand, scikit-learn and scipy."""

import numpy as np
from sklearn import metrics

from tests import known_run, outside
from tests.known_changes import Says, comparison, gate
from tests.known_run import CLASSES, COUNTS, IDS, PREDS, SIZES, SPECIES, TARGETS, N, probs, rows_of

RIGHT = COUNTS.diagonal()


def scores():
    found = metrics.precision_recall_fscore_support(TARGETS, PREDS)
    same = np.array(SPECIES)
    return {
        "n": N,
        "correct": 185,
        "accuracy": 185 / 223,
        "accuracy_ci": outside.wilson(185, 223),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(TARGETS, PREDS)),
        "macro_f1": float(metrics.f1_score(TARGETS, PREDS, average="macro")),
        "top5_accuracy": float(metrics.top_k_accuracy_score(TARGETS, probs(), k=5)),
        "species_accuracy": float(metrics.accuracy_score(same[TARGETS], same[PREDS])),
        "per_class": [
            {
                "class": CLASSES[k],
                "species": SPECIES[k],
                "n": int(SIZES[k]),
                "correct": int(RIGHT[k]),
                "precision": float(found[0][k]),
                "recall": float(found[1][k]),
                "f1": float(found[2][k]),
            }
            for k in range(6)
        ],
    }


def pairs():
    """In the order of the lower ends. The first three are evident, so 5 errors in 892 chances are what is scattered."""
    rows = []
    for a, b in ((2, 3), (5, 4), (1, 0), (5, 3), (1, 4), (0, 2), (3, 1)):
        errors, n = int(COUNTS[a, b] + COUNTS[b, a]), int(SIZES[a] + SIZES[b])
        evident = len(rows) < 3
        scattered = (5, 892) if evident else (5 - errors, 892 - n)
        rows.append(
            {
                "rank": len(rows) + 1,
                "a": CLASSES[a],
                "b": CLASSES[b],
                "a_as_b": int(COUNTS[a, b]),
                "b_as_a": int(COUNTS[b, a]),
                "n_a": int(SIZES[a]),
                "n_b": int(SIZES[b]),
                "rate": errors / n,
                "rate_ci": outside.wilson(errors, n),
                "impact": errors / 223,
                "p_value": outside.at_least(errors, n, scattered[0] / scattered[1]),
                "significant": evident,
                "p_scatter": outside.at_least(errors, n, scattered[0] / scattered[1]),
                "evident": evident,
                "direction": "mutual" if evident else "one_way",
            }
        )
    lower = [row["rate_ci"][0] for row in rows]
    assert lower == sorted(lower, reverse=True)
    return rows


def cross_species():
    """Two pugs as Siamese and a Bengal as beagle, least mass on the own species first."""
    found, cat = [], np.array([True] * 4 + [False] * 2)
    for row in (*rows_of(5, 3), *rows_of(1, 4)):
        own = cat if TARGETS[row] < 4 else ~cat
        found.append(
            {
                "sample_id": IDS[row],
                "path": f"data/{IDS[row]}.jpg",
                "target": CLASSES[TARGETS[row]],
                "pred": CLASSES[PREDS[row]],
                "target_species": "cat" if TARGETS[row] < 4 else "dog",
                "pred_species": "dog" if TARGETS[row] < 4 else "cat",
                "confidence": float(probs()[row].max()),
                "prob_species": float(probs()[row, own].sum()),
            }
        )
    return sorted(found, key=lambda one: one["prob_species"])


def panels():
    """As `tests.synthetic` and `known_run` make the maps, by the number of the example."""
    made = []
    for number, one in enumerate(known_run.attributions().examples):
        row, right = one.example.idx, PREDS[one.example.idx] == TARGETS[one.example.idx]
        random = (0.3, 0.31, 0.29, 0.3) if number % 2 else (0.45, 0.55, 0.5, 0.48)
        standing = "contradicted" if number % 5 == 4 else "supported" if number % 2 else "not_distinguishable"
        judged = {
            "insertion": 0.12 if number % 5 == 4 else 0.62,
            "insertion_random": list(random),
            "insertion_by_chance": [float(end) for end in outside.one_more(random)],
            "deletion": 0.21,
            "better_than_random": number % 5 != 4,
            "energy_on_object": 0.6,
            "object_area": 0.3,
            "peak_on_object": False,
        }
        pred, true = CLASSES[PREDS[row]], CLASSES[TARGETS[row]]
        noise = float(np.random.default_rng(number).random((64, 64)).astype(np.float32).max())
        layered = {"target_layer": "layer4", "peak": 0.5, "standing": standing, **judged}
        maps = [{"name": "grad_cam", "class": pred, "rival": None, **layered}]
        if not right:
            cold = {**dict.fromkeys(judged), "target_layer": "layer4", "peak": 0.0, "standing": "no_evidence"}
            maps.append({"name": "grad_cam", "class": true, "rival": None, **cold})
            maps.append({"name": "contrast", "class": pred, "rival": true, **layered})
        pixels = {"target_layer": None, "peak": noise, "standing": "fails_randomisation", **judged}
        maps.append({"name": "smooth_grad", "class": pred, "rival": None, **pixels})
        made.append({"sample_id": IDS[row], "reason": one.example.reason, "methods": maps})
    return made


def _traits(title, paper, explains, *, of_layer=False, localises=False):
    """What a method says of itself; those of a layer lie over the picture, on one scale."""
    return {
        "title": title,
        "description": Says(paper),
        "explains": explains,
        "at": "layer" if of_layer else "pixels",
        "overlay": of_layer,
        "scale": "channel_weights" if of_layer else "",
        "localises": localises,
    }


TRAITS = {
    "grad_cam": _traits("Grad-CAM", "Selvaraju", "predicted_and_rival", of_layer=True, localises=True),
    "contrast": _traits("Contrast", "minus", "predicted_against_rival", of_layer=True),
    "smooth_grad": _traits("SmoothGrad", "Smilkov", "predicted"),
    "deep_lift": _traits("DeepLIFT", "Shrikumar", "predicted"),
}


def explanation():
    tests = zip(
        ("grad_cam", "contrast", "smooth_grad"),
        ((0.12, 0.23, 0.19), (0.35, 0.61, 0.52), (0.81, 0.83, 0.88)),
        ("pass", "borderline", "fail"),
        strict=True,
    )
    last = known_run.findings().examples[-1].idx
    return {
        "options": {
            "methods": ["grad_cam", "contrast", "smooth_grad"],
            "seed": 0,
            "batch_size": 16,
            "smooth_grad_samples": 50,
            "noise_frac": 0.15,
            "insertion_steps": 8,
            "random_maps": 8,
            "certificate_pictures": 12,
            "focus_pictures": 200,
        },
        "methods": [
            {"name": "grad_cam", "layer": "layer4", "settings": {}, "adjusted": {}, "traits": TRAITS["grad_cam"]},
            {"name": "contrast", "layer": "layer4", "settings": {}, "adjusted": {}, "traits": TRAITS["contrast"]},
            {
                "name": "smooth_grad",
                "layer": "",
                "settings": {"n_samples": 50, "noise_frac": 0.15},
                "adjusted": {},
                "traits": TRAITS["smooth_grad"],
            },
        ],
        "refused": [
            {"name": "deep_lift", "reason": "other_activations", "detail": "GELU", "traits": TRAITS["deep_lift"]}
        ],
        "certificates": [
            {
                "method": name,
                "correlation": {"head": 0.61 + at / 100, "upper_half": 0.31 + at / 100, "all": 0.11 + at / 100},
                "n_pictures": 7 + at,
                "by_picture": list(pictures),
                "interval": [float(end) for end in outside.mean_ends(pictures)],
                "outcome": outcome,
            }
            for at, (name, pictures, outcome) in enumerate(tests)
        ],
        "precision": [{"method": "grad_cam", "correlation": [0.97, 0.93]}],
        "switched": {"smooth_grad": ["cudnn.deterministic: True"]},
        "gone": [{"sample_id": IDS[last], "reason": "unreadable", "detail": "the file is empty"}],
        # Of the first 40 rows 31 to 36 are errors; off the object is every fourth row.
        "peak_off_object": {
            name: {
                "n_rows": n,
                "n": n,
                "n_off": n_off,
                "share": n_off / n,
                "share_ci": outside.wilson(n_off, n),
                "energy": 0.7,
                "area": 0.4,
            }
            for name, n, n_off in (("errors", 6, 2), ("hits", 34, 8))
        },
    }


def document():
    """findings.json as it must be."""
    return {
        "schema_version": 1,
        "run_id": "20261123T081500000Z-1a2b3c4d",
        "created_at": "2026-11-23T08:15:00+00:00",
        "language": "en",
        "languages": ["en", "ja"],
        "model": {
            "name": "pets",
            "arch": "resnet18",
            "checkpoint_sha256": "0" * 64,
            "n_params": 4321,
            "target_layer": "layer4",
            "weights_prefix": "module.",
            "weights_left_out": ["ema.weight", "loss.centres"],
        },
        "data": {
            "name": "synthetic",
            "split": "test",
            "n_samples": 223,
            "n_classes": 6,
            "n_unreadable": 1,
            "unreadable": [{"sample_id": "gone_0", "reason": "the file is empty (0 bytes)"}],
            "fingerprint": "f" * 64,
            "notice": "drawn for tests",
            "passed_over": {"macos": 12, "hidden": 5},
            "same_files": [
                {"sample_ids": [IDS[33], IDS[90]], "several_labels": True},
                {"sample_ids": [IDS[6], IDS[7]], "several_labels": False},
            ],
            "n_turned": 5,
            "n_turned_wrong": 2,
        },
        "scores": scores(),
        "confusion": {
            "classes": CLASSES,
            "counts": metrics.confusion_matrix(TARGETS, PREDS).tolist(),
            "cells": [[i, j, int(COUNTS[i, j])] for i in range(6) for j in range(6) if COUNTS[i, j]],
        },
        "pairs": pairs(),
        "groups": [
            {"classes": ["Birman", "Siamese"], "errors": 17, "impact": 17 / 223},
            {"classes": ["beagle", "pug"], "errors": 11, "impact": 11 / 223},
            {"classes": ["Abyssinian", "Bengal"], "errors": 5, "impact": 5 / 223},
        ],
        "cross_species": cross_species(),
        "panels": panels(),
        "explanation": explanation(),
        "comparison": comparison(),
        "gate": gate(),
        "taxonomy": {"source": "data set", "reason": None, "species": dict(zip(CLASSES, SPECIES, strict=True))},
        "class_names_from": "checkpoint",
        "class_order": {"accuracy": 185 / 223, "best_accuracy": 185 / 223, "suspicious": False},
        "preprocessing": {
            "resize_px": 256,
            "crop_px": 224,
            "fit": "shorter_side",
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "interpolation": "bilinear",
            "exif": "ignore",
            "channels": 3,
            "sources": {"mean": "configuration", "std": "checkpoint"},
        },
        "outputs": {
            "numbers": "probabilities",
            "place": ["logits", 1],
            "program": None,
            "remark": "batch_dependent",
        },
        "calibration": {"ece": known_run.ece(), "n_bins": 15},
        "compute": {
            "argmax_check": {"n": 64, "n_differ": 3},
            "device": "cuda:1",
            "device_name": "NVIDIA H100",
            "precision": "bf16",
            "n_threads": 5,
            "deterministic": False,
            "torch_version": "2.11.0",
            "software": {"torchvision": "0.26.0", "Pillow": "12.1"},
            "arithmetic": {"cudnn.benchmark": "False"},
            "switched": ["cuda.matmul.allow_tf32: True"],
        },
    }
