package transfer

import (
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

func (s *site) fetch(b remote.Bucket, h History, outputs ...object.Entry) (FetchResult, error) {
	s.t.Helper()
	var wants []Want
	for _, e := range outputs {
		wants = append(wants, Want{Entry: e})
	}
	return Fetch(s.t.Context(), FetchOptions{Store: s.store, Bucket: b, Wants: wants, History: h})
}

// wantHere checks that a site's cache has all of an output.
func (s *site) wantHere(e object.Entry, want files) {
	s.t.Helper()
	s.reopen()
	got := files{}
	if e.Mode != object.Tree {
		b, err := s.store.Get(s.t.Context(), e.ID, nil)
		if err != nil {
			s.t.Error(err)
			return
		}
		got[""] = append([]byte{}, b...)
		wantFiles(s.t, string(e.Path), got, want)
		return
	}
	for line, err := range object.Entries(s.t.Context(), s.store.Node, e.ID, object.Scope{}) {
		if err != nil {
			s.t.Error(err)
			return
		}
		b, err := s.store.Get(s.t.Context(), line.ID, nil)
		if err != nil {
			s.t.Errorf("%s: %v", line.Path, err)
			continue
		}
		got[string(line.Path)] = append([]byte{}, b...)
		if line.Mode == object.Dir {
			got[string(line.Path)] = nil
		}
	}
	wantFiles(s.t, string(e.Path), got, want)
}

func TestFetchStoresWhatWasPushed(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	images := numbered(1000)
	images["empty"] = nil
	images["zero"] = []byte{}
	outputs := []object.Entry{
		s.dirOf("data/images", images), s.fileOf("model.bin", text("weights")), s.fileOf("none", nil), s.dirOf("nothing", files{}),
	}
	s.push(mem, outputs)
	other := newSite(t)
	r, err := other.fetch(mem, history(outputs), outputs...)
	if err != nil || r.UpToDate || r.Files != 1001 {
		t.Fatalf("result %+v (%v)", r, err)
	}
	other.wantHere(outputs[0], images)
	other.wantHere(outputs[1], files{"": text("weights")})
	other.wantHere(outputs[2], files{"": {}})
	other.wantHere(outputs[3], files{})
	if r, err := other.fetch(mem, history(outputs), outputs...); err != nil || !r.UpToDate || r.Requests != 0 {
		t.Errorf("second fetch: %+v (%v)", r, err)
	}
}
