package transfer

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// How frames and containers are filled.
const (
	groupAim = 64 << 10 // plain bytes of a frame of several blobs
	ownFrame = 32 << 10 // from here on a blob has a frame of its own

	minBox   = 1 << 20
	maxBox   = 16 << 20
	leastBox = 64 << 10         // that a store must take
	boxTime  = 10 * time.Second // a container is what goes up in this time

	// boxSlack is room for the last frame, and for the footer.
	boxSlack = 1 << 20

	// boxMemory bounds the containers in memory, those being filled and those
	// on their way.
	boxMemory = 96 << 20
)

// A box is a container on its way.
type box struct {
	no    uint32
	kind  kind
	buf   []byte
	list  pack.Builder
	rows  []uint32 // what lies in it, for the journal
	rests []rest   // of nodes: what their maps rely on
}

// boxes hands out empty containers, knows how large they should get, and puts
// full ones.
type boxes struct {
	push *push
	aim  atomic.Int64
	pool chan *box
}

// newBoxes returns boxes for so many that are being filled at once.
func newBoxes(p *push, filling int) *boxes {
	b := &boxes{push: p}
	b.aim.Store(min(4*minBox, p.maxBox)) // until the first put was timed
	n := min(filling+p.opts.Jobs, boxMemory/maxBox)
	n = max(n, filling+1)
	b.pool = make(chan *box, n)
	for range n {
		b.pool <- &box{}
	}
	return b
}

