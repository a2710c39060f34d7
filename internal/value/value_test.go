package value

import (
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustRead(t *testing.T, name, text string) Value {
	t.Helper()
	v, err := Read(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func leaves(v Value) (list []string) {
	for _, f := range Flatten(v) {
		list = append(list, f.Key+" = "+dump(f.Value))
	}
	return list
}

func TestFloatsAreSpelledAsPythonDoes(t *testing.T) {
	for want, f := range map[string]float64{
		"0.0": 0, "64.0": 64, "0.1": 0.1, "1.0e-05": 1e-5, "1.5e-07": 1.5e-7, "0.0001": 1e-4, "1.0e+16": 1e16,
		"9999999999999998.0": 9999999999999998, "1.2345678901234568e+17": 123456789012345678, "5.0e-324": 5e-324,
		"1.7976931348623157e+308": math.MaxFloat64, "-0.0": math.Copysign(0, -1), ".nan": math.NaN(), "-.inf": math.Inf(-1),
	} {
		if got := OfFloat(f).String(); got != want {
			t.Errorf("%v is spelled %s, want %s", f, got, want)
		}
	}
}

func TestStringsThatStandPlain(t *testing.T) {
	for s, plain := range map[string]bool{
		"python train.py --lr 0.1": true, "../../a/b.csv": true, "_x": true, "/abs": true, "a, b": true, "x=1@y%+": true,
		"": false, "null": false, "NULL": false, "yes": false, "Off": false, "y": false, "N": false, "1": false, "-a": false, ".a": false,
		"a: b": false, "a:": false, "a#b": false, "a ": false, "a,": false, " a": false, "~": false, "é": false, "a\n": false,
		"../": false, "..": false, "a\"b": false, "nul": true, "truer": true, "yn": true, "2026-11-22": false,
	} {
		if got := isPlain(s); got != plain {
			t.Errorf("isPlain(%q) = %v", s, got)
		}
		line := OfString(s).String()
		if back, err := ParseLine(line); err != nil || !back.Equal(OfString(s)) {
			t.Errorf("%q is spelled %s, which reads as %v, %v", s, line, back, err)
		}
	}
}

func TestQuotedStringsEscapeWhatReadersDisagreeOn(t *testing.T) {
	got := string(AppendQuoted(nil, "a\"\\\n\t\r\b\f\x00\x1f\x7f\u0085\u2028\u2029\ufeff\uffff日😀"))
	want := `"a\"\\\n\t\r\b\f\u0000\u001f\u007f\u0085\u2028\u2029\ufeff\uffff日😀"`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadJSON(t *testing.T) {
	v := mustRead(t, "m.json", "\ufeff{\"auc\": 0.5, \"n\": NaN, \"i\": -Infinity, \"big\": 1180591620717411303424, \"e\": 1e5, \"z\": -0,\n \"a.b\": {\"c\": [1, 1.0, \"1\", true, null, {}]}, \"u\": \"\\ud83d\\ude00\\u00e9\\/\", \"h\": \"\\ud83d!\", \"o\": {}}")
	if diff := cmp.Diff([]string{
		`"a.b".c = [1, 1.0, "1", true, null, {}]`, "auc = 0.5", "big = 1180591620717411303424", "e = 100000.0", "h = \"\ufffd!\"", "i = -.inf",
		"n = .nan", "o = {}", `u = "😀é/"`, "z = 0",
	}, leaves(v)); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		`{"a": 1, "a": 2}`: `m.json:1:10: key "a" stands twice in one object`,
		`{"a": 01}`:        `m.json:1:7: "01" is not a JSON value`,
		`[1,]`:             `m.json:1:4: unexpected "]"`,
		`{"a": 1,}`:        `m.json:1:9: a key in double quotes expected`,
		`{a: 1}`:           `a key in double quotes expected`,
		`[1 2]`:            `a comma or "]" expected`,
		`[1`:               `m.json:1:1: this bracket is never closed`,
		`1 2`:              `unexpected text after the value`,
		``:                 `a value is missing`,
		`"a`:               `this quote is never closed`,
		"\"\n\"":           `control character in a string`,
		`nan`:              `"nan" is not a JSON value`,
		`"\x"`:             `unknown escape sequence`,
	} {
		if _, err := Read("m.json", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Read("m.json", []byte(strings.Repeat("[", 1000))); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("depth: %v", err)
	}
	if _, err := Read("m.json", []byte(strings.Repeat("9", 5000))); err == nil || !strings.Contains(err.Error(), "5000 digits") {
		t.Errorf("digits: %v", err)
	}
}

func TestReadTOML(t *testing.T) {
	v := mustRead(t, "c.toml", "note = \"x\"\nreleased = 2026-11-22\nat = 2026-11-22T10:00:00Z\ntime = 07:32:00\n[train]\nlr = 1e-5\nlayers = [64, 64.0]\nnan = nan\n[[runs]]\nid = 1\n")
	if diff := cmp.Diff([]string{
		`at = "2026-11-22T10:00:00Z"`, `note = "x"`, `released = "2026-11-22"`, `runs = [{"id": 1}]`, `time = "07:32:00"`,
		"train.layers = [64, 64.0]", "train.lr = 1.0e-05", "train.nan = .nan",
	}, leaves(v)); diff != "" {
		t.Error(diff)
	}
	if _, err := Read("c.toml", []byte("a = 1\nb = \n")); err == nil || !strings.HasPrefix(err.Error(), "c.toml:2:") {
		t.Errorf("%v", err)
	}
}

func TestReadTable(t *testing.T) {
	v := mustRead(t, "h.csv", "step,loss,note,best\n1,0.5,a,nan\n2,0.25,\"x,y\",inf\n")
	if diff := cmp.Diff([]string{"best = .inf", "loss = 0.25", `note = "x,y"`, "step = 2"}, leaves(v)); diff != "" {
		t.Error(diff)
	}
	v = mustRead(t, "h.tsv", "a\tb\n1\t\n")
	if diff := cmp.Diff([]string{"a = 1", "b = null"}, leaves(v)); diff != "" {
		t.Error(diff)
	}
	if _, err := Read("h.csv", []byte("a,b\n1,2\n1\n")); err == nil || !strings.HasPrefix(err.Error(), "h.csv:3:") {
		t.Errorf("%v", err)
	}
	if _, err := Read("h.csv", []byte("a,a\n1,2\n")); err == nil {
		t.Error("two columns of one name")
	}
	if v := mustRead(t, "h.csv", ""); !v.IsNull() {
		t.Errorf("an empty table is %v", v)
	}
}

const python = `"""params; with = and [ in it"""
import os, sys  # comment = 1
LR = 1e-3
N: int = 1_000
big = 2 ** 10          # an expression is no literal
name = 'it' "'s" r'\d'
layers = [64, 64.0, "relu",
    {"p": 0.5},  # inside
]
t = 1, 2
pair = (1,)
one = (1)
neg = -0x10
none = None
flag = True
path = os.path.join("a", "b")
a = b = 3
LR = 0.01
fmt = f"{LR}"
raw = b"x"
s = {1, 2}
triple = '''a
b = 3'''
if flag:
    hidden = 1
x = 1; y = 2
z == 3
d = {"k": {"l": [1]}, 2: "two"}
cont = 1 \
    + 2
def f(lr=3):
    inside = 4

class Train(Base):
    """doc"""
    depth = 5
    class Opt:
        beta = 0.9
    def __init__(self, a=1):
        self.warm = False
        self.a = a
        local = 3
        if a:
            self.deep = 1
    rate: float = 0.5

    def other(self):
        self.no = 1

class One: only = 1
after = "end"
`

func TestReadPython(t *testing.T) {
	want := []string{
		"LR = 0.01", "N = 1000", "One.only = 1", "Train.Opt.beta = 0.9", "Train.depth = 5", "Train.rate = 0.5", "Train.warm = false",
		`after = "end"`, `d.2 = "two"`, "d.k.l = [1]", "flag = true", `layers = [64, 64.0, "relu", {"p": 0.5}]`, `name = "it's\\d"`,
		"neg = -16", "none = null", "one = 1", "pair = [1]", "s = [1, 2]", "t = [1, 2]", `triple = "a\nb = 3"`, "x = 1", "y = 2",
	}
	if diff := cmp.Diff(want, leaves(mustRead(t, "params.py", python))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, leaves(mustRead(t, "params.py", strings.ReplaceAll(python, "\n", "\r\n")))); diff != "" && !strings.Contains(diff, `\r`) {
		t.Error(diff)
	}
	for text, want := range map[string]string{"a = 'x\n": "p.py:1:5: this string is never closed", "a = [1\nb = 2\n": "p.py:1:5: this bracket is never closed", "a = 1)\n": "p.py:1:6: this bracket was never opened"} {
		if _, err := Read("p.py", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestScalarFileHasOneLeafWithoutKey(t *testing.T) {
	if diff := cmp.Diff([]string{" = 0.9"}, leaves(mustRead(t, "accuracy.txt", "0.9\n"))); diff != "" {
		t.Error(diff)
	}
}

func TestKeysSplitAndJoin(t *testing.T) {
	for key, path := range map[string][]string{
		"a": {"a"}, "a.b-c.d_1": {"a", "b-c", "d_1"}, `a."b.c"`: {"a", "b.c"}, `""`: {""}, `"é"`: {"é"}, `"a\"b".c`: {`a"b`, "c"},
	} {
		if got := JoinKey(path...); got != key {
			t.Errorf("JoinKey(%q) = %s, want %s", path, got, key)
		}
		if got, err := SplitKey(key); err != nil || !cmp.Equal(got, path) {
			t.Errorf("SplitKey(%s) = %q, %v", key, got, err)
		}
	}
	for _, bad := range []string{"", "a.", ".a", "a..b", `a"b"`, `"a`, `"a"b`} {
		if got, err := SplitKey(bad); err == nil {
			t.Errorf("SplitKey(%q) = %q", bad, got)
		}
	}
	if got, err := SplitKey("größe:x.y z"); err != nil || len(got) != 2 {
		t.Errorf("as people write them: %q, %v", got, err)
	}
}

func TestDiffComparesTypes(t *testing.T) {
	from, to := Set{}, Set{}
	from.Add("p.yaml", mustRead(t, "p.yaml", "lr: 1\nnan: .nan\nm: {a: 1, b: 2}\ngone: x\nlist: [1]\nacc: 0.9\n"))
	to.Add("p.yaml", mustRead(t, "p.yaml", "lr: 1.0\nnan: .NaN\nm: {b: 2, a: 1}\nnew: y\nlist: [1.0]\nacc: 0.905\n"))
	var got []string
	for _, c := range Diff(from, to) {
		s := c.Name + " " + c.Old.String() + " " + c.New.String()
		if d, ok := c.Delta(); ok {
			s += " " + d.String()
		}
		got = append(got, s)
	}
	if diff := cmp.Diff([]string{
		"p.yaml:acc 0.9 0.905 0.005", "p.yaml:gone x null", "p.yaml:list [1] [1.0]", "p.yaml:lr 1 1.0 0.0", "p.yaml:new null \"y\"",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONOfValues(t *testing.T) {
	v := OfMap(Field{"z", OfFloat(math.NaN())}, Field{"a", OfList(OfFloat(math.Inf(-1)), OfFloat(1e-5), OfInt(3), OfString("<é\x7f>"), Value{}, OfBool(true))})
	got, err := json.Marshal(v)
	if want := `{"z":"NaN","a":["-Infinity",1.0e-05,3,"\u003cé\u007f\u003e",null,true]}`; err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// TestLinesReadTheSameInPyYAML asks YAML 1.1 as most people have it.
func TestLinesReadTheSameInPyYAML(t *testing.T) {
	if err := exec.Command("python3", "-c", "import yaml").Run(); err != nil {
		t.Skip("no PyYAML here")
	}
	words := []string{"a", "on", "1", "1.0", "a: b", "- x", "é", "\u2028", "\x7f", "a#b", "a #b", "0x1", "1_0", "2026-11-22", "12:30:45", "~", "=", "<<", "../x", "x, y", "{", "%a", "@b", "`", "!x", "&y", "*z", "|", ">", "?", "?x", ":x", "x:", "\ufffe", "'", "\"", "e", "E1", ".1", "._", "+1", "a=b", "null ", "Y", "\\", "\t", " "}
	var doc strings.Builder
	want := []any{}
	add := func(v Value, as any) {
		doc.WriteString("k" + OfInt(int64(len(want))).String() + ": " + v.String() + "\n")
		want = append(want, as)
	}
	for _, w := range words {
		add(OfString(w), w)
		add(OfList(OfString(w)), []any{w})
	}
	for _, f := range []float64{0, 1e-5, 1e16, 1e22, 123456.5, -2.5e-10} {
		add(OfFloat(f), f)
	}
	cmd := exec.Command("python3", "-c", `import sys, yaml, json
d = yaml.safe_load(sys.stdin.buffer)
print(json.dumps([d["k%d" % i] for i in range(len(d))]))`)
	cmd.Stdin = strings.NewReader(doc.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, doc.String())
	}
	var got []any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzReaders holds that no text crashes a reader, and that what is read can
// be spelled on a line and read back.
func FuzzReaders(f *testing.F) {
	f.Add("p.py", []byte(python))
	f.Add("m.json", []byte(`{"a": [1, NaN, "x\u0000"], "b": {"c": -1e-7}}`))
	f.Add("c.toml", []byte("a = 1\n[b]\nc = [1, 2.5, inf]\n"))
	f.Add("t.csv", []byte("a,b\n1,\"x\ny\"\n"))
	f.Add("y.yaml", []byte("a: [1, .nan, {b: c}]\n"))
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		v, err := Read(name, src)
		if err != nil {
			return
		}
		for _, leaf := range Flatten(v) {
			line := leaf.Value.String()
			back, err := ParseLine(line)
			if err != nil || !back.Equal(leaf.Value) {
				t.Fatalf("%q is spelled %s, which reads as %v, %v", src, line, back, err)
			}
			if leaf.Key != "" {
				if path, err := SplitKey(leaf.Key); err != nil || JoinKey(path...) != leaf.Key {
					t.Fatalf("key %s splits into %q, %v", leaf.Key, path, err)
				}
			}
		}
		if b, err := json.Marshal(v); err != nil || !json.Valid(b) {
			t.Fatalf("%q as JSON: %s, %v", src, b, err)
		}
	})
}
