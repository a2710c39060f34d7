package transfer

import (
	"context"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// leavesAtOnce is how many nodes of level 0 are in memory at once: some forty
// thousand lines.
const leavesAtOnce = 256

// A descent goes from the tops of trees on the remote down to their lines,
// level by level, so that neighbours of all trees are read with one request.
type descent struct {
	view  *view
	enter func(n *node, k int, after fsx.Path) bool // whether child k is wanted; nothing before "after" is in it
	inner func(*node) error                         // called with every node above level 0
	leaf  func([]*node) error                       // called with those of level 0, some at a time, in order
	bad   func(nodeRef, error)                      // called with nodes that can't be read

	refs  [object.MaxLevel + 1][]nodeRef
	nodes [object.MaxLevel + 1][]*node // read already
}

// add begins with a node that was read.
func (d *descent) add(n *node) { d.nodes[n.list.Level] = append(d.nodes[n.list.Level], n) }

// addTops begins with tops that are yet to be read.
func (d *descent) addTops(ctx context.Context, refs []nodeRef) error {
	nodes, err := d.view.read(ctx, refs, d.bad)
	for _, n := range nodes {
		d.add(n)
	}
	return err
}

func (d *descent) run(ctx context.Context) error {
	for level := object.MaxLevel; level > 0; level-- {
		nodes, err := d.view.read(ctx, d.refs[level], d.bad)
		if err != nil {
			return err
		}
		for _, n := range append(nodes, d.nodes[level]...) {
			if err := d.inner(n); err != nil {
				return err
			}
			d.children(n)
		}
		d.refs[level], d.nodes[level] = nil, nil
	}
	if len(d.nodes[0]) > 0 {
		if err := d.leaf(d.nodes[0]); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(d.refs[0], leavesAtOnce) {
		nodes, err := d.view.read(ctx, some, d.bad)
		if err != nil {
			return err
		}
		if err := d.leaf(nodes); err != nil {
			return err
		}
	}
	return nil
}

// children enters the wanted children of n.
func (d *descent) children(n *node) {
	level := n.list.Level - 1
	after := n.after
	for k := range n.list.Children {
		c := &n.list.Children[k]
		if d.enter(n, k, after) {
			d.refs[level] = append(d.refs[level], nodeRef{
				id: c.ID, chunked: n.list.Chunked, spot: n.spots[k], level: level, child: c,
				at: n.at, after: after, tag: n.tag,
			})
		}
		after = c.Last
	}
}
