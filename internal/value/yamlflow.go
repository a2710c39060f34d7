package value

import "bytes"

// flow parses [list] or {map} at pos.
func (p *parser) flow(parent int) *Node {
	p.enter(p.pos)
	defer func() { p.depth-- }()
	n := &Node{Kind: List, Style: Flow, Start: p.pos}
	closing := byte(']')
	if p.peek(0) == '{' {
		n.Kind, closing = Map, '}'
	}
	p.pos++
	seen := map[string]bool{}
	for {
		p.flowNext(n, parent)
		if p.peek(0) == closing {
			p.pos++
			n.End = p.pos
			return n
		}
		if n.Kind == Map {
			pair := p.flowPair(n, parent)
			if seen[pair.Key.Text] && !(p.rich && pair.Key.Text == "<<") {
				p.fail(pair.Key.Start, "key %q stands twice in one map", pair.Key.Text)
			}
			seen[pair.Key.Text] = true
			n.Pairs = append(n.Pairs, pair)
		} else {
			n.Items = append(n.Items, p.flowItem(n, parent))
		}
		p.flowNext(n, parent)
		switch p.peek(0) {
		case ',':
			p.pos++
		case closing:
		default:
			p.fail(p.pos, "a comma or %q expected", string(closing))
		}
	}
}

// flowNext goes to the next token inside n.
func (p *parser) flowNext(n *Node, parent int) {
	if !p.next() || p.col() <= parent && p.peek(0) != ']' && p.peek(0) != '}' {
		p.fail(n.Start, "this bracket is never closed")
	}
}

var flowStop = []byte(",[]{}")

// flowNode parses one node inside a flow collection.
func (p *parser) flowNode(parent int) *Node {
	anchor, tag := p.properties()
	if c := p.peek(0); (anchor+tag != "") && (c == ',' || c == ']' || c == '}') {
		return p.named(&Node{Start: p.pos, End: p.pos}, anchor, tag)
	}
	switch c := p.peek(0); {
	case c == '[' || c == '{' || c == '"' || c == '\'' || c == '*':
		return p.named(p.inline(-1), anchor, tag)
	case bytes.IndexByte([]byte(",@`%|>&!"), c) >= 0:
		p.fail(p.pos, "text may not begin with %q; put it in quotes", string(c))
	case (c == '-' || c == '?') && (gap(p.peek(1)) || bytes.IndexByte(flowStop, p.peek(1)) >= 0):
		p.fail(p.pos, "%q cannot stand inside brackets", string(c))
	}
	return p.named(p.plain(parent, flowStop), anchor, tag)
}

// flowItem parses a list's item; "key: value" is a map of one.
func (p *parser) flowItem(n *Node, parent int) *Node {
	start := p.pos
	if p.peek(0) == ':' && gap(p.peek(1)) {
		p.fail(p.pos, "a colon without a key")
	}
	item := p.flowNode(parent)
	p.blanks()
	if !p.colon(item) {
		return item
	}
	if item.Kind != String {
		p.fail(start, "a key that is not a scalar")
	}
	p.pos++
	value := p.flowValue(n, parent)
	return &Node{Kind: Map, Style: Flow, Start: start, End: max(value.End, p.pos), Pairs: []Pair{{item, value}}}
}

// colon tells whether a colon at pos makes n a key.
func (p *parser) colon(n *Node) bool {
	c := p.peek(1)
	return p.peek(0) == ':' && (gap(c) || bytes.IndexByte(flowStop, c) >= 0 || n.Style == Double || n.Style == Single)
}

func (p *parser) flowPair(n *Node, parent int) Pair {
	if p.peek(0) == ':' {
		p.fail(p.pos, "a colon without a key")
	}
	key := p.flowNode(parent)
	if key.Kind != String {
		p.fail(key.Start, "a key that is not a scalar")
	}
	if key.Style == Alias {
		key.Text = key.target.Text
	}
	if !p.rich && key.Text == "<<" && key.Style == Plain {
		p.fail(key.Start, "merge keys are not allowed in this file")
	}
	p.flowNext(n, parent)
	if !p.colon(key) {
		return Pair{key, &Node{Start: key.End, End: key.End}}
	}
	p.pos++
	return Pair{key, p.flowValue(n, parent)}
}

// flowValue parses what stands behind a colon; it may be nothing.
func (p *parser) flowValue(n *Node, parent int) *Node {
	colon := p.pos
	p.flowNext(n, parent)
	if c := p.peek(0); c == ',' || c == ']' || c == '}' {
		return &Node{Start: colon, End: colon}
	}
	return p.flowNode(parent)
}
