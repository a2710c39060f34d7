package transfer

import (
	"context"
	"fmt"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// chunkedFrom is from what size on a file is stored as a tree of chunks.
const chunkedFrom = 4<<20 + 1

// A plan is what a push found out: a row for every object that it met, with
// its place where the remote has it, and what is to be sent.
type plan struct {
	tab     *table
	project layer                // new nodes of the project tree
	outputs layer                // those of the directories that it lists
	need    []uint32             // blobs to send, in the order of the trees
	large   map[uint32]fsx.Path  // of the chunked ones, where they are in the project
	bases   map[fsx.Path]earlier // trees and chunked files of the bases, by path
	faults  map[uint32]error     // why rows are lost

	averages map[uint32]object.Root // of large files, the chunk trees of their bases
	chunks   map[uint32][]uint32    // of those that were sent, the chunks in order
}

// A layer is the new nodes of some trees, by level, in the order of the trees.
type layer [object.MaxLevel + 1][]item

// An earlier is a tree or chunked file of a base.
type earlier struct {
	id   object.ID
	spot spot
}

// An item is a node, and the path of the tree that it was met in.
type item struct {
	row uint32
	at  fsx.Path
}

func newPlan() plan {
	return plan{
		tab: newTable(), large: map[uint32]fsx.Path{}, bases: map[fsx.Path]earlier{}, faults: map[uint32]error{},
		averages: map[uint32]object.Root{}, chunks: map[uint32][]uint32{},
	}
}

// compare finds what is new in the wanted trees against those the remote has,
// level by level from the top, leaving out nodes that both have. New nodes go
// to l. A node of a base that can't be read tells nothing: what only it knows
// of is sent again.
func (p *push) compare(ctx context.Context, l *layer, wanted []tree, bases []*node) error {
	tops := p.tops(ctx, wanted)
	var old [object.MaxLevel + 1][]nodeRef
	for level := object.MaxLevel; level >= 0; level-- {
		nodes, err := p.view.read(ctx, p.unshared(old[level]), nil)
		if err != nil {
			return err
		}
		for _, n := range bases {
			if n.list.Level == level {
				nodes = append(nodes, n)
			}
		}
		for _, n := range nodes {
			if refs := p.learn(n); level > 0 {
				old[level-1] = append(old[level-1], refs...)
			}
		}
		for _, t := range tops[level] {
			if p.want(t.row) {
				l[level] = append(l[level], t)
			}
		}
		for _, t := range l[level] {
			children, err := p.expand(ctx, t)
			if err != nil {
				return err
			}
			if level > 0 {
				l[level-1] = append(l[level-1], children...)
			}
		}
	}
	return nil
}

// A tree is one to compare, and where in the project it is.
type tree struct {
	at fsx.Path
	id object.ID
}

// tops sorts trees by the level of their top nodes.
func (p *push) tops(ctx context.Context, wanted []tree) (tops layer) {
	for _, w := range wanted {
		i := p.tab.add(w.id, asNode)
		if p.tab.at(i).spot.kind != nowhere {
			continue
		}
		text, err := p.local(ctx, w.id)
		if err != nil {
			p.lose(i, err)
			continue
		}
		list, err := object.ParseNode(text)
		if err != nil {
			p.lose(i, err)
			continue
		}
		tops[list.Level] = append(tops[list.Level], item{i, w.at})
	}
	return tops
}

// learn enters in the table where the lines of a node of a base lie, and
// returns the nodes among them.
func (p *push) learn(n *node) (refs []nodeRef) {
	for k := range n.list.Children {
		c := &n.list.Children[k]
		p.know(c.ID, asNode, n.spots[k])
		refs = append(refs, nodeRef{id: c.ID, spot: n.spots[k], level: n.list.Level - 1, child: c, at: n.at})
	}
	for k := range n.list.Entries {
		e := &n.list.Entries[k]
		s := n.spots[k]
		if s.kind == nowhere {
			continue
		}
		p.know(e.ID, classOf(n.list, k), s)
		if s.kind == inNodes {
			p.bases[n.at.Join(e.Path)] = earlier{e.ID, s}
		}
	}
	return refs
}

// know enters where an object lies, unless that can't be relied on.
func (p *push) know(id object.ID, c class, s spot) *row {
	i := p.tab.add(id, c)
	r := p.tab.at(i)
	if p.damage.bad(id, c, s) {
		p.damage.old[i] = s
		return nil
	}
	if r.spot.kind == nowhere {
		r.spot = s
	}
	return r
}

// unshared leaves out the nodes that the wanted trees have, too.
func (p *push) unshared(refs []nodeRef) (rest []nodeRef) {
	for _, ref := range refs {
		if r := p.tab.find(ref.id, asNode); r == nil || r.flags&shared == 0 {
			rest = append(rest, ref)
		}
	}
	return rest
}

// want tells whether row i has to be sent and wasn't wanted before.
func (p *push) want(i uint32) bool {
	r := p.tab.at(i)
	switch {
	case r.spot.kind != nowhere:
		r.flags |= shared
		return false
	case r.flags&fresh != 0:
		return false
	}
	r.flags |= fresh
	return true
}

// expand reads a new node from the cache, wants its lines, and returns the
// nodes among them that are new.
func (p *push) expand(ctx context.Context, t item) (children []item, err error) {
	list, err := p.listing(ctx, t.row)
	if err != nil {
		if !isLoss(err) {
			return nil, err
		}
		p.lose(t.row, err)
		return nil, nil
	}
	for i := range list.Children {
		c := p.tab.add(list.Children[i].ID, asNode)
		if p.want(c) {
			children = append(children, item{c, t.at})
		}
	}
	for i := range list.Entries {
		e := &list.Entries[i]
		if e.Size == 0 && e.Mode != object.Tree {
			continue
		}
		b := p.tab.add(e.ID, classOf(list, i))
		p.tab.at(b).size = e.Size
		if e.Mode == object.Tree || !p.want(b) { // trees are compared on their own
			continue
		}
		if p.damage != nil {
			p.damage.at[b] = t.at.Join(e.Path)
		}
		p.need = append(p.need, b)
		p.bytes += e.Size
		if e.Size >= chunkedFrom {
			p.large[b] = t.at.Join(e.Path)
		}
	}
	return children, nil
}

// listing reads the node of row i from the cache.
func (p *push) listing(ctx context.Context, i uint32) (*object.Listing, error) {
	text, err := p.local(ctx, p.tab.at(i).id)
	if err != nil {
		return nil, err
	}
	return object.ParseNode(text)
}

// local returns the text of a node of the wanted trees.
func (p *push) local(ctx context.Context, id object.ID) ([]byte, error) {
	if text, ok := p.tree.nodes[id]; ok {
		return text, nil
	}
	return p.opts.Store.Get(ctx, id, nil)
}

// lose marks row i as one that can't be sent. Nobody else may be at work on
// it. What the remote has a doubtful copy of stays where it is: the rest is
// healed.
func (p *push) lose(i uint32, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damage != nil {
		if s, ok := p.damage.old[i]; ok && p.tab.at(i).flags&isNode == 0 {
			p.tab.at(i).spot = s
			p.damage.keep(i, err)
			return
		}
	}
	p.tab.at(i).flags |= lost
	p.faults[i] = err
}

// blame adds what keeps the output e from the remote, by path.
func (p *push) blame(ctx context.Context, e object.Entry, list *errs.List) {
	if i := p.tab.add(e.ID, classOfOutput(e)); p.tab.at(i).flags&lost != 0 {
		p.blameRow(ctx, e.Path, i, list)
	}
}

// blameRow goes down to the rows that can't be had themselves.
func (p *push) blameRow(ctx context.Context, at fsx.Path, i uint32, list *errs.List) {
	if err := p.faults[i]; err != nil {
		list.Add(&errs.Error{Kind: errs.KindOf(err), Path: string(at), Err: fmt.Errorf("not pushed: %w", err)})
		return
	}
	l, err := p.listing(ctx, i)
	if err != nil {
		list.Add(err)
		return
	}
	for k := range l.Len() {
		r := p.tab.find(l.ID(k), classOf(l, k))
		if r == nil || r.flags&lost == 0 {
			continue
		}
		below := at
		if l.Level == 0 {
			below = at.Join(l.Entries[k].Path)
		}
		p.blameRow(ctx, below, p.tab.add(r.id, r.flags&isNode), list)
	}
}
