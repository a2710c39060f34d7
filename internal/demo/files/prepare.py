"""Split the penguins into a training and a test set, species by species."""
import csv
import json
import random

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]

with open("params.json") as f:
    params = json.load(f)["prepare"]

with open("data/penguins.csv", newline="") as f:
    rows = list(csv.DictReader(f))

# Two birds were not measured at all: there is nothing to learn from them.
known = [r for r in rows if all(r[m] for m in MEASURES)]

groups = {}
for r in known:
    groups.setdefault(r["species"], []).append(r)

rng = random.Random(params["seed"])
train, test = [], []
for species in sorted(groups):
    birds = groups[species]
    rng.shuffle(birds)
    held_out = round(len(birds) * params["test_share"])
    test += birds[:held_out]
    train += birds[held_out:]

for name, part in [("data/train.csv", train), ("data/test.csv", test)]:
    with open(name, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["species"] + MEASURES)
        out.writerows([r["species"]] + [r[m] for m in MEASURES] for r in part)

print(f"{len(train)} penguins to learn from, {len(test)} held out, {len(rows) - len(known)} left out: not measured")
