"""Merged weights are what the papers' formulas say, computed here in numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.trainer.conftest import done, factory

pytestmark = [pytest.mark.slow]


@pytest.fixture
def other(tiny: Callable[[str], Path], tmp_path: Path) -> Path:
    """The tiny Mistral with every weight moved by a little."""
    import shutil

    base = tiny("BioMistral-7B") / "BioMistral-7B"
    folder = Path(shutil.copytree(base, tmp_path / "other"))
    draw = np.random.default_rng(5)
    weights = {key: value + draw.normal(0, 0.01, value.shape).astype(np.float32)
               for key, value in load_file(base / "model.safetensors").items()}  # fmt: skip
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _merged(place: Path, other: Path, out: Path, *settings: str) -> dict[str, np.ndarray]:
    words = [word for one in settings for word in ("--set", one)]
    done(
        place,
        "train",
        "merge",
        "--model",
        "BioMistral-7B",
        "--set",
        f'merge.with_models=["{other}"]',
        *words,
        "--out",
        out,
    )
    found: dict[str, np.ndarray] = {}
    for file in (out / "merge/model").glob("*.safetensors"):
        found |= load_file(file)
    return found


def test_ties_dare_and_slerp(tiny: Callable[[str], Path], other: Path, tmp_path: Path) -> None:
    """TIES keeps the larger half of each difference; DARE a random half, doubled; SLERP turns from one to the other."""
    place = tiny("BioMistral-7B")
    base, moved = (load_file(f / "model.safetensors") for f in (place / "BioMistral-7B", other))
    names = [name for name in base if "proj" in name]
    ties = _merged(place, other, tmp_path / "ties", "merge.method=ties")
    dare = _merged(place, other, tmp_path / "dare", "merge.method=dare_ties")
    slerp = _merged(place, other, tmp_path / "slerp", "merge.method=slerp", "merge.t=[0.5]")
    for name in names:
        delta = moved[name] - base[name]
        # Yadav et al. 2023 (arXiv:2306.01708): trim by size, elect the sign, mean; of one difference that is itself.
        bound = np.quantile(np.abs(delta), 0.5)
        clear = np.abs(np.abs(delta) - bound) > 1e-5
        wanted = base[name] + np.where(np.abs(delta) > bound, delta, 0)
        assert np.allclose(ties[name][clear], wanted[clear], atol=2e-6), name
        # Yu et al. 2024 (arXiv:2311.03099): drop at random, scale what is left by 1 / density; weight one half.
        got = dare[name] - base[name]
        kept = np.abs(got) > 1e-9
        assert 0.45 < kept.mean() < 0.55, name
        # mergekit scales so that the sum of sizes is kept, which is 1 / density but for the draw.
        scale = (got[kept] / delta[kept])[np.abs(delta[kept]) > 1e-3]
        assert scale.std() < 1e-3, name
        assert scale.mean() == pytest.approx(1.0, abs=0.05), name
        # Shoemake 1985, along the whole tensor as mergekit has it, which goes straight where they are all but parallel.
        a, b = base[name].ravel().astype(np.float64), moved[name].ravel().astype(np.float64)
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert cosine < 0.999, name
        angle = np.arccos(cosine)
        turned = np.sin(0.5 * angle) / np.sin(angle) * (a + b)
        assert np.abs(slerp[name].ravel() - turned).max() < 2e-6, name


def test_what_cannot_be_merged(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """Models of two shapes end with mergekit's own words, not with a half-made folder."""
    place, strange = tiny("BioMistral-7B"), tiny("OLMo-1B") / "OLMo-1B"
    found = factory(place, "train", "merge", "--model", "BioMistral-7B", "--set", f'merge.with_models=["{strange}"]', "--out",
                    tmp_path / "run")  # fmt: skip
    assert found.returncode == 1
    assert "mergekit" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "run/merge/model").exists()
