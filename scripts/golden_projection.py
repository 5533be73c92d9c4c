#!/usr/bin/env python3
"""Projects points with scikit-learn and umap-learn and writes the results to tests/golden/projection.json.

    pip install scikit-learn umap-learn scipy && python scripts/golden_projection.py

The points come from an integer generator, so that tests/projection.rs makes the same ones, bit for bit.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy
import sklearn
import umap
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "projection.json"


def uniform(seed: int):
    """Knuth's linear congruential generator, 53 bits of it as a value from 0 to 1."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 11) / 2**53


def clusters(n: int, c: int) -> np.ndarray:
    """n points of c coordinates in 12 overlapping clusters, with more variance in the first coordinates than in the last."""
    random = uniform(7)
    centres = [[next(random) for _ in range(c)] for _ in range(12)]
    points = [
        [(centres[i % 12][j] + next(random) + next(random)) / (1 + j / 8) for j in range(c)] for i in range(n)
    ]
    return np.array(points).astype(np.float32).astype(np.float64)


def short(array) -> list:
    return [[float(f"{x:.12g}") for x in row] for row in np.atleast_2d(array)]


def pca(points: np.ndarray, dims: int) -> dict:
    found = PCA(n_components=dims, svd_solver="full")
    projected = found.fit_transform(points)
    return {
        "components": short(found.components_),
        "explained_variance": short(found.explained_variance_ratio_)[0],
        "points": short(projected[:12]),
        "trustworthiness": float(trustworthiness(points, projected[:, :2], n_neighbors=5)),
    }


def main() -> None:
    points = clusters(360, 40)
    tsne = TSNE(n_components=2, init="pca", random_state=0).fit_transform(points)
    layouts = umap.UMAP(n_components=2, random_state=0).fit_transform(points)
    tsne3 = TSNE(n_components=3, init="pca", random_state=0).fit_transform(points)
    umap3 = umap.UMAP(n_components=3, random_state=0).fit_transform(points)
    a, b = points[:20, :3] - points[:20, :3].mean(0), points[20:40, :3] - points[20:40, :3].mean(0)
    golden = {
        "made_by": f"scripts/golden_projection.py, scikit-learn {sklearn.__version__}, "
        f"umap-learn {umap.__version__}, scipy {scipy.__version__}",
        "sum": float(points.sum()),
        "pca": {"tall": pca(points, 3), "wide": pca(points[:30], 3)},
        "trustworthiness": {
            "tsne": {"2": float(trustworthiness(points, tsne)), "3": float(trustworthiness(points, tsne3))},
            "umap": {"2": float(trustworthiness(points, layouts)), "3": float(trustworthiness(points, umap3))},
        },
        "aligned": short(a @ orthogonal_procrustes(a, b)[0] + points[20:40, :3].mean(0)),
    }
    GOLDEN.write_text(json.dumps(golden) + "\n")
    print(json.dumps({key: golden[key] for key in ["made_by", "sum", "trustworthiness"]}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
