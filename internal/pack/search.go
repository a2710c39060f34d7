package pack

import (
	"bytes"
	"math"
	"math/bits"

	"github.com/mlv-dev/mlv/internal/object"
)

// search returns the first row whose hash is not below the given one. Hashes
// are spread evenly, so that two guesses by proportion land within some ten
// rows in a million, and steps that double find the rest. Rows that are not
// spread evenly, a forged footer's, cost a binary search.
func (f Footer) search(hash object.ID) int {
	lo, hi := 0, f.Len() // the answer is in [lo, hi]
	below, above := uint64(0), uint64(math.MaxUint64)
	want, up := prefix(hash[:]), true
	for range 2 {
		if lo == hi {
			break
		}
		i := lo + proportion(want-below, above-below, hi-lo)
		x := prefix(f.rows[i*RowSize:])
		if up = f.less(i, hash); up {
			lo, below = i+1, x
		} else {
			hi, above = i, x
		}
	}
	if up {
		lo, hi = f.stepUp(lo, hi, hash)
	} else {
		lo, hi = f.stepDown(lo, hi, hash)
	}
	for lo < hi {
		if i := int(uint(lo+hi) >> 1); f.less(i, hash) {
			lo = i + 1
		} else {
			hi = i
		}
	}
	return lo
}

// stepUp narrows [lo, hi] from below, stepDown from above.
func (f Footer) stepUp(lo, hi int, hash object.ID) (int, int) {
	for step := 1; lo+step < hi; step *= 2 {
		if !f.less(lo+step, hash) {
			return lo, lo + step
		}
		lo += step + 1
	}
	return lo, hi
}

func (f Footer) stepDown(lo, hi int, hash object.ID) (int, int) {
	for step := 1; hi-step >= lo; step *= 2 {
		if f.less(hi-step, hash) {
			return hi - step + 1, hi
		}
		hi -= step
	}
	return lo, hi
}

func (f Footer) less(i int, hash object.ID) bool {
	return bytes.Compare(f.rows[i*RowSize:][:len(hash)], hash[:]) < 0
}

// proportion returns n·part/whole, below n.
func proportion(part, whole uint64, n int) int {
	if part >= whole {
		return n - 1
	}
	hi, lo := bits.Mul64(part, uint64(n))
	q, _ := bits.Div64(hi, lo, whole)
	return int(q)
}
