package transfer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

func TestChangeInALargeFileSendsWhatChanged(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	old := noise(12<<20, 1)
	changed := bytes.Clone(old)
	copy(changed[6<<20:], "changed")
	changed = append([]byte("inserted in front"), changed...)
	before := []object.Entry{s.dirOf("data", files{"w": old}), s.fileOf("model", noise(8<<20, 2))}
	after := []object.Entry{s.dirOf("data", files{"w": changed}), before[1]}
	s.push(mem, before)
	r := s.push(mem, after, before)
	if r.Files != 1 || r.Sent > 1<<20 {
		t.Errorf("%+v, want two chunks", r)
	}
	roots := audit(t, mem)
	wantFiles(t, "data", roots[after[0].ID], files{"w": changed})
	other := newSite(t)
	f, err := other.fetch(mem, history(after), after...)
	if err != nil || f.Files != 2 {
		t.Fatalf("%+v (%v)", f, err)
	}
	other.wantHere(after[0], files{"w": changed})
	other.wantHere(after[1], files{"": noise(8<<20, 2)})
}

// Zeros are one chunk many times over.
func TestRepeatedChunksAreSentOnce(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	zeros := make([]byte, 10<<20)
	outputs := []object.Entry{s.fileOf("zeros", zeros)}
	if r := s.push(mem, outputs); r.Sent > 100_000 {
		t.Errorf("%+v", r)
	}
	other := newSite(t)
	if r, err := other.fetch(mem, nil, outputs...); err != nil {
		t.Fatalf("%+v (%v)", r, err)
	}
	other.wantHere(outputs[0], files{"": zeros})
}

// Short runs of the base's chunks between changes are sent again: else a file
// that changes a little each time would end in pieces all over the remote.
func TestShortRunsAreSentAgain(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	old := noise(8<<20, 1)
	changed := bytes.Clone(old)
	for at := 0; at < len(changed); at += 256 << 10 {
		changed[at] ^= 1
	}
	before, after := []object.Entry{s.fileOf("w", old)}, []object.Entry{s.fileOf("w", changed)}
	s.push(mem, before)
	if r := s.push(mem, after, before); r.Sent < 8<<20 {
		t.Errorf("%+v, want all of it", r)
	}
	wantFiles(t, "w", audit(t, mem)[after[0].ID], files{"": changed})
}

func TestDamagedLargeFileIsNotPushed(t *testing.T) {
	s := newSite(t)
	content := noise(5<<20, 1)
	outputs := []object.Entry{s.fileOf("w", content), s.fileOf("x", text("x"))}
	path := "cache/files/" + outputs[0].ID.String()[:2] + "/" + outputs[0].ID.String()
	damageFile(t, s, path)
	mem := new(remote.Mem)
	_, err := Push(t.Context(), s.options(mem, outputs))
	if err == nil || !strings.Contains(err.Error(), "w: not pushed") {
		t.Errorf("push: %v", err)
	}
	if roots := audit(t, mem); len(roots) != 1 {
		t.Errorf("%d records, want that of x", len(roots))
	}
}
