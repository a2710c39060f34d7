package pipeline

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
)

// An intent is written before a stage's outs are touched, and says how to undo
// that. Once it holds the entry of the run, there is nothing to undo: the run
// counts, and what is left to do is to record that.
type intent struct {
	Version int        `json:"version"`
	Stage   string     `json:"stage"` // its address
	Dir     fsx.Path   `json:"dir"`   // of its lock
	Pid     int        `json:"pid"`
	Since   time.Time  `json:"since"`
	Outs    []setAside `json:"outs"`
	Entry   string     `json:"entry,omitempty"` // a lock with the entry alone

	slug  fsx.Path
	entry *spec.Entry // of Entry, once it was read
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
	if err == nil && len(a.Mode) != 1 {
		err = fmt.Errorf("mode %q", a.Mode)
	}
	if err != nil {
		return Found{}, fmt.Errorf("%s: no content named: %w", a.Path, err)
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
	in, err := parseIntent(slug, b)
	if err != nil {
		return nil, errs.At(errs.Corrupt, string(intentOf(slug)), "", "%w", err)
	}
	return in, nil
}

// parseIntent reads an intent. It is mlv's own file, but names what is moved
// and deleted: nothing in it may lie outside the project.
func parseIntent(slug fsx.Path, b []byte) (*intent, error) {
	in := &intent{slug: slug}
	if err := json.Unmarshal(b, in); err != nil {
		return nil, err
	}
	if in.Version != 1 {
		return nil, fmt.Errorf("version %d needs another mlv", in.Version)
	}
	if in.Dir != "" {
		if _, err := fsx.ParsePath(string(in.Dir)); err != nil {
			return nil, err
		}
	}
	for i := range in.Outs {
		out := &in.Outs[i]
		if _, err := fsx.ParsePath(string(out.Path)); err != nil {
			return nil, err
		}
		if out.Aside != "" && out.Aside != beside(out.Path, slug) && out.Aside.Dir() != asideDir.Join(slug) {
			return nil, fmt.Errorf("%s is no place for %s", out.Aside, out.Path)
		}
		if out.Stays {
			if _, err := out.saved(); err != nil {
				return nil, err
			}
		}
	}
	if in.Entry == "" {
		return in, nil
	}
	lock, err := spec.ParseLock("entry", []byte(in.Entry))
	if err != nil {
		return nil, err
	}
	if len(lock.Entries) != 1 || !lock.Entries[0].Intact() {
		return nil, fmt.Errorf("%d entries, not the record of one run", len(lock.Entries))
	}
	in.entry = lock.Entries[0]
	return in, nil
}
