package value

import (
	"math"
	"strconv"
	"strings"
)

// maxExpanded bounds how many values the aliases of a file may grow to.
const maxExpanded = 1 << 20

// ReadYAML returns the value of a YAML file of any program: one document,
// with anchors, aliases and merge keys. Scalars are those of YAML 1.2's core
// schema; a date is a string.
func ReadYAML(name string, src []byte) (Value, error) {
	doc, err := parseYAML(name, src, true)
	if err != nil {
		return Value{}, err
	}
	return doc.Value(doc.Root)
}

// Value returns what n stands for.
func (d *Document) Value(n *Node) (Value, error) {
	budget := maxExpanded
	return d.expand(n, 0, &budget)
}

func (d *Document) expand(n *Node, depth int, budget *int) (Value, error) {
	if *budget--; *budget < 0 || depth > 2*MaxDepth {
		return Value{}, d.Errorf(n, "", "aliases grow beyond %d values", maxExpanded)
	}
	switch {
	case n.Style == Alias:
		return d.expand(n.target, depth+1, budget)
	case n.Kind == List:
		items := make([]Value, len(n.Items))
		for i, item := range n.Items {
			v, err := d.expand(item, depth+1, budget)
			if err != nil {
				return Value{}, err
			}
			items[i] = v
		}
		return OfList(items...), nil
	case n.Kind == Map:
		return d.expandMap(n, depth, budget)
	}
	return d.scalar(n)
}

// expandMap applies merge keys: a map's own keys win over merged ones, an
// earlier merged map over a later one.
func (d *Document) expandMap(n *Node, depth int, budget *int) (Value, error) {
	fields := make([]Field, 0, len(n.Pairs))
	var merged []*Node
	for _, pair := range n.Pairs {
		if pair.Key.Text == "<<" && pair.Key.Style == Plain {
			merged = append(merged, pair.Value)
			continue
		}
		v, err := d.expand(pair.Value, depth+1, budget)
		if err != nil {
			return Value{}, err
		}
		fields = append(fields, Field{pair.Key.Text, v})
	}
	if len(merged) == 0 {
		return OfMap(fields...), nil
	}
	has := map[string]bool{}
	for _, f := range fields {
		has[f.Key] = true
	}
	for _, from := range merged {
		v, err := d.expand(from, depth+1, budget)
		if err != nil {
			return Value{}, err
		}
		sources := []Value{v}
		if v.Kind() == List {
			sources = v.Items()
		}
		for _, source := range sources {
			if source.Kind() != Map {
				return Value{}, d.Errorf(from, "", "a merge key wants a map, not a %s", source.Kind())
			}
			for _, f := range source.Fields() {
				if !has[f.Key] {
					has[f.Key] = true
					fields = append(fields, f)
				}
			}
		}
	}
	return OfMap(fields...), nil
}

func (d *Document) scalar(n *Node) (Value, error) {
	switch n.Tag {
	case "", "!":
	case "!!str":
		return OfString(n.Text), nil
	case "!!int", "!!float", "!!bool", "!!null":
		v, err := resolve(n.Text)
		want := map[string]Kind{"!!int": Int, "!!float": Float, "!!bool": Bool, "!!null": Null}[n.Tag]
		if err == nil && want == Float && v.Kind() == Int {
			f, _ := v.Float64()
			v = OfFloat(f)
		}
		if err != nil || v.Kind() != want {
			return Value{}, d.Errorf(n, "", "%q is not of type %s", n.Text, n.Tag)
		}
		return v, nil
	default:
		return Value{}, d.Errorf(n, "", "tag %s is not supported", n.Tag)
	}
	if n.Style != Plain {
		if n.Style == Absent {
			return Value{}, nil
		}
		return OfString(n.Text), nil
	}
	v, err := resolve(n.Text)
	if err != nil {
		return Value{}, d.Errorf(n, "", "%s", err)
	}
	return v, nil
}

// resolve returns the value of a plain scalar by YAML 1.2's core schema.
func resolve(text string) (Value, error) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return Value{}, nil
	case "true", "True", "TRUE":
		return OfBool(true), nil
	case "false", "False", "FALSE":
		return OfBool(false), nil
	case ".nan", ".NaN", ".NAN":
		return OfFloat(math.NaN()), nil
	}
	c := text[0]
	if !digit(c) && c != '-' && c != '+' && c != '.' {
		return OfString(text), nil
	}
	digits := text
	if c == '-' || c == '+' {
		digits = text[1:]
	}
	switch digits {
	case ".inf", ".Inf", ".INF":
		if c == '-' {
			return OfFloat(math.Inf(-1)), nil
		}
		return OfFloat(math.Inf(1)), nil
	}
	switch {
	case allOf(digits, "0123456789"):
		return parseInt(text)
	case strings.HasPrefix(text, "0x") && allOf(text[2:], "0123456789abcdefABCDEF"):
		return parseBig(text[2:], 16)
	case strings.HasPrefix(text, "0o") && allOf(text[2:], "01234567"):
		return parseBig(text[2:], 8)
	case isFloat(digits):
		f, _ := strconv.ParseFloat(text, 64) // out of range: infinite, as in Python
		return OfFloat(f), nil
	}
	return OfString(text), nil
}

func allOf(s, set string) bool {
	return s != "" && strings.Trim(s, set) == ""
}

// isFloat tells whether s matches (\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	const digits = "0123456789"
	whole := strings.TrimLeft(s, digits)
	rest, point := strings.CutPrefix(whole, ".")
	after := strings.TrimLeft(rest, digits)
	if len(whole) == len(s) && (!point || len(after) == len(rest)) {
		return false
	}
	if after == "" {
		return true
	}
	if after[0] != 'e' && after[0] != 'E' {
		return false
	}
	exponent := after[1:]
	if exponent != "" && (exponent[0] == '-' || exponent[0] == '+') {
		exponent = exponent[1:]
	}
	return allOf(exponent, digits)
}
