package transfer

import (
	"encoding/binary"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// A spot is a pack.Place in a third of its memory: the container is a number
// that the table knows. The zero spot is nowhere.
type spot struct {
	box                         uint32 // table.boxes
	offset, stored, plain, skip uint32
	codec                       pack.Codec
	kind                        kind
}

// kind says where a spot is, if anywhere.
type kind uint8

const (
	nowhere kind = iota
	inBlobs      // in a container of c/
	inNodes      // in a container of t/: a node, or the top of a file's chunks
)

// flags say what a transfer makes of an object.
type flags uint8

const (
	isNode  flags = 1 << iota // a node; else a file's content or a chunk
	fresh                     // this push sends it
	shared                    // a node that both the wanted tree and a base have
	encoded                   // a node that this push put with its map
	based                     // a chunk that the base of a large file has
	lost                      // it can't be had
)

// class is what an ID is that of: a file may well be made of the very bytes of
// a node.
type class = flags

const (
	asBlob class = 0
	asNode class = isNode
)

// A row is what is known of one object.
type row struct {
	id    object.ID
	size  int64
	spot  spot
	flags flags
}

// pageRows is how many rows are allocated at once, and maxPages how often.
const (
	pageRows = 1 << 12
	maxPages = 1 << 16
)

// A table holds a row for each object of a transfer, at most some 120 bytes
// for each, so that a million of them leave room for buffers. Rows are never
// moved: while one goroutine adds, others may use those they have the numbers
// of.
type table struct {
	pages [maxPages]*[pageRows]row
	n     int
	slots []uint32 // row number + 1 by hash, open addressing; a power of two
	boxes []object.ID
	boxAt map[object.ID]uint32
}

func newTable() *table {
	return &table{slots: make([]uint32, 1<<10), boxes: make([]object.ID, 1), boxAt: map[object.ID]uint32{}}
}

// at returns row i.
func (t *table) at(i uint32) *row { return &t.pages[i/pageRows][i%pageRows] }

// slot returns where id is in slots, or where it would go.
func (t *table) slot(id *object.ID, c class) uint32 {
	mask := uint32(len(t.slots) - 1)
	s := binary.LittleEndian.Uint32(id[:]) & mask // a hash is spread already
	for t.slots[s] != 0 {
		if r := t.at(t.slots[s] - 1); r.id == *id && r.flags&isNode == c {
			break
		}
		s = (s + 1) & mask
	}
	return s
}

// find returns the row of id, nil if there is none.
func (t *table) find(id object.ID, c class) *row {
	if n := t.slots[t.slot(&id, c)]; n != 0 {
		return t.at(n - 1)
	}
	return nil
}

// add returns the number of id's row, a new one if there is none yet.
func (t *table) add(id object.ID, c class) uint32 {
	s := t.slot(&id, c)
	if n := t.slots[s]; n != 0 {
		return n - 1
	}
	if t.n*4 >= len(t.slots)*3 {
		t.grow()
		s = t.slot(&id, c)
	}
	i := uint32(t.n)
	if i%pageRows == 0 {
		t.pages[i/pageRows] = new([pageRows]row)
	}
	t.n++
	*t.at(i) = row{id: id, flags: c}
	t.slots[s] = i + 1
	return i
}

func (t *table) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range uint32(t.n) {
		r := t.at(i)
		t.slots[t.slot(&r.id, r.flags&isNode)] = i + 1
	}
}

// box returns the number of a container.
func (t *table) box(key object.ID) uint32 {
	n, ok := t.boxAt[key]
	if !ok {
		n = t.newBox()
		t.boxes[n] = key
		t.boxAt[key] = n
	}
	return n
}

// noBox is the number of no container.
const noBox = 0

// newBox returns the number of a container whose key is not known yet.
func (t *table) newBox() uint32 {
	t.boxes = append(t.boxes, object.ID{})
	return uint32(len(t.boxes) - 1)
}

// classOf returns what line k of a node is.
func classOf(l *object.Listing, k int) class {
	if l.Level > 0 || !l.Chunked && l.Entries[k].Mode == object.Tree {
		return asNode
	}
	return asBlob
}

// classOfOutput returns what an output's ID is that of.
func classOfOutput(e object.Entry) class {
	if e.Mode == object.Tree {
		return asNode
	}
	return asBlob
}
