package spec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/value"
)

const vectors = "../../testdata/vectors/"

func fullLock(t testing.TB) []byte {
	t.Helper()
	return vector(t, "lock/full.lock")
}

func TestLockVector(t *testing.T) {
	b := fullLock(t)
	l, err := ParseLock(LockName, b)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, e := range l.Entries {
		keys[e.Name] = e.Key().String()
		if !e.Intact() {
			t.Errorf("%s: sum %s, want %s", e.Name, e.sum(), e.Sum)
		}
	}
	if diff := cmp.Diff(map[string]string{
		"eval":        "28b8f817bbf15517386b90faca8fdd53d73e02fb82d457bf1813832db6eb4510",
		"prepare":     "111f58258b2e6b6f2815e781d9099c97c8ceafe8aa475d5db60e6a84699110c5",
		"train@cnn-1": "65b351c69de3a8d5c67b586c579f33412668dceade4a9e6fe080ee8720e3dd30",
	}, keys); diff != "" {
		t.Error(diff)
	}
	train := l.Get("train@cnn-1")
	if train.Params[1].Pairs[4].Value.String() != "1180591620717411303424" || train.Params[0].Pairs[0].Value.Text() != "lr: \"low\"\nthen high" {
		t.Errorf("params %v", train.Params)
	}
	if e := l.Get("eval"); e.Wdir != "jobs" || !e.Outs[1].NoCache || e.Metrics[0].State != Large || len(e.Data) != 1 {
		t.Errorf("eval %+v", e)
	}
}

func TestRunKeyVector(t *testing.T) {
	e := &Entry{
		Name: "sort", Cmd: []string{"sort in.txt > out.txt"}, Wdir: "anywhere",
		Deps: []Content{{Path: "in.txt", ID: object.Sum([]byte("hello\n")), Size: 6, Mode: object.File}},
		Outs: []Content{{Path: "out.txt", NoPush: true}},
	}
	if want := vector(t, "lock/key.txt"); len(want) != 161 || !bytes.Equal(want, e.KeyLines()) {
		t.Errorf("%d bytes, want 161:\n%s", len(e.KeyLines()), e.KeyLines())
	}
	if got := e.Key().String(); got != "314fe69c744a2a87a69749680e80fd6043b2cb6c2790f632a9b206a9b1487a88" {
		t.Errorf("key %s of\n%s", got, e.KeyLines())
	}
}

func TestLockEntryReplacedTouchesNoOther(t *testing.T) {
	b := fullLock(t)
	l, err := ParseLock(LockName, b)
	if err != nil {
		t.Fatal(err)
	}
	e := *l.Get("prepare")
	e.Cmd = []string{"python prepare.py", "true"}
	l.Put(&e)
	l.Put(&Entry{Name: "a", Cmd: []string{"x: y"}})
	l.Remove("eval")
	got, err := l.Format()
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	want := lockHead + "stages:\n  a:\n    cmd: \"x: y\"\n    sum: \"" + l.Get("a").Sum + "\"\n" +
		strings.NewReplacer("    cmd: python prepare.py data/raw.csv\n", "    cmd:\n    - python prepare.py\n    - \"true\"\n", "15d1792004e885c2", e.Sum).
			Replace(text[strings.Index(text, "  prepare:\n"):])
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseLock(LockName, got); err != nil {
		t.Error(err)
	}
}

func TestLockMixedEntryIsReadButNotIntact(t *testing.T) {
	b := bytes.Replace(fullLock(t), []byte("size: 812"), []byte("size: 813"), 1)
	l, err := ParseLock(LockName, b)
	if err != nil {
		t.Fatal(err)
	}
	if l.Get("prepare").Intact() || !l.Get("eval").Intact() {
		t.Error("a wrong sum counts as right, or the reverse")
	}
	if again, err := l.Format(); err != nil || !bytes.Equal(b, again) {
		t.Errorf("%v: a wrong sum was mended", err)
	}
}

