package value

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Flatten returns the leaves of v by dotted key, in order of the keys' bytes.
// Lists are leaves, and so are maps without entries. What is no map at all has
// one leaf, whose key is "".
func Flatten(v Value) []Field {
	var leaves []Field
	flatten(&leaves, "", v)
	slices.SortFunc(leaves, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	return leaves
}

func flatten(leaves *[]Field, prefix string, v Value) {
	if len(v.fields) == 0 {
		*leaves = append(*leaves, Field{prefix, v})
		return
	}
	for _, f := range v.fields {
		key := string(appendPart(nil, f.Key))
		if prefix != "" {
			key = prefix + "." + key
		}
		flatten(leaves, key, f.Value)
	}
}

// JoinKey returns the dotted key of a path of map keys.
func JoinKey(path ...string) string {
	var b []byte
	for i, part := range path {
		if i > 0 {
			b = append(b, '.')
		}
		b = appendPart(b, part)
	}
	return string(b)
}

// appendPart appends one part of a dotted key: a JSON string if it holds
// anything but letters, digits, '_' and '-'.
func appendPart(b []byte, part string) []byte {
	for i := range len(part) {
		if c := part[i]; !letter(c) && !digit(c) && c != '_' && c != '-' {
			return AppendQuoted(b, part)
		}
	}
	if part == "" {
		return append(b, `""`...)
	}
	return append(b, part...)
}

// SplitKey is the reverse of JoinKey. Parts without quotes may hold anything
// but a dot and a quote, as people write them.
func SplitKey(key string) ([]string, error) {
	var path []string
	for rest := key; ; {
		var part string
		if strings.HasPrefix(rest, `"`) {
			var err error
			if part, rest, err = CutQuoted(rest); err != nil {
				return nil, fmt.Errorf("key %q: %w", key, err)
			}
		} else {
			end := strings.IndexAny(rest, `."`)
			if end < 0 {
				end = len(rest)
			}
			if part, rest = rest[:end], rest[end:]; part == "" {
				return nil, fmt.Errorf("key %q has an empty part", key)
			}
		}
		path = append(path, part)
		if rest == "" {
			return path, nil
		}
		var ok bool
		if rest, ok = strings.CutPrefix(rest, "."); !ok {
			return nil, fmt.Errorf("key %q: a dot expected before %q", key, rest)
		}
	}
}

// Lookup returns the value at a dotted key; "" is v itself.
func Lookup(v Value, key string) (Value, bool) {
	if key == "" {
		return v, true
	}
	path, err := SplitKey(key)
	if err != nil {
		return Value{}, false
	}
	for _, part := range path {
		var ok bool
		if v, ok = v.Field(part); !ok {
			return Value{}, false
		}
	}
	return v, true
}

// A Set holds values of one revision by "file:key", as "eval.json:auc".
type Set map[string]Value

// Add puts the leaves of what a file holds into s.
func (s Set) Add(file string, v Value) {
	for _, leaf := range Flatten(v) {
		s[file+":"+leaf.Key] = leaf.Value
	}
}

// A Change is a value that is not the same in two sets.
type Change struct {
	Name     string // "file:key"
	Old, New Value
	Added    bool // Old has no meaning
	Removed  bool // New has no meaning
}

// Diff returns what differs from one set to another, by name.
func Diff(from, to Set) []Change {
	var changes []Change
	for name, old := range from {
		switch now, ok := to[name]; {
		case !ok:
			changes = append(changes, Change{Name: name, Old: old, Removed: true})
		case !now.Equal(old):
			changes = append(changes, Change{Name: name, Old: old, New: now})
		}
	}
	for name, now := range to {
		if _, ok := from[name]; !ok {
			changes = append(changes, Change{Name: name, New: now, Added: true})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// Delta returns how much a number grew: exactly between integers, else as the
// decimals that people see, so that 0.9 - 0.8 is 0.1. It is false where a side
// is not a finite number.
func (c Change) Delta() (Value, bool) {
	if c.Added || c.Removed {
		return Value{}, false
	}
	if c.Old.Kind() == Int && c.New.Kind() == Int {
		return OfBig(new(big.Int).Sub(c.New.BigInt(), c.Old.BigInt())), true
	}
	old, ok1 := rational(c.Old)
	now, ok2 := rational(c.New)
	if !ok1 || !ok2 {
		return Value{}, false
	}
	f, _ := now.Sub(now, old).Float64()
	return OfFloat(f), true
}

// rational returns the exact value of the shortest decimal that spells v.
func rational(v Value) (*big.Rat, bool) {
	if v.Kind() != Int && v.Kind() != Float {
		return nil, false
	}
	return new(big.Rat).SetString(v.String())
}
