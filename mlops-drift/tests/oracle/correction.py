"""Makes tests/data/correction.json: what scipy and statsmodels make of generated p-values.

Run with the packages of requirements-correction.txt: python tests/oracle/correction.py
Each list is reduced to one number, the sum of its adjusted p-values by weights 1 to 2, and the number of rejections at
5 %: every p-value has its part in it.
"""
import json
import pathlib

import numpy as np
from samples import bits, uniforms
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests


def p_values(i):
    """1 to 60 p-values, small in most lists, tied in every third, with 0 and 1 in some."""
    w = bits(700000 + i, 2)
    n = 1 + int(w[0] % np.uint64(60))
    p = uniforms(710000 + i, n)
    kind = int(w[1] % np.uint64(4))
    if kind == 1:
        p = p * p * p * p * p * p
    elif kind == 2:
        p = np.floor(p * 20.0) / 20.0
    elif kind == 3:
        p = p * (np.arange(n) + 1.0) / (n * 8.0)
    return p


out = []
for i in range(320):
    p = p_values(i)
    weights = uniforms(720000 + i, len(p)) + 1.0
    row = []
    for method, control in [("bonferroni", None), ("holm", None), ("fdr_bh", "bh"), ("fdr_by", "by")]:
        rejected, adjusted = multipletests(p, 0.05, method)[:2]
        if control:
            assert np.allclose(adjusted, false_discovery_control(p, method=control), rtol=1e-14, atol=0)
        row += [float(np.sum(weights * adjusted)), int(rejected.sum())]
    out.append(row)
path = pathlib.Path(__file__).parent.parent / "data" / "correction.json"
path.write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in out) + "\n]\n")
