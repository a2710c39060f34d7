package transfer

import (
	"context"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// A nodeSender puts nodes into containers, children before parents, and the
// containers one after another: what the journal holds of them is complete
// below, whenever it breaks off.
type nodeSender struct {
	push   *push
	boxes  *boxes
	enc    *pack.Encoder
	box    *box
	text   []byte
	places []pack.Place
	rests  []rest
}

// sendNodes puts the new nodes of all trees, with their maps. A node of which
// something is lost is lost, too.
func (p *push) sendNodes(ctx context.Context) error {
	enc, err := pack.NewEncoder()
	if err != nil {
		return err
	}
	s := &nodeSender{push: p, boxes: newBoxes(p, 1), enc: enc, rests: p.rests()}
	if err := p.sendChunkTrees(ctx, s); err != nil {
		return err
	}
	layers := []*layer{&p.outputs, &p.project}
	if p.opts.Partial {
		layers = layers[:1]
	}
	for _, l := range layers {
		for _, level := range l {
			for _, t := range level {
				if err := s.tree(ctx, t.row); err != nil {
					return err
				}
			}
		}
	}
	return s.finish(ctx)
}

// tree sends the node of row i of a directory tree, unless it turned out that
// the remote has it.
func (s *nodeSender) tree(ctx context.Context, i uint32) error {
	p := s.push
	r := p.tab.at(i)
	if r.spot.kind != nowhere || r.flags&lost != 0 {
		return nil
	}
	list, err := p.listing(ctx, i)
	if err != nil {
		if isLoss(err) {
			p.lose(i, err)
			return nil
		}
		return err
	}
	if !p.complete(list) {
		r.flags |= lost
		return nil
	}
	return s.add(ctx, i, list)
}

// complete tells whether no line of a node is lost.
func (p *push) complete(list *object.Listing) bool {
	for k := range list.Len() {
		if r := p.tab.find(list.ID(k), classOf(list, k)); r != nil && r.flags&lost != 0 {
			return false
		}
	}
	return true
}

// add appends the node of row i to the box and gives the row its spot.
func (s *nodeSender) add(ctx context.Context, i uint32, list *object.Listing) error {
	p := s.push
	if s.box != nil && s.box.list.SizeWith(0) >= s.boxes.aim.Load() {
		if err := s.finish(ctx); err != nil {
			return err
		}
	}
	if s.box == nil {
		var err error
		if s.box, err = s.boxes.empty(ctx, inNodes); err != nil {
			return err
		}
		s.box.rests = s.rests
	}
	x := s.box
	var err error
	s.places = p.placesOf(s.places[:0], list, x.no)
	s.text = list.AppendTo(s.text[:0])
	if s.text, err = pack.AppendMap(s.text, list, s.places); err != nil {
		return err
	}
	start := len(x.buf)
	x.buf = s.enc.AppendText(x.buf, s.text)
	r := p.tab.at(i)
	f, err := x.list.Add(r.id, len(x.buf)-start, len(s.text), pack.Zstd)
	if err != nil {
		return err
	}
	r.spot = spot{box: x.no, offset: f.Offset, stored: f.Stored, codec: pack.Zstd, kind: inNodes}
	r.flags |= encoded
	x.rows = append(x.rows, i)
	return nil
}

// placesOf appends where the lines of a node lie, as seen from the container
// self.
func (p *push) placesOf(places []pack.Place, list *object.Listing, self uint32) []pack.Place {
	for k := range list.Len() {
		var s spot
		if r := p.tab.find(list.ID(k), classOf(list, k)); r != nil {
			s = r.spot
		}
		places = append(places, p.tab.place(s, self))
	}
	return places
}

// finish puts what is in the box.
func (s *nodeSender) finish(ctx context.Context) error {
	if s.box == nil {
		return nil
	}
	x := s.box
	s.box = nil
	return s.boxes.put(ctx, x)
}
