package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/par"
)

// A damage is what a push with Verify found wrong with the remote, and must
// not build on. A nil one is none.
type damage struct {
	boxes   map[uint32]bool    // containers that are gone or have other bytes
	nodes   map[object.ID]bool // nodes at or below which something is wrong
	chunked map[spot]bool      // tops of chunk trees, the same
	records map[object.ID]bool // roots whose own record is gone or can't be read
	old     map[uint32]spot    // places of blobs that were not believed
	tree    *record            // of the project tree, if it can be read
	lines   map[object.ID]spot // where that says outputs are
	at      map[uint32]fsx.Path
	kept    int       // blobs that could not be healed
	list    errs.List // why
}

func newDamage() *damage {
	return &damage{
		boxes: map[uint32]bool{}, nodes: map[object.ID]bool{}, chunked: map[spot]bool{}, records: map[object.ID]bool{},
		lines: map[object.ID]spot{}, old: map[uint32]spot{}, at: map[uint32]fsx.Path{},
	}
}

// keep notes that a blob stays where it can't be relied on.
func (d *damage) keep(i uint32, err error) {
	d.kept++
	d.list.Add(&errs.Error{
		Kind: errs.KindOf(err), Path: string(d.at[i]), Hint: "run 'mlv push --verify' where the data is",
		Err: fmt.Errorf("damaged on the remote, and not healed: %w", err),
	})
}

// bad tells whether an object can't be relied on to be at s.
func (d *damage) bad(id object.ID, c class, s spot) bool {
	return d != nil && (d.boxes[s.box] || c == asNode && d.nodes[id] || d.chunked[s])
}

// projectTag marks the nodes of the project tree.
const projectTag = 1

// A walked is a node that verify met.
type walked struct {
	id    object.ID
	boxes []uint32 // that it and its lines lie in
	below []object.ID
	large []spot // tops of the chunk trees of its lines
}

// A walker gathers all that some records reach.
type walker struct {
	view    *view
	nodes   map[object.ID]*walked
	tops    map[spot]object.ID // of the nodes that lie at a spot, those of chunk trees
	boxes   map[uint32]kind
	bad     map[object.ID]bool // nodes that can't be read
	lines   map[object.ID]spot // where the project tree says outputs are
	outputs []nodeRef          // tops of directories
	chunked []nodeRef          // tops of chunk trees, by the node that lists them
}

// verify reads everything that the remote has of the outputs and hashes it. It
// returns false if anything is missing or damaged; p.damage says what.
func (p *push) verify(ctx context.Context) (bool, error) {
	p.meter.Phase("verifying")
	d := newDamage()
	w := &walker{view: p.view, nodes: map[object.ID]*walked{}, tops: map[spot]object.ID{}, boxes: map[uint32]kind{}, bad: map[object.ID]bool{}, lines: d.lines}
	tops, err := p.verifyRecords(ctx, d, w)
	if err != nil {
		return false, err
	}
	if err := w.walk(ctx, tops); err != nil {
		return false, err
	}
	if err := p.verifyBoxes(ctx, d, w.boxes); err != nil {
		return false, err
	}
	for id := range w.bad {
		d.nodes[id] = true
	}
	for id := range w.nodes {
		w.damaged(d, id)
	}
	for _, ref := range w.chunked {
		w.damagedTop(d, ref.spot)
	}
	p.result.Checked, p.result.Damaged = len(w.boxes), len(d.boxes)
	whole := p.opts.Partial || d.tree != nil
	if whole && len(d.boxes)+len(d.nodes)+len(d.chunked)+len(d.records) == 0 && p.reached(w) {
		return p.current(ctx)
	}
	p.damage = d
	return false, nil
}

// reached tells whether the records reach all outputs.
func (p *push) reached(w *walker) bool {
	for _, e := range p.tree.lines {
		if e.Mode == object.Tree && w.nodes[e.ID] == nil {
			return false
		}
	}
	return true
}

// verifyRecords reads the records that the remote should have, and returns
// their top nodes.
func (p *push) verifyRecords(ctx context.Context, d *damage, w *walker) (tops []*node, err error) {
	if !p.opts.Partial {
		r, err := p.view.record(ctx, tree{id: p.tree.root.ID})
		if err != nil && !isLoss(err) {
			return nil, err
		}
		if err == nil && r.node != nil {
			d.tree, r.node.tag = r, projectTag
			tops = append(tops, r.node)
		}
	}
	var ask []tree
	for _, e := range p.tree.lines {
		if hasRecord(e) && !d.records[e.ID] {
			ask = append(ask, tree{e.Path, e.ID})
			d.records[e.ID] = true
		}
	}
	found, err := p.view.ofRoots(ctx, ask, func(tree, error) {})
	for _, r := range found {
		delete(d.records, r.root)
		if r.node != nil {
			tops = append(tops, r.node)
		} else {
			w.meet(&walked{id: r.root}, r.spot)
			if r.spot.kind == inNodes {
				w.chunked = append(w.chunked, nodeRef{chunked: true, spot: r.spot})
			}
		}
	}
	return tops, err
}