func TestLockRefusals(t *testing.T) {
	text := string(fullLock(t))
	for name, c := range map[string]struct {
		from, to, want string
		kind           errs.Kind
	}{
		"unknown section": {"    deps:\n", "    depz:\n", `mlv.lock:7: unknown section "depz"`, errs.Corrupt},
		"blank line":      {"  prepare:\n", "\n  prepare:\n", "mlv.lock:26: not as mlv writes it", errs.Corrupt},
		"comment":         {"  prepare:\n", "  # me\n  prepare:\n", "mlv.lock:26: ", errs.Corrupt},
		"quotes":          {"note: ", "\"note\": ", "mlv.lock:48: not as mlv writes it", errs.Corrupt},
		"float":           {"1.0e-05", "1e-5", "not as mlv writes it", errs.Corrupt},
		"order":           {"huge.json: {", "zuge.json: {", "out of order", errs.Corrupt},
		"upper hash":      {"blake3:ccca", "blake3:CCCA", "not 64 lower-case hex digits", errs.Corrupt},
		"version":         {"version: 1", "version: 2", "mlv.lock:2: version 2 needs a newer mlv", errs.Corrupt},
		"conflict":        {"    cmd: python eval.py\n", "<<<<<<< HEAD\n    cmd: a\n=======\n    cmd: b\n>>>>>>> x\n", "mlv.lock:5: git left a merge conflict", errs.Usage},
		"torn":            {"    sum: \"6c952325d60538ba\"\n", "    sum: \"6c95", "not as mlv writes it", errs.Corrupt},
		"empty":           {text, "", "its first line is missing", errs.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseLock(LockName, []byte(strings.Replace(text, c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) || errs.KindOf(err) != c.kind {
				t.Errorf("%v (%v), want %q", err, errs.KindOf(err), c.want)
			}
		})
	}
	if _, err := ParseLock(LockName, []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		t.Errorf("CRLF: %v", err)
	}
}

func TestMetricValues(t *testing.T) {
	many := make([]value.Value, MaxMetrics+1)
	if v := MetricValues("m.json", value.OfList(many...)); v.State != Large {
		t.Errorf("%d scalars are kept", len(many))
	}
	if v := MetricValues("m.json", value.OfList(many[1:]...)); v.State != "" || len(v.Pairs) != 1 {
		t.Errorf("%d scalars are not kept: %v", len(many)-1, v)
	}
	l := &Lock{}
	l.Put(&Entry{Name: "s", Cmd: []string{"c"}, Metrics: []Values{MetricValues("acc.txt", value.OfFloat(0.5)), MetricValues("e.json", value.OfMap())}})
	b, err := l.Format()
	if err != nil || !strings.Contains(string(b), "      acc.txt:\n        \"\": 0.5\n      e.json:\n        \"\": {}\n") {
		t.Errorf("%v\n%s", err, b)
	}
	if _, err := ParseLock(LockName, b); err != nil {
		t.Error(err)
	}
}

func FuzzLock(f *testing.F) {
	b := fullLock(f)
	f.Add(b)
	f.Add([]byte(lockHead))
	f.Add([]byte(lockHead + "stages:\n  a:\n    cmd: x\n    outs:\n      u: {etag: \"a\\\"b\", size: 3}\n      \"i@sha256:0\": image\n    sum: \"\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLock(LockName, b)
		if err != nil {
			return
		}
		again, err := l.Format()
		if err != nil || !bytes.Equal(again, bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))) {
			t.Fatalf("%v: %q became %q", err, b, again)
		}
		for _, e := range l.Entries {
			_ = e.Key()
		}
	})
}

// BenchmarkParseLock reads a lock of 1,000 stages.
func BenchmarkParseLock(b *testing.B) {
	l := &Lock{}
	one, err := ParseLock(LockName, fullLock(b))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		e := *one.Get("train@cnn-1")
		e.Name = fmt.Sprintf("train@%04d", i)
		l.Put(&e)
	}
	text, err := l.Format()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ParseLock(LockName, text); err != nil {
			b.Fatal(err)
		}
	}
}
