// Package object holds what is stored and how it is named: IDs, trees of
// files and trees of chunks, each in its one encoding.
package object

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/blake3"
)

// ID is the BLAKE3-256 of some content, what b3sum prints of it. The zero ID
// names nothing.
type ID [32]byte

// Empty is the ID of no bytes, which are never stored.
var Empty = Sum(nil)

// Sum returns the ID of b.
func Sum(b []byte) ID { return blake3.Sum256(b) }

// ParseID reads 64 lower-case hex digits, the only spelling of an ID.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("hash has %d characters, want 64 hex digits", len(s))
	}
	var bad byte
	for i := range id {
		hi, lo := nibbles[s[2*i]], nibbles[s[2*i+1]]
		bad |= hi | lo
		id[i] = hi<<4 | lo&0xf
	}
	if bad > 0xf {
		return ID{}, fmt.Errorf("hash %q is not 64 lower-case hex digits", s)
	}
	return id, nil
}

// nibbles are the values of lower-case hex digits; other bytes have 0xff. A
// table, since every line of a tree has 64 of them.
var nibbles = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	return t
}()

// String returns the 64 digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText returns the 64 digits, so that JSON has them, too.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Short returns the first eight digits, for messages to people.
func (id ID) Short() string { return hex.EncodeToString(id[:4]) }

// IsZero tells whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders IDs by their bytes, which is the order of their text.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// AppendTo appends the 64 digits to b.
func (id ID) AppendTo(b []byte) []byte { return hex.AppendEncode(b, id[:]) }

// A Hasher computes the ID of what is written to it. Keep one per worker and
// Reset it: making one costs more than hashing a small file.
type Hasher struct{ h *blake3.Hasher }

// NewHasher returns a Hasher of nothing.
func NewHasher() *Hasher { return &Hasher{blake3.New()} }

// Write adds b; it never fails.
func (h *Hasher) Write(b []byte) (int, error) { return h.h.Write(b) }

// Reset forgets what was written.
func (h *Hasher) Reset() { h.h.Reset() }

// ID returns the ID of what was written since the last Reset.
func (h *Hasher) ID() (id ID) {
	h.h.Sum(id[:0])
	return id
}

// Sum returns the ID of b alone, forgetting what was written.
func (h *Hasher) Sum(b []byte) ID {
	h.h.Reset()
	_, _ = h.h.Write(b)
	return h.ID()
}
