// Package value reads, compares, writes and edits the values that people and
// their programs keep in YAML, JSON, TOML, Python and CSV files.
package value

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Kind is the type of a Value.
type Kind uint8

// The types of values. They are never converted into one another: 1, 1.0,
// "1" and true are four values.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "float", "string", "list", "map"}[k]
}

// A Value is one value with its type. The zero Value is null. Values are not
// changed once made; integers have any size and are exact.
type Value struct {
	kind   Kind
	num    uint64 // Bool: 0 or 1; Int that fits: as int64; Float: its bits
	str    string // String; Int beyond int64: canonical decimal digits
	list   []Value
	fields []Field
}

// A Field is one entry of a map.
type Field struct {
	Key   string
	Value Value
}

// OfBool returns a boolean.
func OfBool(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// OfInt returns an integer.
func OfInt(i int64) Value { return Value{kind: Int, num: uint64(i)} }

// OfBig returns an integer of any size.
func OfBig(i *big.Int) Value {
	if i.IsInt64() {
		return OfInt(i.Int64())
	}
	return Value{kind: Int, str: i.String()}
}

// OfFloat returns a float; NaN and the infinities are floats.
func OfFloat(f float64) Value { return Value{kind: Float, num: math.Float64bits(f)} }

// OfString returns a string.
func OfString(s string) Value { return Value{kind: String, str: s} }

// OfList returns a list, which keeps items.
func OfList(items ...Value) Value { return Value{kind: List, list: items} }

// OfMap returns a map, which keeps fields and their order. Keys must differ.
func OfMap(fields ...Field) Value { return Value{kind: Map, fields: fields} }

// Kind returns the type of v.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether v is null.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool returns a boolean's value, else false.
func (v Value) Bool() bool { return v.kind == Bool && v.num == 1 }

// Int64 returns an integer that fits.
func (v Value) Int64() (int64, bool) { return int64(v.num), v.kind == Int && v.str == "" }

// BigInt returns an integer of any size, nil for other types.
func (v Value) BigInt() *big.Int {
	if v.kind != Int {
		return nil
	}
	if v.str == "" {
		return big.NewInt(int64(v.num))
	}
	i, _ := new(big.Int).SetString(v.str, 10)
	return i
}

// Float64 returns the number nearest to an integer or float.
func (v Value) Float64() (float64, bool) {
	switch {
	case v.kind == Float:
		return math.Float64frombits(v.num), true
	case v.kind == Int && v.str == "":
		return float64(int64(v.num)), true
	case v.kind == Int:
		f, _ := strconv.ParseFloat(v.str, 64) // out of range: infinite
		return f, true
	}
	return 0, false
}

// Text returns a string's value, else "".
func (v Value) Text() string {
	if v.kind != String {
		return ""
	}
	return v.str
}

// Items returns a list's items, which are v's own.
func (v Value) Items() []Value { return v.list }

// Fields returns a map's entries in order, which are v's own.
func (v Value) Fields() []Field { return v.fields }

// Field returns the value of key in a map.
func (v Value) Field(key string) (Value, bool) {
	for _, f := range v.fields {
		if f.Key == key {
			return f.Value, true
		}
	}
	return Value{}, false
}

// Equal tells whether v and w have the same type and value. Maps of different
// order are equal, and so are two NaN; 0.0 and -0.0 are not.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || len(v.list) != len(w.list) || len(v.fields) != len(w.fields) {
		return false
	}
	switch v.kind {
	case Float:
		return v.num == w.num || isNaN(v) && isNaN(w)
	case List:
		return slices.EqualFunc(v.list, w.list, Value.Equal)
	case Map:
		return equalFields(v.fields, w.fields)
	}
	return v.num == w.num && v.str == w.str
}

func equalFields(a, b []Field) bool {
	a, b = sorted(a), sorted(b)
	return slices.EqualFunc(a, b, func(x, y Field) bool { return x.Key == y.Key && x.Value.Equal(y.Value) })
}

func isNaN(v Value) bool { return math.IsNaN(math.Float64frombits(v.num)) }

// sorted returns fields in the order of their keys' bytes.
func sorted(fields []Field) []Field {
	byKey := func(a, b Field) int { return strings.Compare(a.Key, b.Key) }
	if slices.IsSortedFunc(fields, byKey) {
		return fields
	}
	fields = slices.Clone(fields)
	slices.SortFunc(fields, byKey)
	return fields
}

// parseInt returns the integer that decimal text with an optional sign spells.
func parseInt(text string) (Value, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return OfInt(i), nil
	}
	return parseBig(text, 10)
}

// maxDigits bounds integers: reading one takes time that grows faster than
// its length. Python has the same limit.
const maxDigits = 4300

func parseBig(digits string, base int) (Value, error) {
	if len(digits) > maxDigits {
		return Value{}, fmt.Errorf("integer of %d digits, more than %d", len(digits), maxDigits)
	}
	i, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return Value{}, fmt.Errorf("%q is not an integer", digits)
	}
	return OfBig(i), nil
}
