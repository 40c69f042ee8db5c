"""Makes tests/data/logistic.json: what scikit-learn fits where mlops-serve's logistic regression is fitted.

pip install scikit-learn==1.9.1 numpy==2.4.6 && python tests/oracle/logistic.py > tests/data/logistic.json
"""

import json

import numpy
from sklearn.linear_model import LogisticRegression

numpy_generator = numpy.random.default_rng(20250728)
rows = 120
values = numpy_generator.normal(size=(rows, 5)).round(3)
cases = []
# Shifted so that label 1 is the rarer one in the first cases and the more frequent one in the others.
for shift in (-0.8, 0.9):
    odds = values @ numpy.array([1.5, -2.0, 0.0, 0.5, 0.25]) + shift
    labels = (numpy_generator.random(rows) < 1 / (1 + numpy.exp(-odds))).astype(int)
    for alpha in (0.1, 1.0, 10.0):
        # Newton's method to the end: the sum of losses and alpha / 2 |w|^2, scaled by C = 1 / alpha.
        model = LogisticRegression(C=1 / alpha, solver="newton-cholesky", tol=1e-14, max_iter=1000)
        model.fit(values, labels)
        cases.append(
            {
                "alpha": alpha,
                "labels": labels.tolist(),
                "weights": model.coef_[0].tolist(),
                "intercept": model.intercept_[0].item(),
                "probabilities": model.predict_proba(values[:10])[:, 1].tolist(),
            }
        )
print(json.dumps({"values": values.tolist(), "cases": cases}))
