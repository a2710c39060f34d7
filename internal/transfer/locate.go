package transfer

import (
	"context"
	"slices"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
	"github.com/mlv-dev/mlv/internal/par"
)

const (
	// lookBack is how many commits of a History are looked at: HEAD and eight
	// before.
	lookBack = 9
	// manyRoots is from how many roots on one listing of all records is
	// cheaper than asking for each.
	manyRoots = 100
	// maxRecord bounds a record as it is stored; what it decodes to is bounded
	// apart.
	maxRecord = pack.MaxText
)

// A record is what the remote says of one version: a node whose hash is its
// root, or for a file the place of its content.
type record struct {
	root  object.ID
	size  int64
	bytes []byte // as stored
	node  *node  // of a tree
	spot  spot   // of a file
}

// record reads the record of a root. Without one the error is of class
// Missing, if it is damaged of class Corrupt.
func (v *view) record(ctx context.Context, t tree) (*record, error) {
	b, err := getAll(ctx, v.bucket, recordKey(t.id), maxRecord)
	if err != nil {
		return nil, err
	}
	plain, err := v.decode(b)
	if err != nil {
		return nil, err
	}
	r, err := v.parseRecord(t, plain)
	if err != nil {
		return nil, errs.At(errs.Corrupt, recordKey(t.id), "", "%w", err)
	}
	r.bytes = b
	return r, nil
}

// newest returns the project and the record of the newest of a History whose
// project tree has one that can be read, nil if none has.
func (v *view) newest(ctx context.Context, h History, skip object.ID) (*record, error) {
	if h == nil {
		return nil, nil
	}
	looked := 0
	for outputs, err := range h {
		if err != nil {
			return nil, err
		}
		if looked == lookBack {
			break
		}
		looked++
		p, err := newProject(outputs)
		if err != nil {
			return nil, err
		}
		if p.root.ID == skip {
			continue
		}
		r, err := v.record(ctx, tree{id: p.root.ID})
		if err == nil || !isLoss(err) {
			return r, err
		}
	}
	return nil, nil
}

// ofRoots reads the records of some roots, those that there are. Of damaged
// ones it tells by bad.
func (v *view) ofRoots(ctx context.Context, roots []tree, bad func(tree, error)) ([]*record, error) {
	if len(roots) > manyRoots {
		var err error
		if roots, err = v.listed(ctx, roots); err != nil {
			return nil, err
		}
	}
	var mu sync.Mutex
	var found []*record
	err := par.Each(ctx, v.extents.jobs, slices.Values(roots), func(ctx context.Context, t tree) error {
		r, err := v.record(ctx, t)
		if err != nil && !isLoss(err) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			found = append(found, r)
		case errs.KindOf(err) == errs.Corrupt:
			bad(t, err)
		}
		return nil
	})
	return found, err
}

// listed returns those roots that have a record.
func (v *view) listed(ctx context.Context, roots []tree) (there []tree, err error) {
	keys := map[string]tree{}
	for _, t := range roots {
		keys[recordKey(t.id)] = t
	}
	for info, err := range v.bucket.List(ctx, recordPrefix) {
		if err != nil {
			return nil, err
		}
		if t, ok := keys[info.Key]; ok {
			there = append(there, t)
		}
	}
	return there, nil
}