// walk reads all nodes below tops: those of trees, then of the trees that they
// list, then of large files.
func (w *walker) walk(ctx context.Context, tops []*node) error {
	d := w.descent()
	for _, n := range tops {
		d.add(n)
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	for _, list := range []*[]nodeRef{&w.outputs, &w.chunked} {
		d := w.descent()
		if err := d.addTops(ctx, w.unmet(*list)); err != nil {
			return err
		}
		if err := d.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// unmet returns refs, each once, of nodes that were not read yet.
func (w *walker) unmet(refs []nodeRef) (rest []nodeRef) {
	seen := map[spot]bool{}
	for _, ref := range refs {
		if !seen[ref.spot] && w.nodes[ref.id] == nil {
			seen[ref.spot] = true
			rest = append(rest, ref)
		}
	}
	return rest
}

func (w *walker) descent() *descent {
	return &descent{
		view: w.view,
		enter: func(n *node, k int, _ fsx.Path) bool {
			return w.nodes[n.list.Children[k].ID] == nil
		},
		inner: func(n *node) error { w.node(n); return nil },
		leaf: func(nodes []*node) error {
			for _, n := range nodes {
				w.node(n)
			}
			return nil
		},
		bad: func(ref nodeRef, _ error) { w.bad[ref.id] = true },
	}
}

// node notes what a node relies on.
func (w *walker) node(n *node) {
	x := &walked{id: n.id}
	if n.spot.kind != nowhere {
		w.meet(x, n.spot)
	}
	if n.list.Chunked {
		w.tops[n.spot] = n.id
	}
	for k, s := range n.spots {
		if s.kind == nowhere {
			continue
		}
		w.meet(x, s)
		c := classOf(n.list, k)
		if n.tag == projectTag && n.list.Level == 0 {
			w.lines[n.list.ID(k)] = s
		}
		if c == asNode {
			x.below = append(x.below, n.list.ID(k))
		}
		switch {
		case n.list.Level > 0:
		case c == asNode:
			w.outputs = append(w.outputs, nodeRef{id: n.list.ID(k), spot: s})
		case s.kind == inNodes:
			x.large = append(x.large, s)
			w.chunked = append(w.chunked, nodeRef{chunked: true, spot: s})
		}
	}
	w.nodes[n.id] = x
}

// meet notes that x relies on what lies at s.
func (w *walker) meet(x *walked, s spot) {
	w.boxes[s.box] = s.kind
	if !slices.Contains(x.boxes, s.box) {
		x.boxes = append(x.boxes, s.box)
	}
}

// damaged tells whether anything at or below a node is wrong, and notes it.
func (w *walker) damaged(d *damage, id object.ID) bool {
	x := w.nodes[id]
	if x == nil || d.nodes[id] {
		return x == nil || d.nodes[id]
	}
	for _, b := range x.boxes {
		d.nodes[id] = d.nodes[id] || d.boxes[b]
	}
	for _, below := range x.below {
		if w.damaged(d, below) {
			d.nodes[id] = true
		}
	}
	for _, s := range x.large {
		if w.damagedTop(d, s) {
			d.nodes[id] = true
		}
	}
	if !d.nodes[id] {
		delete(d.nodes, id)
	}
	return d.nodes[id]
}

// damagedTop is damaged for the chunk tree whose top lies at s.
func (w *walker) damagedTop(d *damage, s spot) bool {
	id, ok := w.tops[s]
	if !ok || d.boxes[s.box] || w.damaged(d, id) {
		d.chunked[s] = true
	}
	return d.chunked[s]
}

// verifyBoxes reads containers whole and hashes them.
func (p *push) verifyBoxes(ctx context.Context, d *damage, boxes map[uint32]kind) error {
	type one struct {
		no  uint32
		key string
		id  object.ID
	}
	var list []one
	for no, k := range boxes {
		list = append(list, one{no, containerKey(k, p.tab.boxes[no]), p.tab.boxes[no]})
	}
	p.meter.Expect(int64(len(list)), 0)
	return par.Each(ctx, p.opts.Jobs, slices.Values(list), func(ctx context.Context, b one) error {
		id, err := p.hashOf(ctx, b.key)
		if err != nil && !isLoss(err) {
			return err
		}
		p.meter.Add(1, 0)
		if err != nil || id != b.id {
			p.mu.Lock()
			defer p.mu.Unlock()
			d.boxes[b.no] = true
		}
		return nil
	})
}

// hashOf hashes an object of the remote.
func (p *push) hashOf(ctx context.Context, key string) (object.ID, error) {
	body, err := p.bucket.Get(ctx, key, 0, -1)
	if err != nil {
		return object.ID{}, err
	}
	h := object.NewHasher()
	_, err = io.Copy(h, body)
	return h.ID(), errors.Join(err, body.Close())
}
