package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
)

func TestIgnoreRulesEndWithTheOneThatDecides(t *testing.T) {
	files := map[fsx.Path][]byte{
		"":     []byte("*.tmp\n\n# a comment\n/logs/\n"),
		"data": []byte("!keep.tmp\r\n*.tmp\n!keep.tmp\n"),
		"logs": []byte("!b.txt\n"),
	}
	for path, want := range map[string]string{
		"a.tmp":         "1 *.tmp",
		"a.txt":         "",
		"data/a.tmp":    "1 *.tmp, data:2 *.tmp",
		"data/keep.tmp": "1 *.tmp, data:1 !keep.tmp, data:2 *.tmp, data:3 !keep.tmp",
		"logs/b.txt":    "4 /logs/", // in an ignored folder nothing comes back
	} {
		var got []string
		for _, r := range IgnoreRules(files, fsx.Path(path), false) {
			at := fmt.Sprintf("%d %s", r.Line, r.Text)
			if r.Dir != "" {
				at = string(r.Dir) + ":" + at
			}
			got = append(got, at)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: %s, want %s", path, text, want)
		}
		var all *Ignore
		for _, dir := range []fsx.Path{"", "data", "logs"} {
			all = all.With(dir, files[dir])
		}
		rules := IgnoreRules(files, fsx.Path(path), false)
		decided := len(rules) > 0 && !rules[len(rules)-1].Negated
		if decided != all.Ignored(fsx.Path(path), false) {
			t.Errorf("%s: the lines say %v, the rules the opposite", path, decided)
		}
	}
}
