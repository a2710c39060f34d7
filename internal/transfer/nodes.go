package transfer

import (
	"context"
	"slices"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
	"github.com/mlv-dev/mlv/internal/remote"
)

// A node is one of the remote's. Its hash was checked, and that it is what the
// node above says of it; nothing proves the spots of its lines.
type node struct {
	id    object.ID
	at    fsx.Path // where in the project its tree is
	after fsx.Path // no path in it comes before this one
	tag   int      // of its nodeRef
	spot  spot     // nowhere: it was in a record
	text  []byte
	list  *object.Listing
	spots []spot // one a line
}

// A nodeRef is a node on the remote that is to be read.
type nodeRef struct {
	id      object.ID // zero: the top of a chunk tree, whose hash nothing tells
	chunked bool
	spot    spot
	level   int           // what it must have, if child is set
	child   *object.Child // what the node above says of it; nil: it is a top
	at      fsx.Path
	after   fsx.Path
	tag     int // the caller's
}

// A view is what a transfer sees of a remote.
type view struct {
	bucket   remote.Bucket
	extents  *extentReader
	tab      *table
	mu       sync.Mutex // guards tab while several read
	decoders sync.Pool  // of *pack.Decoder
}

func newView(b remote.Bucket, jobs int, t *table) *view {
	return &view{bucket: b, extents: newExtentReader(b, jobs), tab: t}
}

// read reads nodes, near ones with one request, and returns those it could
// read, in the order of refs. The others go to bad, if that is not nil.
func (v *view) read(ctx context.Context, refs []nodeRef, bad func(nodeRef, error)) ([]*node, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	list := make([]extent, len(refs))
	for i, ref := range refs {
		list[i] = v.tab.extent(ref.spot, i)
	}
	nodes := make([]*node, len(refs))
	err := v.extents.read(ctx, list, func(i int, stored []byte) error {
		plain, err := v.decode(stored)
		if err != nil {
			return err
		}
		nodes[i], err = v.parse(refs[i], plain)
		return err
	}, func(i int, err error) error {
		if bad != nil {
			v.mu.Lock()
			defer v.mu.Unlock()
			bad(refs[i], err)
		}
		return nil
	})
	return slices.DeleteFunc(nodes, func(n *node) bool { return n == nil }), err
}

// decoder returns a decoder, to be put back.
func (v *view) decoder() (*pack.Decoder, error) {
	if d, ok := v.decoders.Get().(*pack.Decoder); ok {
		return d, nil
	}
	return pack.NewDecoder()
}

// decode returns what a frame of text holds.
func (v *view) decode(stored []byte) ([]byte, error) {
	d, err := v.decoder()
	if err != nil {
		return nil, err
	}
	defer v.decoders.Put(d)
	return d.AppendText(nil, stored)
}

// parse checks a node and its map.
func (v *view) parse(ref nodeRef, plain []byte) (*node, error) {
	text, mapText, err := pack.SplitNode(plain)
	if err != nil {
		return nil, err
	}
	n := &node{id: ref.id, at: ref.at, after: ref.after, tag: ref.tag, spot: ref.spot, text: text}
	switch hash := object.Sum(text); {
	case ref.id.IsZero():
		n.id = hash
	case hash != ref.id:
		return nil, corrupt("node %s: its bytes have another hash", ref.id.Short())
	}
	if ref.chunked {
		n.list, err = object.ParseChunks(text)
	} else {
		n.list, err = object.ParseNode(text)
	}
	if err != nil {
		return nil, err
	}
	if c := ref.child; c != nil && (n.list.Level != ref.level || c.Files != n.list.Files || c.Bytes != n.list.Bytes ||
		!ref.chunked && c.Last != n.list.Last()) {
		return nil, corrupt("node %s is not what the node above says of it", ref.id.Short())
	}
	places, err := pack.ParseMap(mapText, n.list)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n.spots = v.tab.spots(places, ref.spot.box)
	return n, nil
}

// parseRecord checks the text of a record.
func (v *view) parseRecord(t tree, plain []byte) (*record, error) {
	p, err := pack.ParseRecord(plain)
	if err != nil {
		return nil, err
	}
	if p.ID != t.id {
		return nil, corrupt("it is the record of %s", p.ID.Short())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	spots := v.tab.spots(p.Places, 0)
	if p.Top == nil {
		return &record{root: p.ID, size: p.Size, spot: spots[0]}, nil
	}
	n := &node{id: p.ID, at: t.at, text: p.Top.AppendTo(nil), list: p.Top, spots: spots}
	return &record{root: p.ID, size: p.Size, node: n}, nil
}

// spots returns places as spots; self is the container of their node.
func (t *table) spots(places []pack.Place, self uint32) []spot {
	list := make([]spot, len(places))
	var last object.ID
	var box uint32
	for i := range places {
		p := &places[i]
		if p.Empty() {
			continue
		}
		if p.Container != last {
			last, box = p.Container, t.box(p.Container)
		}
		s := spot{box, p.Offset, p.Stored, p.Plain, p.Skip, p.Codec, inBlobs}
		if p.Container.IsZero() {
			s.box = self
		}
		if p.Node {
			s.kind = inNodes
		}
		list[i] = s
	}
	return list
}

// place is the reverse of spots.
func (t *table) place(s spot, self uint32) pack.Place {
	if s.kind == nowhere {
		return pack.Place{}
	}
	p := pack.Place{
		Container: t.boxes[s.box], Node: s.kind == inNodes, Codec: s.codec,
		Offset: s.offset, Stored: s.stored, Plain: s.plain, Skip: s.skip,
	}
	if s.box == self {
		p.Container = object.ID{}
	}
	return p
}

// extent returns the frame at s.
func (t *table) extent(s spot, tag int) extent {
	return extent{key: containerKey(s.kind, t.boxes[s.box]), offset: s.offset, n: s.stored, tag: tag}
}

func corrupt(format string, args ...any) error {
	return errs.New(errs.Corrupt, "", format, args...)
}
