package pipeline

import (
	"os"
	"strings"
	"testing"
	"time"
)

// trains is a project with one stage that uses everything that can make it
// stale.
func trains() map[string]string {
	return map[string]string{
		"mlv.yaml": `version: 1
project: p
stages:
  train:
    cmd: ./train.sh 0.1
    deps: [train.sh, src, data.csv]
    params: [lr, {conf.json: null}]
    outs: [{model.pkl: {cache: true}}, {log.txt: {cache: false}}]
    metrics: [{m.json: {cache: false}}]
    env: {THREADS: "2", KEY: {pass: true}}
`,
		"train.sh": `cat data.csv src/a.py > model.pkl
echo log > log.txt
echo '{"auc": 0.5}' > m.json
echo "ran with $THREADS"
`,
		"src/a.py":    "print()\n",
		"src/b.py":    "print(1)\n",
		"data.csv":    "1,2\n",
		"other.csv":   "1,2\n",
		"params.yaml": "lr: 0.1\nunused: 1\nnested: {a: 1, b: .nan}\n",
		"conf.json":   `{"a": {"c": 1}}`,
	}
}

func TestStalenessTruthTable(t *testing.T) {
	const (
		unchanged  = "train: unchanged"
		ran        = "train: ran"
		cached     = "train: cached"
		checkedOut = "train: checked out"
	)
	for name, test := range map[string]struct {
		change  func(w *world)
		outcome string
		reasons string
		opt     ReproOptions
	}{
		"nothing":       {func(*world) {}, unchanged, "", ReproOptions{}},
		"cmd":           {func(w *world) { w.edit("mlv.yaml", "train.sh 0.1", "train.sh 0.01") }, ran, "cmd: ./train.sh 0.1 → ./train.sh 0.01", ReproOptions{}},
		"blanks in cmd": {func(w *world) { w.edit("mlv.yaml", "train.sh 0.1", "train.sh  0.1") }, ran, "cmd: ./train.sh 0.1 → ./train.sh  0.1", ReproOptions{}},
		"dep content":   {func(w *world) { w.write("data.csv", "3\n") }, ran, "data.csv changed", ReproOptions{}},
		"file in dep":   {func(w *world) { w.write("src/c.py", "") }, ran, "src changed", ReproOptions{}},
		"exec bit":      {func(w *world) { chmod(w, "data.csv", 0o755) }, ran, "data.csv changed", ReproOptions{}},
		"dep added":     {func(w *world) { w.edit("mlv.yaml", "src, data.csv", "src, other.csv, data.csv") }, ran, "+ other.csv", ReproOptions{}},
		"dep removed":   {func(w *world) { w.edit("mlv.yaml", "src, data.csv", "src") }, ran, "- data.csv", ReproOptions{}},
		"dep moved": {
			func(w *world) { w.edit("mlv.yaml", "src, data.csv", "src, other.csv") },
			ran, "- data.csv; + other.csv",
			ReproOptions{},
		},
		"mtime only": {func(w *world) {
			past := time.Now().Add(-time.Hour)
			if err := os.Chtimes(w.path("data.csv"), past, past); err != nil {
				w.t.Fatal(err)
			}
		}, unchanged, "", ReproOptions{}},
		"left behind": {func(w *world) {
			w.write("src/__pycache__/a.pyc", "x")
			w.write("src/.pytest_cache/x", "x")
			w.write("src/.DS_Store", "x")
			w.write("src/x.pyo", "x")
		}, unchanged, "", ReproOptions{}},
		"ignored": {func(w *world) {
			w.write("src/.mlvignore", "")
			w.write(".mlvignore", "*.tmp\n.mlvignore\n")
			w.write("src/x.tmp", "x")
		}, unchanged, "", ReproOptions{}},
		"param":        {func(w *world) { w.edit("params.yaml", "lr: 0.1", "lr: 0.01") }, ran, "params.yaml lr 0.1 → 0.01", ReproOptions{}},
		"param type":   {func(w *world) { w.edit("params.yaml", "lr: 0.1", `lr: "0.1"`) }, ran, `params.yaml lr 0.1 (float) → "0.1" (string)`, ReproOptions{}},
		"unused param": {func(w *world) { w.edit("params.yaml", "unused: 1", "unused: 2") }, unchanged, "", ReproOptions{}},
		"spelling":     {func(w *world) { w.edit("params.yaml", "lr: 0.1", "# slower\nlr: 1e-1") }, unchanged, "", ReproOptions{}},
		"whole file, new key": {
			func(w *world) { w.write("conf.json", `{"a": {"c": 1, "b": 2}}`) },
			ran, "conf.json + a.b",
			ReproOptions{},
		},
		"whole file, key gone": {
			func(w *world) { w.write("conf.json", `{"d": 1}`) },
			ran, "conf.json - a.c; conf.json + d",
			ReproOptions{},
		},
		"fixed env":  {func(w *world) { w.edit("mlv.yaml", `THREADS: "2"`, `THREADS: "4"`) }, ran, "env THREADS 2 → 4", ReproOptions{}},
		"passed env": {func(w *world) { w.t.Setenv("KEY", "other") }, unchanged, "", ReproOptions{}},
		"out added": {func(w *world) {
			w.edit("mlv.yaml", "{log.txt: {cache: false}}", "{log.txt: {cache: false}}, roc.csv")
			w.edit("train.sh", "echo log", "echo 1 > roc.csv\necho log")
		}, ran, "train.sh changed; + out roc.csv", ReproOptions{}},
		"out removed": {func(w *world) { w.edit("mlv.yaml", ", {log.txt: {cache: false}}", "") }, ran, "- out log.txt", ReproOptions{}},
		"flags": {func(w *world) {
			w.edit("mlv.yaml", "{model.pkl: {cache: true}}", "{model.pkl: {push: false, remote: backup, desc: x, type: model}}")
			w.edit("mlv.yaml", "metrics: [{m.json: {cache: false}}]", "metrics: [{m.json: {cache: false, data: [data.csv]}}]\n    desc: text")
		}, unchanged, "", ReproOptions{}},
		"not a metric any more": {func(w *world) {
			w.edit("mlv.yaml", "    metrics: [{m.json: {cache: false}}]\n", "")
			w.edit("mlv.yaml", "{log.txt: {cache: false}}", "{log.txt: {cache: false}}, {m.json: {cache: false}}")
		}, unchanged, "", ReproOptions{}},
		"comments, order": {func(w *world) {
			w.edit("mlv.yaml", "deps: [train.sh, src, data.csv]", "# a comment\n    deps: [data.csv, src, train.sh]")
		}, unchanged, "", ReproOptions{}},
		"out edited": {
			func(w *world) { w.write("model.pkl", "mine") },
			ran, "model.pkl differs from the last run",
			ReproOptions{NoRunCache: true},
		},
		"out edited, run known": {
			func(w *world) { w.write("model.pkl", "mine") },
			cached, "model.pkl differs from the last run",
			ReproOptions{},
		},
		"out absent":          {func(w *world) { w.remove("model.pkl") }, checkedOut, "", ReproOptions{}},
		"uncached out absent": {func(w *world) { w.remove("m.json") }, checkedOut, "", ReproOptions{}},
		"out absent and lost": {func(w *world) { w.remove("model.pkl"); w.remove(".mlv/cache/objects") }, ran, "model.pkl: object gone", ReproOptions{}},
		"renamed":             {func(w *world) { w.edit("mlv.yaml", "  train:", "  fit:") }, "fit: unchanged", "", ReproOptions{}},
		"lock deleted":        {func(w *world) { w.remove("mlv.lock") }, cached, "it has never run", ReproOptions{}},
		"lock and runs gone":  {func(w *world) { w.remove("mlv.lock"); w.remove(".mlv/cache/runs") }, ran, "it has never run", ReproOptions{}},
		"always changed":      {func(w *world) { w.edit("mlv.yaml", "    cmd:", "    always_changed: true\n    cmd:") }, ran, "always_changed", ReproOptions{}},
		"frozen": {func(w *world) {
			w.edit("mlv.yaml", "    cmd:", "    frozen: true\n    cmd:")
			w.write("data.csv", "3\n")
		}, "train: frozen", "data.csv changed", ReproOptions{}},
		"list of one":          {func(w *world) { w.edit("mlv.yaml", "cmd: ./train.sh 0.1", "cmd: [./train.sh 0.1]") }, unchanged, "", ReproOptions{}},
		"forced":               {func(*world) {}, ran, "--force", ReproOptions{Force: true}},
		"keys instead of file": {func(w *world) { w.edit("mlv.yaml", "{conf.json: null}", "{conf.json: [a.c]}") }, unchanged, "", ReproOptions{}},
		"map instead of keys":  {func(w *world) { w.edit("mlv.yaml", "{conf.json: null}", "{conf.json: [a]}") }, unchanged, "", ReproOptions{}},
		"merged lock":          {func(w *world) { w.edit("mlv.lock", "auc: 0.5", "auc: 0.6") }, cached, "its entry in the lock is a merge of two runs", ReproOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, trains())
			w.want("train: ran", ReproOptions{})
			test.change(w)
			if test.opt.NoRunCache || strings.HasSuffix(test.outcome, "ran") {
				test.opt.NoRunCache = true
			}
			r := w.want(test.outcome, test.opt)
			stage, _, _ := strings.Cut(test.outcome, ":")
			if got := reasons(r, stage); got != test.reasons {
				t.Errorf("reasons %q, want %q", got, test.reasons)
			}
			w.clean()
			if strings.Contains(test.outcome, "frozen") {
				return
			}
			if again := strings.Contains(test.reasons, "always"); !again {
				w.want(stage+": unchanged", ReproOptions{})
			}
		})
	}
}

func chmod(w *world, name string, perm os.FileMode) {
	w.t.Helper()
	if err := os.Chmod(w.path(name), perm); err != nil {
		w.t.Fatal(err)
	}
}
