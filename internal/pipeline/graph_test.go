package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// stages is the text of an mlv.yaml from lines "name: dep dep > out out".
func stages(lines ...string) string {
	text := "project: p\nstages:\n"
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, ": ")
		deps, outs, _ := strings.Cut(rest, ">")
		text += fmt.Sprintf("  %s:\n    cmd: touch %s\n    deps: [%s]\n    outs: [%s]\n", name, strings.TrimSpace(outs),
			strings.Join(strings.Fields(deps), ", "), strings.Join(strings.Fields(outs), ", "))
	}
	return text
}

func TestGraphErrorsNameStagesAndPlaces(t *testing.T) {
	pointer := "version: 1\npath: data\ntype: file\nhash: blake3:" +
		"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\nsize: 0\n"
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"cycle":           {[]string{"a: z > x", "b: x > y", "c: y > z"}, "mlv.yaml:3: stage a: stages need each other in a circle: a (mlv.yaml:3) needs c (mlv.yaml:11) needs b (mlv.yaml:7) needs a (mlv.yaml:3)"},
		"two makers":      {[]string{"a: > x", "b: > x"}, "mlv.yaml:7: stage b: x is also made by stage a (mlv.yaml:3)"},
		"nested":          {[]string{"a: > d", "b: > d/x"}, "mlv.yaml:7: stage b: d/x lies in d, which stage a makes (mlv.yaml:3)"},
		"nested deeper":   {[]string{"a: > d/e/f", "b: > d"}, "mlv.yaml:3: stage a: d/e/f lies in d, which stage b makes (mlv.yaml:7)"},
		"nested in one":   {[]string{"a: > d d/x"}, "d/x lies in d, which stage a makes"},
		"out in own dep":  {[]string{"a: d > d/x"}, "mlv.yaml:3: stage a: it reads d, and makes d/x itself"},
		"dep in own out":  {[]string{"a: d/x > d"}, "it reads d/x, and makes d itself"},
		"out is own dep":  {[]string{"a: x > x"}, "it reads x, and makes x itself"},
		"tracked":         {[]string{"a: > data"}, "it makes data, and data is tracked by data.mlv"},
		"inside tracked":  {[]string{"a: > data/x"}, "it makes data/x, and data is tracked by data.mlv"},
		"cycle by folder": {[]string{"a: d > x", "b: x > d/y"}, "circle"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"mlv.yaml": stages(test.lines...), "data.mlv": pointer})
			_, err := w.tryOpen()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %s", err, test.want)
			}
			if errs.KindOf(err) != errs.Usage {
				t.Errorf("of class %v", errs.KindOf(err))
			}
		})
	}
}

func TestDiamondRunsEachStageOnceAfterWhatItNeeds(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml": stages("d: b c > d1", "c: a > c", "b: a/x > b", "a: in > a"),
		"in":       "",
	})
	w.edit("mlv.yaml", "touch a\n", "mkdir a && touch a/x\n")
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.want("a: unchanged, b: unchanged, c: unchanged, d: unchanged", ReproOptions{})
}

func TestDepOnAFolderWithOutsMakesAnEdge(t *testing.T) {
	w := newWorld(t, map[string]string{"mlv.yaml": stages("sum: data > s", "one: in > data/1", "two: in > data/2"), "in": "", "data/readme": ""})
	w.want("one: ran, two: ran, sum: ran", ReproOptions{})
	w.want("one: unchanged, two: unchanged, sum: unchanged", ReproOptions{})
}

func TestTargets(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml": stages("prepare: raw > data", "train: data code > models/m", "eval: models/m > scores", "other: raw > else"),
		"sub/mlv.yaml": "stages:\n  train:\n    cmd: touch out\n    deps: [../data]\n    outs: [out]\n" +
			"  only:\n    cmd: touch only\n    deps: [../raw]\n    outs: [only]\n",
		"raw": "", "code": "",
	})
	p := w.open()
	for name, test := range map[string]struct {
		words string
		cwd   string
		span  span
		want  string // or part of the error
	}{
		"all":                {"", "", span{}, "prepare train eval other sub/mlv.yaml:train sub/mlv.yaml:only"},
		"with what it needs": {"eval", "", span{}, "prepare train eval"},
		"single":             {"eval", "", span{single: true}, "eval"},
		"downstream":         {"train", "", span{downstream: true}, "train eval"},
		"downstream of all":  {"prepare", "", span{downstream: true}, "prepare train eval sub/mlv.yaml:train"},
		"out":                {"models/m", "", span{single: true}, "train"},
		"inside an out":      {"data/x/y", "", span{}, "prepare"},
		"path":               {"./data", "", span{}, "prepare"},
		"from a folder":      {"m", "models", span{single: true}, "train"},
		"file":               {"sub/mlv.yaml", "", span{single: true}, "sub/mlv.yaml:train sub/mlv.yaml:only"},
		"file and stage":     {"sub/mlv.yaml:train", "", span{single: true}, "sub/mlv.yaml:train"},
		"nearest of a name":  {"train", "sub", span{single: true}, "sub/mlv.yaml:train"},
		"nearest, deeper":    {"train", "sub/deep", span{single: true}, "sub/mlv.yaml:train"},
		"only one of a name": {"only", "", span{single: true}, "sub/mlv.yaml:only"},
		"file from a folder": {"mlv.yaml:train", "sub", span{single: true}, "sub/mlv.yaml:train"},
		"several":            {"prepare other prepare", "", span{single: true}, "prepare other"},
		"path, not stage":    {"./train", "", span{}, "no stage has this name"},
		"nearest":            {"trian", "", span{}, "no stage has this name"},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, err := p.graph.targets(strings.Fields(test.words), fsx.Path(test.cwd))
			if err != nil {
				e, ok := err.(*errs.Error)
				if !ok || !strings.Contains(err.Error(), test.want) || name == "nearest" && !slices.Equal(e.Candidates, []string{"train"}) {
					t.Errorf("error %v, %+v", err, e)
				}
				return
			}
			var got []string
			for _, n := range p.graph.closure(nodes, test.span) {
				got = append(got, n.name)
			}
			if g := strings.Join(got, " "); g != test.want {
				t.Errorf("got %s, want %s", g, test.want)
			}
		})
	}
}

func TestFrozenStageCutsTheGraph(t *testing.T) {
	w := newWorld(t, map[string]string{"mlv.yaml": stages("a: in > x", "b: x > y", "c: y > z"), "in": ""})
	w.want("a: ran, b: ran, c: ran", ReproOptions{})
	w.edit("mlv.yaml", "cmd: touch y", "frozen: true\n    cmd: touch y")
	w.want("b: frozen, c: unchanged", ReproOptions{Targets: []string{"c"}})
	w.write("y", "by hand")
	w.want("a: unchanged, b: frozen, c: ran", ReproOptions{})
}

// A pipeline of thousands of stages is sorted and searched in no time.
func TestGraphOfManyStages(t *testing.T) {
	var lines []string
	for i := range 5000 {
		lines = append(lines, fmt.Sprintf("s%d: d/%d > d/%d", i, i, i+1))
	}
	w := newWorld(t, map[string]string{"mlv.yaml": stages(lines...)})
	begun := time.Now()
	p := w.open()
	if n := len(p.graph.closure([]*node{p.graph.byName["s4999"]}, span{})); n != 5000 {
		t.Errorf("%d stages", n)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
