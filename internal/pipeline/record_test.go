package pipeline

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

func aRecord(t testing.TB) (*record, []byte) {
	e := &spec.Entry{
		Name: "train", Cmd: []string{"python train.py", "gzip x"}, Wdir: "jobs",
		Deps: []spec.Content{{Path: "in", ID: object.Sum([]byte("a")), Size: 1, Mode: object.File}},
		Outs: []spec.Content{{Path: "out", ID: object.Sum([]byte("b")), Size: 1, Mode: object.Exec}},
	}
	new(spec.Lock).Put(e)
	r := &record{key: e.Key(), entry: e, seconds: 1.5, platform: "linux/amd64", by: "ana"}
	b, err := r.format()
	if err != nil {
		t.Fatal(err)
	}
	return r, b
}

func TestRecordIsReadBack(t *testing.T) {
	r, b := aRecord(t)
	got, err := parseRecord(b)
	if err != nil || got.key != r.key || got.seconds != 1.5 || got.platform != r.platform || got.by != "ana" || !sameEntry(got.entry, r.entry) {
		t.Errorf("%+v, %v", got, err)
	}
	if !strings.HasPrefix(string(b), "mlv-run 1\nkey "+r.key.String()+"\n  train:\n    cmd:\n    - python train.py\n") ||
		!strings.HasSuffix(string(b), "seconds 1.500\nplatform linux/amd64\nby ana\n") {
		t.Errorf("record:\n%s", b)
	}
}

func TestDocumentedRecordIsWhatIsWritten(t *testing.T) {
	e := &spec.Entry{
		Name: "sorted", Cmd: []string{"sort in.txt > out.txt"},
		Deps: []spec.Content{{Path: "in.txt", ID: object.Sum([]byte("hello\n")), Size: 6, Mode: object.File}},
		Outs: []spec.Content{{Path: "out.txt", ID: object.Sum([]byte("hello\n")), Size: 6, Mode: object.File}},
	}
	new(spec.Lock).Put(e)
	b, err := (&record{key: e.Key(), entry: e, seconds: 0.25, platform: "linux/amd64", by: "ana"}).format()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/format/run-record.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(doc, append(append([]byte("```\n"), b...), "```\n"...)) {
		t.Errorf("docs/format/run-record.md does not hold\n%s", b)
	}
}

func TestRecordOfAnotherKeyIsRefused(t *testing.T) {
	_, b := aRecord(t)
	for name, bad := range map[string][]byte{
		"empty":     nil,
		"version":   bytes.Replace(b, []byte("mlv-run 1"), []byte("mlv-run 2"), 1),
		"cut":       b[:len(b)-5],
		"more":      append(bytes.Clone(b), "x\n"...),
		"entry":     bytes.Replace(b, []byte("gzip x"), []byte("gzip y"), 1),
		"no entry":  []byte("mlv-run 1\nkey x\nseconds 1.000\nplatform \nby \n"),
		"other key": bytes.Replace(b, b[14:20], []byte("000000"), 1),
	} {
		if r, err := parseRecord(bad); err == nil {
			t.Errorf("%s: accepted %+v", name, r)
		}
	}
}

func FuzzRecord(f *testing.F) {
	_, b := aRecord(f)
	f.Add(b)
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := parseRecord(in)
		if err != nil {
			return
		}
		if out, err := r.format(); err != nil || !bytes.Equal(out, in) {
			t.Errorf("%q is written as %q, %v", in, out, err)
		}
	})
}
