package transfer

import (
	"context"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

// An inventory tells what of some wants is in the cache.
type inventory struct {
	store    *store.Store
	complete map[completeKey]bool // nodes of which all that is wanted is here
}

// A completeKey is a node as one of the wants needs it.
type completeKey struct {
	want int
	node object.ID
}

func newInventory(s *store.Store) *inventory {
	return &inventory{store: s, complete: map[completeKey]bool{}}
}

// has tells whether all of a want is here. Numbers must be those by which
// complete is asked.
func (v *inventory) has(ctx context.Context, number int, w Want) (bool, error) {
	if w.Mode != object.Tree {
		return v.store.Has(w.ID)
	}
	return v.node(ctx, number, scope(w.Under), w.ID, "")
}

func (v *inventory) node(ctx context.Context, number int, under scope, id object.ID, after fsx.Path) (bool, error) {
	key := completeKey{number, id}
	if v.complete[key] {
		return true, nil
	}
	text, err := v.store.Get(ctx, id, nil)
	if err != nil {
		if isLoss(err) {
			err = nil
		}
		return false, err
	}
	list, err := object.ParseNode(text)
	if err != nil {
		return false, err
	}
	all := true
	for k := range list.Entries {
		e := &list.Entries[k]
		if e.Size == 0 || !all || !under.has(e.Path) {
			continue
		}
		if all, err = v.store.Has(e.ID); err != nil {
			return false, err
		}
	}
	for k := range list.Children {
		c := &list.Children[k]
		if !under.meets(after, c.Last) {
			after = c.Last
			continue
		}
		here, err := v.node(ctx, number, under, c.ID, after)
		if err != nil {
			return false, err
		}
		all = all && here
		after = c.Last
	}
	v.complete[key] = all
	return all, nil
}
