package value

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// Edits splice bytes into the text and parse it again: comments, order and
// spelling of everything else stay as the person left them. Each returns a new
// Document, the old one stays as it is. A path names a key below a key.

// Set gives path the value v, making the maps on its way. What was there is
// replaced as a whole.
func (d *Document) Set(path []string, v Value) (*Document, error) {
	at, rest := d.Root, path
	for len(rest) > 0 && at.Kind == Map && at.Get(rest[0]) != nil {
		at, rest = at.Get(rest[0]), rest[1:]
	}
	if len(rest) > 0 && at.Kind != Map && !d.isNull(at) {
		return nil, d.Errorf(at, "", "%s is not a map", strings.Join(path[:len(path)-len(rest)], "."))
	}
	if len(rest) > 0 && at.Kind == Map && (at.Style == Block || at == d.Root && len(at.Pairs) == 0 && at.Style != Flow) {
		return d.addLines(at, d.column(at), rest, v)
	}
	switch {
	case len(rest) == 0:
		return d.put(at, flowText(v))
	case at.Kind == Map:
		return d.addToFlow(at, '}', pairText(rest, v))
	case at == d.Root:
		return d.addLines(at, 0, rest, v)
	}
	_, pair, parent := d.find(path[:len(path)-len(rest)])
	if parent.Style == Flow {
		return d.put(at, "{"+pairText(rest, v)+"}")
	}
	if at.Style != Absent { // "key: null" or "key: ~"
		cut, err := d.splice(at.Start, at.End, "")
		if err != nil {
			return nil, err
		}
		return cut.Set(path, v)
	}
	return d.addLines(&Node{Start: pair.Key.Start, End: pair.Value.End}, d.column(parent)+2, rest, v)
}

// Unset takes path away, and the maps that become empty by it. It tells
// whether path was there.
func (d *Document) Unset(path []string) (*Document, bool, error) {
	i, pair, parent := d.find(path)
	if parent == nil {
		return d, false, nil
	}
	if len(parent.Pairs) == 1 && len(path) > 1 {
		return d.Unset(path[:len(path)-1])
	}
	start, end := pair.Key.Start, pair.Value.End
	if parent.Style == Flow {
		switch {
		case i+1 < len(parent.Pairs):
			end = parent.Pairs[i+1].Key.Start
		case i > 0:
			start = parent.Pairs[i-1].Value.End
		}
	} else {
		start = d.lineStart(start)
		if len(bytes.TrimLeft(d.src[start:pair.Key.Start], " ")) > 0 {
			return nil, false, d.Errorf(pair.Key, "", "%s stands on a line with something else; edit the file by hand", strings.Join(path, "."))
		}
		end = d.lineEnd(end)
	}
	doc, err := d.splice(start, end, "")
	return doc, err == nil, err
}

// Append adds v to the list at path, which may be missing.
func (d *Document) Append(path []string, v Value) (*Document, error) {
	_, pair, parent := d.find(path)
	if parent == nil || d.isNull(pair.Value) {
		return d.Set(path, OfList(v))
	}
	list := pair.Value
	switch {
	case list.Kind != List:
		return nil, d.Errorf(list, "", "%s is not a list", strings.Join(path, "."))
	case list.Style == Flow:
		return d.addToFlow(list, ']', flowText(v))
	}
	line := strings.Repeat(" ", d.column(list)) + "- " + flowText(v) + d.eol()
	return d.insertLine(list.End, line)
}

// RemoveItem takes the items equal to v from the list at path, and the list
// when it becomes empty. It tells whether there was one.
func (d *Document) RemoveItem(path []string, v Value) (*Document, bool, error) {
	_, pair, parent := d.find(path)
	if parent == nil || pair.Value.Kind != List {
		return d, false, nil
	}
	list := pair.Value
	for i, item := range list.Items {
		have, err := d.Value(item)
		if err != nil || !have.Equal(v) {
			continue
		}
		if len(list.Items) == 1 {
			return d.Unset(path)
		}
		start, end := item.Start, item.End
		switch {
		case list.Style != Flow:
			start, end = d.lineStart(start), d.lineEnd(end)
		case i+1 < len(list.Items):
			end = list.Items[i+1].Start
		default:
			start = list.Items[i-1].End
		}
		doc, err := d.splice(start, end, "")
		if err != nil {
			return nil, false, err
		}
		doc, _, err = doc.RemoveItem(path, v)
		return doc, err == nil, err
	}
	return d, false, nil
}

// find returns the pair that path names, its index and the mapping it is in;
// a nil mapping if there is none.
func (d *Document) find(path []string) (int, Pair, *Node) {
	at := d.Root
	for depth, key := range path {
		found := false
		for i, pair := range at.Pairs {
			if pair.Key.Text != key {
				continue
			}
			if depth == len(path)-1 {
				return i, pair, at
			}
			at, found = pair.Value, true
			break
		}
		if !found {
			break
		}
	}
	return 0, Pair{}, nil
}

// isNull tells whether n is a null that may become something else.
func (d *Document) isNull(n *Node) bool {
	v, err := d.Value(n)
	return err == nil && v.IsNull() && n.Style != Alias
}

