"""Fit a multinomial logistic regression by gradient descent."""
import csv
import json
import math

with open("params.json") as f:
    params = json.load(f)["train"]

with open("data/train.csv", newline="") as f:
    header, *rows = csv.reader(f)
features = header[1:]
species = sorted({r[0] for r in rows})
raw = [[float(v) for v in r[1:]] for r in rows]
label = [species.index(r[0]) for r in rows]

mean = [sum(column) / len(raw) for column in zip(*raw)]
spread = [math.sqrt(sum((v - m) ** 2 for v in column) / len(raw)) for column, m in zip(zip(*raw), mean)]
points = [[(v - m) / s for v, m, s in zip(p, mean, spread)] + [1.0] for p in raw]  # 1.0: the intercept

weights = [[0.0] * len(points[0]) for _ in species]
for _ in range(params["steps"]):
    gradient = [[0.0] * len(points[0]) for _ in species]
    for p, y in zip(points, label):
        scores = [sum(w * v for w, v in zip(row, p)) for row in weights]
        top = max(scores)
        odds = [math.exp(s - top) for s in scores]
        total = sum(odds)
        for k, o in enumerate(odds):
            error = o / total - (k == y)
            row = gradient[k]
            for j, v in enumerate(p):
                row[j] += error * v
    for row, slope in zip(weights, gradient):
        for j, g in enumerate(slope):
            row[j] -= params["rate"] * g / len(points)

# Rounded, so that the file is the same wherever the last digits of exp() differ.
model = {
    "species": species,
    "features": features,
    "mean": [round(m, 6) for m in mean],
    "spread": [round(s, 6) for s in spread],
    "weights": [[round(w, 6) for w in row] for row in weights],
}
with open("model.json", "w") as f:
    json.dump(model, f, indent=1)
    f.write("\n")

print(f"{params['steps']} steps over {len(points)} penguins")
