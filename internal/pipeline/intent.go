package pipeline

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// An intent is written before a stage's outs are touched, and says how to undo
// that. Once it holds the entry of the run, there is nothing to undo: the run
// counts, and what is left to do is to record that.
type intent struct {
	Version int        `json:"version"`
	Stage   string     `json:"stage"` // its address
	Name    string     `json:"name"`
	Dir     fsx.Path   `json:"dir"` // of its lock
	Pid     int        `json:"pid"`
	Since   time.Time  `json:"since"`
	Outs    []setAside `json:"outs"`
	Entry   string     `json:"entry,omitempty"` // a lock with the entry alone

	slug fsx.Path
}

// A setAside is an out and where its old bytes are.
type setAside struct {
	Path  fsx.Path `json:"path"`
	Aside fsx.Path `json:"aside,omitempty"` // where what stood there waits; empty: nothing did, or it stays
	Known bool     `json:"known,omitempty"` // the cache has these bytes, too
	Stays bool     `json:"stays,omitempty"` // persist: saved in the cache as
	ID    string   `json:"id,omitempty"`
	Size  int64    `json:"size,omitempty"`
	Files int64    `json:"files,omitempty"`
	Mode  string   `json:"mode,omitempty"`
}

// saved returns what an out that stays was before the run.
func (a *setAside) saved() (Found, error) {
	id, err := object.ParseID(a.ID)
	if err != nil || len(a.Mode) != 1 {
		return Found{}, fmt.Errorf("%s: intent names no content: %w", a.Path, err)
	}
	return Found{ID: id, Size: a.Size, Files: a.Files, Mode: object.Mode(a.Mode[0])}, nil
}

// maxIntent is the most bytes that an intent may have.
const maxIntent = 64 << 20

func intentOf(slug fsx.Path) fsx.Path { return asideDir.Join(slug).Join("intent") }

// write makes the intent durable.
func (p *Pipeline) write(in *intent) error {
	b, err := json.MarshalIndent(in, "", " ")
	if err != nil {
		return err
	}
	return p.opt.Root.WriteFile(intentOf(in.slug), b, fsx.WriteOptions{})
}

// intent returns the intent that a run left behind, nil if there is none.
func (p *Pipeline) intent(slug fsx.Path) (*intent, error) {
	b, err := p.opt.Root.ReadFile(intentOf(slug), maxIntent)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	in := &intent{slug: slug}
	if err := json.Unmarshal(b, in); err != nil || in.Version != 1 {
		return nil, errs.At(errs.Corrupt, string(intentOf(slug)), "", "no intent that this mlv can read (version %d): %w", in.Version, err)
	}
	for i := range in.Outs { // the file is ours, but it names what is deleted
		for _, path := range []fsx.Path{in.Outs[i].Path, in.Outs[i].Aside} {
			if _, err := fsx.ParsePath(string(path)); path != "" && err != nil {
				return nil, errs.At(errs.Corrupt, string(intentOf(slug)), "", "%w", err)
			}
		}
	}
	return in, nil
}
