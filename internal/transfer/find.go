package transfer

import (
	"context"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// located is where an output is on the remote: a top node that was read, or
// where it lies.
type located struct {
	node   *node
	spot   spot
	record object.ID // root of the record that says so
}

// fewRoots is up to how many roots their own records are asked for first.
const fewRoots = 4

// A finder locates outputs on a remote.
type finder struct {
	view    *view
	history History
	avoid   map[object.ID]bool // records, by root, that led astray
	at      map[object.ID]located
	damaged map[object.ID]error // records that can't be read
}

func newFinder(v *view, h History) *finder {
	return &finder{view: v, history: h, at: map[object.ID]located{}, damaged: map[object.ID]error{}}
}

// find locates outputs as well as it can. Of few, it looks at their own
// records first; of many, at those of project trees that list them.
func (f *finder) find(ctx context.Context, outputs []object.Entry) error {
	if len(outputs) <= fewRoots {
		if err := f.own(ctx, outputs); err != nil {
			return err
		}
		return f.projects(ctx, f.rest(outputs))
	}
	if err := f.projects(ctx, outputs); err != nil {
		return err
	}
	return f.own(ctx, f.rest(outputs))
}

// rest returns the outputs that were not located yet.
func (f *finder) rest(outputs []object.Entry) (rest []object.Entry) {
	for _, e := range outputs {
		if _, ok := f.at[e.ID]; !ok {
			rest = append(rest, e)
		}
	}
	return rest
}

// own looks at the records of the outputs themselves.
func (f *finder) own(ctx context.Context, outputs []object.Entry) error {
	var roots []tree
	seen := map[object.ID]bool{}
	for _, e := range outputs {
		if !seen[e.ID] && !f.avoid[e.ID] {
			seen[e.ID] = true
			roots = append(roots, tree{e.Path, e.ID})
		}
	}
	found, err := f.view.ofRoots(ctx, roots, func(t tree, err error) { f.damaged[t.id] = err })
	for _, r := range found {
		f.at[r.root] = located{r.node, r.spot, r.root}
	}
	return err
}

// projects looks at project trees, newest first, until all are located.
func (f *finder) projects(ctx context.Context, outputs []object.Entry) error {
	if f.history == nil || len(outputs) == 0 {
		return nil
	}
	looked := 0
	for lines, err := range f.history {
		if err != nil {
			return err
		}
		if looked++; looked > lookBack+1 {
			break
		}
		if err := f.project(ctx, lines, outputs); err != nil {
			return err
		}
		if outputs = f.rest(outputs); len(outputs) == 0 {
			break
		}
	}
	return nil
}

// project looks at one project tree, if it lists any of the outputs.
func (f *finder) project(ctx context.Context, lines, outputs []object.Entry) error {
	wanted := map[object.ID]bool{}
	for _, e := range outputs {
		wanted[e.ID] = true
	}
	var under scope
	for _, e := range lines {
		if wanted[e.ID] {
			under = append(under, e.Path)
		}
	}
	if len(under) == 0 {
		return nil
	}
	p, err := newProject(lines)
	if err != nil || f.avoid[p.root.ID] {
		return err
	}
	r, err := f.view.record(ctx, tree{id: p.root.ID})
	if err != nil || r.node == nil {
		if isLoss(err) {
			err = nil
		}
		return err
	}
	d := &descent{
		view:  f.view,
		enter: func(n *node, k int, after fsx.Path) bool { return under.meets(after, n.list.Children[k].Last) },
		inner: func(*node) error { return nil },
		bad:   func(ref nodeRef, err error) {},
	}
	d.leaf = func(nodes []*node) error {
		for _, n := range nodes {
			for k, e := range n.list.Entries {
				if _, ok := f.at[e.ID]; !ok && wanted[e.ID] && n.spots[k].kind != nowhere {
					f.at[e.ID] = located{spot: n.spots[k], record: r.root}
				}
			}
		}
		return nil
	}
	d.add(r.node)
	return d.run(ctx)
}

// locate finds the wants with the given numbers, without the records that led
// astray before, and names those that are nowhere.
func (f *fetch) locate(ctx context.Context, numbers []int, avoid map[object.ID]bool) (map[int]located, error) {
	var outputs []object.Entry
	for _, i := range numbers {
		outputs = append(outputs, f.opts.Wants[i].Entry)
	}
	finder := newFinder(f.view, f.opts.History)
	finder.avoid = avoid
	if err := finder.find(ctx, outputs); err != nil {
		return nil, err
	}
	at := map[int]located{}
	for _, i := range numbers {
		w := &f.opts.Wants[i]
		l, ok := finder.at[w.ID]
		switch {
		case ok && l.node != nil:
			n := *l.node // each want has its own
			n.at, n.tag = w.Path, i
			l.node = &n
			at[i] = l
		case ok:
			at[i] = l
		case finder.damaged[w.ID] != nil:
			f.lose(i, w.Path, finder.damaged[w.ID], "its record can't be read")
		default:
			f.lost[i] = append(f.lost[i], errs.At(errs.Missing, string(w.Path), "run 'mlv push' where the data is",
				"object %s is not on %s", w.ID.Short(), f.opts.Remote))
		}
	}
	return at, nil
}
