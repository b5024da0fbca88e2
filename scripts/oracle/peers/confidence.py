"""confidence.py OUT - posteriors of labels by crowd-kit (Toloka, Apache-2.0), for the test of cmd/internal/dawidskene. peers.sh calls it."""

import importlib.metadata
import json
import random
import sys

import pandas
from crowdkit.aggregation import DawidSkene

r = random.Random(1979)
cases = []
for labels, items, skills in ((2, 60, (0.9, 0.8, 0.7, 0.6, 0.55)), (3, 80, (0.9, 0.85, 0.7, 0.6, 0.5, 0.35)), (3, 25, (0.95, 0.4, 0.8))):
    answers = []
    for item in range(items):
        truth = r.choices(range(labels), range(1, labels + 1))[0]
        for rater in sorted(r.sample(range(len(skills)), r.randint(2, len(skills)))):
            answers.append([item, rater, truth if r.random() < skills[rater] else r.randrange(labels)])
    model = DawidSkene(n_iter=50, tol=-1e9)  # all rounds, whatever its bound says
    table = pandas.DataFrame(answers, columns=["task", "worker", "label"])
    posterior = model.fit_predict_proba(table).sort_index()
    cases.append({
        "labels": labels, "answers": answers,
        "posterior": [[round(float(row.get(label, 0)), 9) for label in range(labels)] for _, row in posterior.iterrows()],
        "frequency": [round(float(model.priors_[label]), 9) for label in range(labels)],
    })
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write(json.dumps({"source": "crowd-kit %s, DawidSkene(n_iter=50, tol=-1e9)" % importlib.metadata.version("crowd-kit"), "cases": cases}))
    f.write("\n")
