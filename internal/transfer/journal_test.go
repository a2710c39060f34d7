package transfer

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

// example returns the journal that docs/format/journal.md shows, which ends in
// the middle of a part.
func example(t testing.TB) []byte {
	t.Helper()
	page, err := os.ReadFile("../../docs/format/journal.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(page), "\n    "+journalWord)
	if !ok {
		t.Fatal("the page has no example")
	}
	return []byte(strings.TrimRight(strings.ReplaceAll(journalWord+after, "\n    ", "\n"), "\n"))
}

func TestJournalIsAsThePageShowsIt(t *testing.T) {
	j := &journal{old: example(t)}
	j.trim()
	if want := time.Unix(1767225600, 0); !j.began.Equal(want) {
		t.Fatalf("began %v, want %v", j.began, want)
	}
	var parts []part
	if err := j.resume(j.began.Add(time.Hour), func(p part) error { parts = append(parts, p); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(parts) != 1 || parts[0].word != partBlobs || len(parts[0].rows) != 2 || parts[0].rows[1].spot.skip != 6 {
		t.Errorf("parts %+v", parts)
	}
}

func TestOldOrStrangeJournalIsForgotten(t *testing.T) {
	whole := example(t)
	for name, test := range map[string]struct {
		text []byte
		age  time.Duration
		want int
	}{
		"young":             {whole, time.Hour, 1},
		"a month old":       {whole, 31 * day, 0},
		"from the future":   {whole, -31 * day, 0},
		"of a newer mlv":    {bytes.Replace(whole, []byte("journal 1"), []byte("journal 2"), 1), 0, 0},
		"with a newer part": {bytes.Replace(whole, []byte("\nc 8ab"), []byte("\nz 8ab"), 1), 0, 0},
		"spelled otherwise": {bytes.Replace(whole, []byte(" 16 6\n"), []byte(" 16 06\n"), 1), 0, 0},
		"empty":             {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := fsx.OpenRoot(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = root.Close() }()
			j, err := openJournal(t.Context(), root, "url", 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = j.close() }()
			j.old = test.text
			j.trim()
			n := 0
			if err := j.resume(time.Unix(1767225600, 0).Add(test.age), func(part) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			if n != test.want {
				t.Errorf("%d parts, want %d", n, test.want)
			}
		})
	}
}

func TestFinishedPushLeavesNoJournal(t *testing.T) {
	s := newSite(t)
	s.push(new(remote.Mem), []object.Entry{s.dirOf("data", numbered(10))})
	names, err := os.ReadDir(filepath.Join(s.dir, "push"))
	if err != nil || len(names) > 0 {
		t.Errorf("%v is left (%v)", names, err)
	}
}

func TestKilledPushStartsOverAfterAMonth(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	outputs := []object.Entry{s.dirOf("data", numbered(10))}
	if _, err := Push(t.Context(), s.options(remote.Fail(mem, remote.KillAfter(1)), outputs)); err == nil {
		t.Fatal("not killed")
	}
	name := filepath.Join(s.dir, "push", object.Sum([]byte(testURL)).String()[:32])
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, parts, _ := strings.Cut(string(b), "\n")
	if err := os.WriteFile(name, []byte(journalWord+"1700000000\n"+parts), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.push(mem, outputs); r.Files != 10 || r.Containers != 2 {
		t.Errorf("%+v, want all sent again", r)
	}
	audit(t, mem)
}

func FuzzParsePart(f *testing.F) {
	_, parts, _ := bytes.Cut(example(f), []byte("\n"))
	f.Add(parts)
	id := strings.Repeat("0a", 32)
	f.Add([]byte("t " + id + " 1 " + id + "\n" + id + " 1 2 3 0 0\nend\n"))
	f.Add([]byte("f " + id + " 0 " + id + "\nend\n"))
	var bases bytes.Buffer
	w := bufio.NewWriter(&bases)
	p := basesPart([]rest{{object.Sum([]byte("root")), object.Sum([]byte("record"))}})
	p.write(w)
	if err := w.Flush(); err != nil {
		f.Fatal(err)
	}
	if _, follows, err := parsePart(bases.Bytes()); err != nil || len(follows) > 0 {
		f.Fatalf("%q: %v", bases.Bytes(), err)
	}
	f.Add(bases.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := parsePart(b)
		if err != nil {
			return
		}
		if !p.spells(b[:len(b)-len(rest)]) || !bytes.HasSuffix(b, rest) {
			t.Errorf("%q is read as %+v", b, p)
		}
	})
}
