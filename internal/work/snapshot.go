package work

import (
	"bytes"
	"context"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// A Snapshot is what stands at a path now, as a tree that can be read like one
// of the cache's.
type Snapshot struct {
	Found
	nodes map[object.ID][]byte
	next  object.Getter
}

// Node returns the text of a node of the snapshot, or of one in the cache.
func (s *Snapshot) Node(ctx context.Context, id object.ID) ([]byte, error) {
	if text, ok := s.nodes[id]; ok {
		return text, nil
	}
	return s.next(ctx, id)
}

// Snapshot looks at a path and keeps the tree of what stands there in memory,
// about 130 bytes a file. Nothing goes to the cache.
func (p *Project) Snapshot(ctx context.Context, at fsx.Path) (*Snapshot, error) {
	s, err := p.look(ctx, at, p.scanOptions(at, nil))
	if err != nil {
		return nil, err
	}
	defer s.close()
	snap := &Snapshot{nodes: map[object.ID][]byte{}, next: p.nodes(at)}
	e, root, err := s.entry(func(n *object.Node) error {
		snap.nodes[n.ID] = bytes.Clone(n.Text)
		return nil
	})
	if err != nil {
		return nil, err
	}
	snap.Found = Found{e, root.Files}
	p.rememberQuietly(ctx, s, snap.ID)
	return snap, nil
}

// Node returns the text of a node from the cache; it is an object.Getter.
func (p *Project) Node(ctx context.Context, id object.ID) ([]byte, error) {
	return p.store.Node(ctx, id)
}

// InCache tells whether the cache has the content of an output, looking at no
// byte of it: of a directory its list of files, or with whole all of it. What
// can't be told is not there.
func (p *Project) InCache(ctx context.Context, e object.Entry, whole bool) (bool, error) {
	if e.Mode != object.Tree || !whole {
		return p.saved(e.ID), nil
	}
	for line, err := range object.Entries(ctx, p.store.Node, e.ID, object.Scope{}) {
		if kind := errs.KindOf(err); kind == errs.Missing || kind == errs.Corrupt {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !p.saved(line.ID) {
			return false, nil
		}
	}
	return true, nil
}
