package transfer

import (
	"bytes"
	"context"
	"slices"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
	"github.com/mlv-dev/mlv/internal/par"
)

// A written record is one that this push put.
type written struct {
	root  object.ID
	bytes []byte
}

// putRecords puts a record for each output that is new and complete, and last
// the one of the project tree, if all outputs are.
func (p *push) putRecords(ctx context.Context) ([]written, error) {
	whole := true
	seen := map[object.ID]bool{}
	var roots []object.Entry
	for _, e := range p.tree.lines {
		r := p.tab.find(e.ID, classOfOutput(e))
		if r != nil && r.flags&lost != 0 {
			whole = false
			continue
		}
		needed := p.opts.Partial || p.unrecorded[e.ID] || p.damage != nil && p.damage.records[e.ID]
		if !hasRecord(e) || seen[e.ID] || p.settled[e.ID] || !needed {
			continue
		}
		seen[e.ID] = true
		roots = append(roots, e)
	}
	put, err := p.makeRecords(ctx, roots)
	if err != nil {
		return nil, err
	}
	if len(p.records) == 0 {
		if err := p.bucket.Put(ctx, readmeKey, bytes.NewReader([]byte(readme)), int64(len(readme))); err != nil {
			return nil, err
		}
	}
	if err := p.putAll(ctx, put); err != nil || p.opts.Partial || !whole {
		return put, err
	}
	root := object.Entry{ID: p.tree.root.ID, Size: p.tree.root.Bytes, Mode: object.Tree}
	last, err := p.makeRecords(ctx, []object.Entry{root})
	if err != nil {
		return nil, err
	}
	return append(put, last...), p.putAll(ctx, last)
}

// putAll puts records, several at a time.
func (p *push) putAll(ctx context.Context, list []written) error {
	return par.Each(ctx, p.opts.Jobs, slices.Values(list), func(ctx context.Context, w written) error {
		return p.putRecord(ctx, w)
	})
}

// putRecord puts one, unless what the push knows of the remote is too old for
// it to be true.
func (p *push) putRecord(ctx context.Context, w written) error {
	if p.since.elapsed() > pushLife {
		return errAgain
	}
	return p.bucket.Put(ctx, recordKey(w.root), bytes.NewReader(w.bytes), int64(len(w.bytes)))
}

// makeRecords makes the records of roots that are on the remote.
func (p *push) makeRecords(ctx context.Context, roots []object.Entry) ([]written, error) {
	enc, err := pack.NewEncoder()
	if err != nil {
		return nil, err
	}
	tops, err := p.topsOf(ctx, roots)
	if err != nil {
		return nil, err
	}
	list := make([]written, 0, len(roots))
	for _, e := range roots {
		r := pack.Record{Mode: object.File, ID: e.ID, Size: e.Size, Commit: p.opts.Commit}
		if e.Mode == object.Tree {
			n := tops[e.ID]
			r.Mode, r.Top, r.Size = object.Tree, n.list, n.list.Bytes
			for _, s := range n.spots {
				r.Places = append(r.Places, p.tab.place(s, noBox))
			}
		} else {
			r.Places = []pack.Place{p.tab.place(p.tab.find(e.ID, asBlob).spot, noBox)}
		}
		text, err := r.AppendTo(nil)
		if err != nil {
			return nil, err
		}
		list = append(list, written{e.ID, enc.AppendText(nil, text)})
	}
	return list, nil
}

// topsOf returns the top nodes of those roots that are trees. What this push
// did not put itself, the remote is asked for.
func (p *push) topsOf(ctx context.Context, roots []object.Entry) (map[object.ID]*node, error) {
	tops := map[object.ID]*node{}
	var refs []nodeRef
	for _, e := range roots {
		if e.Mode != object.Tree {
			continue
		}
		i := p.tab.add(e.ID, asNode)
		r := p.tab.at(i)
		if r.flags&encoded == 0 {
			refs = append(refs, nodeRef{id: e.ID, spot: r.spot, at: e.Path})
			continue
		}
		list, err := p.listing(ctx, i)
		if err != nil {
			return nil, err
		}
		tops[e.ID] = &node{id: e.ID, list: list, spots: p.spotsOf(list)}
	}
	var lostTop error
	nodes, err := p.view.read(ctx, refs, func(_ nodeRef, err error) { lostTop = err })
	if err == nil {
		err = lostTop
	}
	for _, n := range nodes {
		tops[n.id] = n
	}
	return tops, err
}

// spotsOf returns where the lines of a node lie.
func (p *push) spotsOf(list *object.Listing) []spot {
	spots := make([]spot, list.Len())
	for k := range spots {
		if r := p.tab.find(list.ID(k), classOf(list, k)); r != nil {
			spots[k] = r.spot
		}
	}
	return spots
}