// empty waits for a box to fill.
func (b *boxes) empty(ctx context.Context, k kind) (*box, error) {
	select {
	case x := <-b.pool:
		b.push.mu.Lock()
		defer b.push.mu.Unlock()
		if k == inBlobs { // growing by doubling would touch twice the memory
			x.buf = slices.Grow(x.buf[:0], int(b.aim.Load())+boxSlack)
		}
		*x = box{no: b.push.tab.newBox(), kind: k, buf: x.buf[:0], rows: x.rows[:0]}
		return x, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put seals x, puts it and gives its memory back.
func (b *boxes) put(ctx context.Context, x *box) error {
	defer func() { b.pool <- x }()
	var err error
	if x.buf, err = x.list.Finish(x.buf, rand.Uint64()); err != nil {
		return err
	}
	key := object.Sum(x.buf)
	start := time.Now()
	name := containerKey(x.kind, key)
	err = b.push.bucket.Put(ctx, name, bytes.NewReader(x.buf), int64(len(x.buf)))
	if errors.Is(err, remote.ErrTooLarge) && b.push.maxBox > leastBox {
		return errSmaller
	}
	if err != nil {
		return err
	}
	b.timed(int64(len(x.buf)), time.Since(start))
	b.push.mu.Lock()
	defer b.push.mu.Unlock()
	t := b.push.tab
	t.boxes[x.no] = key
	t.boxAt[key] = x.no
	b.push.result.Containers++
	return b.push.journal.add(func() (time.Time, error) { return b.push.storeTime(ctx) }, x.parts(t, key)...)
}

// parts returns what the journal is told of x.
func (x *box) parts(t *table, key object.ID) []part {
	p := part{word: partBlobs, key: key, rows: make([]sent, 0, len(x.rows))}
	if x.kind == inBlobs {
		for _, i := range x.rows {
			p.rows = append(p.rows, sent{t.at(i).id, t.at(i).spot})
		}
		return []part{p}
	}
	b := basesPart(x.rests)
	p.word, p.bases = partNodes, b.bases
	files := part{word: partFiles, key: key, bases: b.bases}
	for _, i := range x.rows {
		r := t.at(i)
		if r.flags&isNode != 0 {
			p.rows = append(p.rows, sent{r.id, r.spot})
		} else {
			files.rows = append(files.rows, sent{r.id, r.spot})
		}
	}
	if len(files.rows) == 0 {
		return []part{b, p}
	}
	return []part{b, p, files}
}

// timed sets the aim by how long a put took.
func (b *boxes) timed(n int64, d time.Duration) {
	if n < minBox/2 {
		return // mostly latency
	}
	perSecond := float64(n) / max(d.Seconds(), 1e-3)
	b.aim.Store(int64(min(max(perSecond*boxTime.Seconds(), minBox), float64(b.push.maxBox))))
}

// A packer puts blobs into boxes, one after another. Each worker has its own.
type packer struct {
	boxes  *boxes
	full   chan<- *box
	source *store.Reader
	enc    *pack.Encoder
	box    *box
	group  []byte   // the blobs of the frame that is being filled
	rows   []uint32 // their rows
}

func newPacker(b *boxes, full chan<- *box) (*packer, error) {
	enc, err := pack.NewEncoder()
	return &packer{boxes: b, full: full, source: b.push.opts.Store.NewReader(), enc: enc, group: make([]byte, 0, groupAim)}, err
}

// add packs the content of row i, which is not empty.
func (p *packer) add(ctx context.Context, i uint32, content []byte) error {
	if len(p.group) > 0 && (len(p.group)+len(content) > groupAim || len(content) >= ownFrame) {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	if len(content) >= ownFrame {
		p.rows = append(p.rows[:0], i)
		return p.frame(ctx, content)
	}
	p.group = append(p.group, content...)
	p.rows = append(p.rows, i)
	return nil
}

// flush ends the frame that is being filled.
func (p *packer) flush(ctx context.Context) error {
	if len(p.group) == 0 {
		return nil
	}
	return p.frame(ctx, p.group)
}

// frame appends a frame of the blobs in p.rows, whose content is plain.
func (p *packer) frame(ctx context.Context, plain []byte) error {
	t := p.boxes.push.tab
	if p.box == nil {
		var err error
		if p.box, err = p.boxes.empty(ctx, inBlobs); err != nil {
			return err
		}
	}
	x := p.box
	start := len(x.buf)
	var codec pack.Codec
	x.buf, codec = p.enc.Append(x.buf, plain)
	hash := t.at(p.rows[0]).id
	if len(p.rows) > 1 {
		hash = object.Sum(plain)
	}
	f, err := x.list.Add(hash, len(x.buf)-start, len(plain), codec)
	if err != nil {
		return err
	}
	skip := uint32(0)
	for _, i := range p.rows {
		r := t.at(i)
		r.spot = spot{x.no, f.Offset, f.Stored, f.Plain, skip, codec, inBlobs}
		skip += uint32(r.size)
	}
	x.rows = append(x.rows, p.rows...)
	p.boxes.push.meter.Add(int64(len(p.rows)), int64(len(plain)))
	p.group, p.rows = p.group[:0], p.rows[:0]
	if x.list.SizeWith(0) >= p.boxes.aim.Load() {
		return p.send(ctx)
	}
	return nil
}

// send hands the box over to be put.
func (p *packer) send(ctx context.Context) error {
	if p.box == nil {
		return nil
	}
	select {
	case p.full <- p.box:
		p.box = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish ends the open frame and hands over what is in the box.
func (p *packer) finish(ctx context.Context) error {
	return errors.Join(p.flush(ctx), p.send(ctx))
}

// sendBlobs packs and puts all blobs that the plan needs. Blobs that can't be
// had are marked lost; only other failures end it.
func (p *push) sendBlobs(ctx context.Context) error {
	jobs := p.jobs()
	if len(jobs) == 0 {
		return nil
	}
	packers := min(p.opts.Workers, len(jobs))
	b := newBoxes(p, packers)
	full := make(chan *box)
	var next, busy atomic.Int64
	busy.Store(int64(packers))
	return par.Workers(ctx, packers+p.opts.Jobs, func(ctx context.Context, worker int) error {
		if worker >= packers {
			return b.putAll(ctx, full)
		}
		err := p.packSome(ctx, b, full, jobs, &next)
		if busy.Add(-1) == 0 && err == nil {
			close(full)
		}
		return err
	})
}

// putAll puts boxes until there are no more.
func (b *boxes) putAll(ctx context.Context, full <-chan *box) error {
	for {
		select {
		case x, ok := <-full:
			if !ok {
				return nil
			}
			if err := b.put(ctx, x); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// packSome takes jobs until there are no more.
func (p *push) packSome(ctx context.Context, b *boxes, full chan<- *box, jobs []job, next *atomic.Int64) error {
	k, err := newPacker(b, full)
	if err != nil {
		return err
	}
	for {
		i := int(next.Add(1)) - 1
		if i >= len(jobs) {
			return k.finish(ctx)
		}
		if err := p.do(ctx, k, jobs[i]); err != nil {
			return err
		}
	}
}
