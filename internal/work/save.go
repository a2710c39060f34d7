package work

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/store"
)

// A Found is what stands at a path.
type Found struct {
	object.Entry       // mode Tree for a folder
	Files        int64 // lines of a folder's tree, 1 for a file
}

// Hash returns the hash of what stands at the path, reading only what the
// state index doesn't know. Nothing is stored but the index. Without anything
// there the error is fs.ErrNotExist.
func (p *Project) Hash(ctx context.Context, at fsx.Path) (Found, error) {
	s, err := p.look(ctx, at, p.scanOptions(at, nil))
	if err != nil {
		return Found{}, err
	}
	defer s.close()
	found, err := s.hash(into(ctx, nil))
	if err != nil {
		return Found{}, err
	}
	p.rememberQuietly(ctx, s, found.ID)
	return found, nil
}

// Save is Hash, and puts all content into the cache, durably. The caller holds
// the output's lock.
func (p *Project) Save(ctx context.Context, at fsx.Path) (Found, error) {
	batch := p.store.NewBatch()
	defer batch.Discard()
	s, found, err := p.save(ctx, batch, at)
	if err != nil {
		return Found{}, err
	}
	defer s.close()
	if err := batch.Commit(ctx); err != nil {
		return Found{}, err
	}
	_ = s.remember(found.ID) // the index only saves time
	return found, nil
}

// save puts what stands at the path into the batch. Once that is committed,
// the caller has the scan remember what it saw; in any case it closes it.
func (p *Project) save(ctx context.Context, batch *store.Batch, at fsx.Path) (*scan, Found, error) {
	s, err := p.look(ctx, at, p.scanOptions(at, batch))
	if err != nil {
		return nil, Found{}, err
	}
	found, err := s.hash(into(ctx, batch))
	if err != nil {
		s.close()
		return nil, Found{}, err
	}
	return s, found, nil
}

// into returns what stores the nodes of a tree in the batch, if there is one.
func into(ctx context.Context, batch *store.Batch) func(*object.Node) error {
	return func(n *object.Node) error {
		if batch == nil {
			return nil
		}
		return batch.PutNode(ctx, n.ID, n.Text)
	}
}

func (p *Project) scanOptions(at fsx.Path, batch *store.Batch) scanOptions {
	return scanOptions{batch: batch, rules: p.rulesAbove(at), jobs: p.opt.Jobs, meter: p.opt.Meter}
}

// rulesAbove returns the rules of the .mlvignore files in the folders above a
// path.
func (p *Project) rulesAbove(at fsx.Path) *spec.Ignore {
	if at == "" {
		return nil
	}
	dir := at.Dir()
	rules := p.rulesAbove(dir)
	b, err := p.Root.ReadFile(dir.Join(spec.IgnoreName), maxIgnore)
	if err != nil {
		return rules // there is none, or it says nothing
	}
	return rules.With(dir, b)
}

// hash returns the hash of what was found. Where nothing changed and nothing is
// to be saved, the state knows it.
func (s *scan) hash(emit func(*object.Node) error) (Found, error) {
	if s.opt.batch == nil && s.unchanged() && s.kind == fsx.Dir {
		f := Found{Entry: object.Entry{Path: s.path, ID: s.state.Root(), Mode: object.Tree}, Files: int64(s.state.Files())}
		for i := range s.state.Files() {
			f.Size += s.state.File(i).Size
		}
		return f, nil
	}
	e, root, err := s.entry(emit)
	return Found{e, root.Files}, err
}

var errNotTracked = errors.New("is not tracked by mlv")
