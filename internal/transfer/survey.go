package transfer

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/mlv-dev/mlv/internal/object"
)

// survey finds out what the remote has, and what is to be sent.
func (p *push) survey(ctx context.Context) error {
	p.meter.Phase("comparing")
	base, err := p.base(ctx)
	if err != nil {
		return err
	}
	var bases []*node
	if base != nil {
		p.records = append(p.records, base)
		bases = append(bases, base.node)
	}
	if err := p.compare(ctx, &p.project, []tree{{id: p.tree.root.ID}}, bases); err != nil {
		return err
	}
	if p.damage != nil {
		for _, e := range p.tree.lines {
			if s, ok := p.damage.lines[e.ID]; ok {
				p.know(e.ID, classOfOutput(e), s)
			}
		}
	}
	roots, bases, err := p.located(ctx)
	if err != nil {
		return err
	}
	if err := p.resume(ctx); err != nil {
		return err
	}
	if err := p.compare(ctx, &p.outputs, roots, bases); err != nil {
		return err
	}
	if p.bytes > askFrom && len(p.unasked) > 0 {
		found, err := p.view.ofRoots(ctx, p.unasked, func(tree, error) {})
		if err != nil {
			return err
		}
		if p.askAll = len(found) > 0; p.askAll {
			return errAskAll
		}
	}
	return p.baseChunks(ctx)
}

// askFrom is from how many bytes to send on a push asks for the own records of
// outputs that have a base: most often there is none, and little is saved.
const askFrom = 1 << 20

// errAskAll means that an output with a base has a record of its own: the
// push begins again and compares with that, too.
var errAskAll = errors.New("an output has a record of its own")

// base returns the record of the project tree of the newest commit that has
// one on the remote, nil if none has.
func (p *push) base(ctx context.Context) (*record, error) {
	if p.damage != nil && p.damage.tree != nil {
		return p.damage.tree, nil
	}
	skip := p.tree.root.ID
	if p.opts.Partial {
		skip = object.ID{} // its tree was not asked for
	}
	r, err := p.view.newest(ctx, p.opts.History, skip)
	if r == nil || r.node == nil {
		return nil, err
	}
	return r, err
}

// located looks for the outputs that the base does not have: for records of
// their own, and for what was at their paths. It returns their trees, and the
// tops to compare them with.
func (p *push) located(ctx context.Context) (roots []tree, bases []*node, err error) {
	var ask []tree
	for _, e := range p.tree.lines {
		r := p.tab.find(e.ID, classOfOutput(e))
		if r == nil || r.spot.kind != nowhere || !hasRecord(e) {
			continue
		}
		t := tree{e.Path, e.ID}
		if e.Mode == object.Tree {
			roots = append(roots, t)
		}
		_, has := p.bases[e.Path]
		switch {
		case p.unrecorded[e.ID]: // another output with the same content
		case has && !p.askAll:
			p.unasked = append(p.unasked, t)
		default:
			ask = append(ask, t)
		}
		p.unrecorded[e.ID] = true
	}
	found, err := p.view.ofRoots(ctx, ask, func(tree, error) {})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range found {
		if p.damage == nil {
			delete(p.unrecorded, r.root)
		}
		p.records = append(p.records, r)
		if r.node != nil {
			bases = append(bases, r.node)
		} else {
			p.know(r.root, asBlob, r.spot)
		}
	}
	var refs []nodeRef
	for _, t := range roots {
		if s, ok := p.bases[t.at]; ok {
			refs = append(refs, nodeRef{id: s.id, spot: s.spot, at: t.at})
		}
	}
	tops, err := p.view.read(ctx, refs, nil)
	return roots, append(bases, tops...), err
}

// rests returns the records that places rest on.
func (p *push) rests() []rest {
	list := make([]rest, 0, len(p.records))
	for _, r := range p.records {
		list = append(list, rest{r.root, object.Sum(r.bytes)})
	}
	slices.SortFunc(list, func(a, b rest) int { return a.root.Compare(b.root) })
	return list
}

// resume enters what an earlier push put and no record reaches yet. Nodes count
// while the records are as they were that their maps rely on.
func (p *push) resume(ctx context.Context) error {
	if p.journal.began.IsZero() {
		return nil
	}
	now, err := p.storeTime(ctx)
	if err != nil {
		return err
	}
	rests := p.rests()
	hold := map[object.ID]bool{}
	return p.journal.resume(now, func(part part) error {
		c := asBlob
		switch part.word {
		case partBases:
			hold[part.bases] = !slices.ContainsFunc(part.rests, func(r rest) bool { return !slices.Contains(rests, r) })
			return nil
		case partNodes:
			c = asNode
		}
		if part.word != partBlobs && !hold[part.bases] {
			return nil
		}
		box := p.tab.box(part.key)
		for _, s := range part.rows {
			s.spot.box = box
			p.know(s.id, c, s.spot)
		}
		return nil
	})
}

// A job is blobs that one worker sends one after another: neighbours in the
// trees, and so in the packs of the cache.
type job struct {
	rows  []uint32
	large bool // one file, in chunks
}

// Bounds of a job.
const (
	jobRows  = 4096
	jobBytes = 4 << 20
)

// jobs cuts what is still to be sent into jobs, large files first: what is
// done last takes no worker long.
func (p *push) jobs() []job {
	var large, small []job
	var run []uint32
	bytes := int64(0)
	flush := func() {
		if len(run) > 0 {
			small = append(small, job{rows: run})
		}
		run, bytes = nil, 0
	}
	for k, i := range p.need {
		r := p.tab.at(i)
		switch {
		case r.spot.kind != nowhere:
			continue // met later on the remote
		case r.size >= chunkedFrom:
			large = append(large, job{p.need[k : k+1], true})
			continue
		}
		run = append(run, i)
		if bytes += r.size; bytes >= jobBytes || len(run) == jobRows {
			flush()
		}
	}
	flush()
	slices.SortStableFunc(large, func(a, b job) int {
		return cmp.Compare(p.tab.at(b.rows[0]).size, p.tab.at(a.rows[0]).size)
	})
	return append(large, small...)
}

// do sends the blobs of one job.
func (p *push) do(ctx context.Context, k *packer, j job) error {
	if j.large {
		return p.sendLarge(ctx, k, j.rows[0])
	}
	for _, i := range j.rows {
		r := p.tab.at(i)
		content, err := k.source.Get(ctx, r.id)
		if err != nil {
			if !isLoss(err) {
				return err
			}
			p.lose(i, err)
			continue
		}
		if int64(len(content)) != r.size {
			p.lose(i, corrupt("object %s has %d bytes, its tree says %d", r.id.Short(), len(content), r.size))
			continue
		}
		if err := k.add(ctx, i, content); err != nil {
			return err
		}
	}
	return nil
}
