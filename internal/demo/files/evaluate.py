"""Measure the model on the penguins that were held out."""
import csv
import json
import math

with open("model.json") as f:
    model = json.load(f)
with open("data/test.csv", newline="") as f:
    _, *rows = csv.reader(f)

species = model["species"]
confusion = [[0] * len(species) for _ in species]
loss = 0.0
for name, *values in rows:
    point = [(float(v) - m) / s for v, m, s in zip(values, model["mean"], model["spread"])] + [1.0]
    scores = [sum(w * v for w, v in zip(row, point)) for row in model["weights"]]
    top = max(scores)
    odds = [math.exp(s - top) for s in scores]
    actual = species.index(name)
    confusion[actual][scores.index(top)] += 1
    loss -= math.log(odds[actual] / sum(odds))


def f1(k):
    hits = confusion[k][k]
    guessed = sum(row[k] for row in confusion)
    return 2 * hits / (guessed + sum(confusion[k])) if hits else 0.0


metrics = {
    "accuracy": round(sum(confusion[k][k] for k in range(len(species))) / len(rows), 4),
    "macro_f1": round(sum(f1(k) for k in range(len(species))) / len(species), 4),
    "log_loss": round(loss / len(rows), 4),
}
with open("metrics.json", "w") as f:
    json.dump(metrics, f, indent=1)
    f.write("\n")

with open("confusion.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["actual", "predicted", "count"])
    out.writerows([a, p, confusion[i][j]] for i, a in enumerate(species) for j, p in enumerate(species))

print(f"{sum(confusion[k][k] for k in range(len(species)))} of {len(rows)} right")
