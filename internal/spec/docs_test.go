package spec

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func formatDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/format/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks returns the fenced blocks of a language.
func blocks(text, language string) (list []string) {
	for i, part := range strings.Split(text, "```") {
		if body, ok := strings.CutPrefix(part, language+"\n"); ok && i%2 == 1 {
			list = append(list, body)
		}
	}
	return list
}

func TestDocumentedExamplesAreRead(t *testing.T) {
	pointer := blocks(formatDoc(t, "pointer.md"), "yaml")[0]
	p, err := ParsePointer("images.mlv", []byte(pointer))
	if err != nil {
		t.Fatal(err)
	}
	p.doc = nil
	if b, err := p.Format(); err != nil || string(b) != pointer {
		t.Errorf("%v: %s", err, cmp.Diff(pointer, string(b)))
	}
	if _, problems := ParseFile(FileName, []byte(blocks(formatDoc(t, "mlv-yaml.md"), "yaml")[0]), 0); len(problems) > 0 {
		t.Error(problems)
	}
	lock := formatDoc(t, "mlv-lock.md")
	l, err := ParseLock(LockName, []byte(blocks(lock, "yaml")[0]))
	if err != nil {
		t.Fatal(err)
	}
	e := l.Get("sort")
	if !e.Intact() {
		t.Errorf("sum is %s", e.sum())
	}
	if diff := cmp.Diff(blocks(lock, "")[0], string(e.KeyLines())); diff != "" || !strings.Contains(lock, e.Key().String()) {
		t.Errorf("key %s of\n%s", e.Key(), diff)
	}
	trust := blocks(formatDoc(t, "config.md"), "yaml")[0]
	c, err := NewConfig(ConfigOptions{User: document(t, "config.yaml", trust)})
	if err != nil || !c.Trusted("01JD8Z6W3Q4R5T6Y7V8K9M0P1A", "s3://bucket/prefix") {
		t.Error(err)
	}
}

func TestDocumentedKeysAreTheTable(t *testing.T) {
	var want strings.Builder
	for _, k := range Keys() {
		in := "yes"
		if k.Personal {
			in = "no"
		}
		def := k.Default
		if def != "" {
			def += " "
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s| %s | %s |\n", k.Name, k.Kind, def, in, k.Doc)
	}
	if doc := formatDoc(t, "config.md"); !strings.Contains(doc, want.String()) {
		t.Errorf("docs/format/config.md does not hold\n%s", want.String())
	}
}

// TestDocumentedFieldsAreAllFields holds that every field that is read has its
// row, and every row is read.
func TestDocumentedFieldsAreAllFields(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\|")
	name := regexp.MustCompile("`([a-z_]+)`")
	fields := func(doc string) (list []string) {
		for _, m := range row.FindAllStringSubmatch(doc, -1) {
			for _, n := range name.FindAllStringSubmatch(m[1], -1) {
				list = append(list, n[1])
			}
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	want := slices.Concat(fileFields, sections(), stageFields, outFields)
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), fields(formatDoc(t, "mlv-yaml.md"))); diff != "" {
		t.Error(diff)
	}
	want = append(slices.Clone(pointerKeys[:]), "source")
	slices.Sort(want)
	if diff := cmp.Diff(want, fields(formatDoc(t, "pointer.md"))); diff != "" {
		t.Error(diff)
	}
}