// put replaces the text of n.
func (d *Document) put(n *Node, text string) (*Document, error) {
	if n.Style == Absent {
		if n == d.Root {
			return d.splice(n.Start, n.End, text+d.eol())
		}
		if n.Start == 0 || d.src[n.Start-1] != ':' { // a key alone in braces
			return d.splice(n.Start, n.Start, ": "+text)
		}
		return d.splice(n.Start, n.Start, " "+text)
	}
	start, lead := n.Start, ""
	if n.Style == Block { // it stands on lines of its own: go up to the colon
		start = len(bytes.TrimRight(d.src[:start], " \t\r\n"))
		if start > 0 && d.src[start-1] != ':' { // a comment stands behind the colon
			start = n.Start
		} else {
			lead = " "
		}
	}
	if n.Style == Literal || n.Style == Folded {
		return d.splice(start, n.End, text)
	}
	return d.splice(start, n.End, lead+text)
}

// addLines adds rest and v as lines after n, indented by column.
func (d *Document) addLines(n *Node, column int, rest []string, v Value) (*Document, error) {
	var text strings.Builder
	for i, key := range rest {
		text.WriteString(strings.Repeat(" ", column+2*i) + flowString(key) + ":")
		if i < len(rest)-1 {
			text.WriteString(d.eol())
		}
	}
	text.WriteString(" " + flowText(v) + d.eol())
	if n == d.Root && len(n.Pairs) == 0 {
		return d.insertLine(len(d.src), text.String())
	}
	return d.insertLine(n.End, text.String())
}

// insertLine inserts lines after the one that holds offset.
func (d *Document) insertLine(offset int, lines string) (*Document, error) {
	at := d.lineEnd(offset)
	if at > 0 && d.src[at-1] != '\n' {
		lines = d.eol() + lines
	}
	return d.splice(at, at, lines)
}

// addToFlow adds text before the closing bracket of n.
func (d *Document) addToFlow(n *Node, closing byte, text string) (*Document, error) {
	at := n.End - 1
	if d.src[at] != closing {
		return nil, d.Errorf(n, "", "this cannot be edited in place")
	}
	inside := d.src[n.Start+1 : at]
	at = n.Start + 1 + len(bytes.TrimRight(inside, " \t"))
	if last := bytes.TrimSpace(inside); len(last) > 0 && last[len(last)-1] != ',' {
		text = ", " + text
	} else if len(last) > 0 {
		text = " " + text
	}
	return d.splice(at, at, text)
}

func (d *Document) lineStart(offset int) int {
	return bytes.LastIndexByte(d.src[:offset], '\n') + 1
}

// lineEnd returns the offset behind the line break after offset.
func (d *Document) lineEnd(offset int) int {
	if offset > 0 && offset <= len(d.src) && d.src[offset-1] == '\n' {
		return offset
	}
	if i := bytes.IndexByte(d.src[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(d.src)
}

func (d *Document) column(n *Node) int { return n.Start - d.lineStart(n.Start) }

// eol is the line break that the text uses.
func (d *Document) eol() string {
	if i := bytes.IndexByte(d.src, '\n'); i > 0 && d.src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

func (d *Document) splice(start, end int, text string) (*Document, error) {
	src := make([]byte, 0, len(d.src)+len(text))
	src = append(append(append(src, d.src[:start]...), text...), d.src[end:]...)
	doc, err := ParseYAML(d.Name, src)
	if err != nil {
		return nil, errs.At(errs.Usage, d.Name, "edit the file by hand", "the change cannot be made in place: %w", err)
	}
	return doc, nil
}

// pairText spells a key below keys inside braces.
func pairText(path []string, v Value) string {
	if len(path) == 1 {
		return flowString(path[0]) + ": " + flowText(v)
	}
	return fmt.Sprintf("%s: {%s}", flowString(path[0]), pairText(path[1:], v))
}

// flowText spells v on one line, as a person would where that is safe.
func flowText(v Value) string {
	var parts []string
	switch v.Kind() {
	case String:
		return flowString(v.Text())
	case List:
		for _, item := range v.Items() {
			parts = append(parts, flowText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Map:
		for _, f := range v.Fields() {
			parts = append(parts, flowString(f.Key)+": "+flowText(f.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return v.String()
}

// flowString spells s plain where that is safe in brackets, too: beyond
// isPlain a colon inside a word, as in a URL, but no comma.
func flowString(s string) string {
	loose := strings.ReplaceAll(strings.ReplaceAll(s, ":", "_"), "~", "_")
	if isPlain(loose) && !strings.Contains(s, ",") && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && !strings.HasPrefix(s, "~") {
		return s
	}
	return string(AppendQuoted(nil, s))
}

// SetAfter gives key in a document of lines the value v. A key that is new
// stands behind the nearest of before, which names keys in their usual order.
func (d *Document) SetAfter(before []string, key string, v Value) (*Document, error) {
	if d.Root.Style == Block && d.Root.Get(key) == nil {
		for i := len(before) - 1; i >= 0; i-- {
			if _, pair, parent := d.find(before[i : i+1]); parent != nil {
				line := strings.Repeat(" ", d.column(parent)) + flowString(key) + ": " + flowText(v) + d.eol()
				return d.insertLine(pair.Value.End, line)
			}
		}
	}
	return d.Set([]string{key}, v)
}
