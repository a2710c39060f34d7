package object

import (
	"math"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Listing is a parsed node of a tree or of a chunk tree. Its lines are
// Entries or Chunks at level 0 and Children above.
type Listing struct {
	Chunked  bool // a node of a chunk tree
	Outputs  bool // a line has the mode Tree: the node is one of a project tree
	Level    int
	Files    int64 // lines of level 0 at or below this node
	Bytes    int64 // the sum of their sizes
	Entries  []Entry
	Chunks   []Chunk
	Children []Child
}

// ParseNode reads the text of a node of a tree. It accepts exactly what a
// Builder can write but for the places of the cuts, which only building the
// tree again can check. Paths share one copy of the text.
func ParseNode(text []byte) (*Listing, error) {
	l := new(Listing)
	if err := l.parse(text, new(order)); err != nil {
		return nil, err
	}
	return l, nil
}

// ParseChunks reads the text of a node of a chunk tree, like ParseNode.
func ParseChunks(text []byte) (*Listing, error) {
	l := &Listing{Chunked: true}
	if err := l.parse(text, nil); err != nil {
		return nil, err
	}
	return l, nil
}

// Last returns the greatest path, "" of a node without any.
func (l *Listing) Last() fsx.Path {
	switch {
	case len(l.Children) > 0:
		return l.Children[len(l.Children)-1].Last
	case len(l.Entries) > 0:
		return l.Entries[len(l.Entries)-1].Path
	}
	return ""
}

// Len returns the number of lines.
func (l *Listing) Len() int { return len(l.Entries) + len(l.Chunks) + len(l.Children) }

// ID returns the hash that line i begins with.
func (l *Listing) ID(i int) ID {
	switch {
	case l.Level > 0:
		return l.Children[i].ID
	case l.Chunked:
		return l.Chunks[i].ID
	}
	return l.Entries[i].ID
}

// AppendTo appends the text of the node, the same that was parsed.
func (l *Listing) AppendTo(b []byte) []byte {
	word := treeWord
	if l.Chunked {
		word = chunkWord
	}
	b = appendHeader(b, word, l.Level)
	for i := range l.Entries {
		b = appendEntry(b, &l.Entries[i])
	}
	for i := range l.Chunks {
		b = appendChunk(b, &l.Chunks[i])
	}
	for i := range l.Children {
		if l.Chunked {
			b = appendChunkChild(b, &l.Children[i])
		} else {
			b = appendChild(b, &l.Children[i])
		}
	}
	return b
}

// parse makes l the node of text, of the kind that l.Chunked says, keeping its
// slices. Entries go on from o, the order of the entries before them.
func (l *Listing) parse(text []byte, o *order) error {
	word, what, add := treeWord, "tree", l.addEntry
	if l.Chunked {
		word, what, add = chunkWord, "chunk", l.addChunk
	}
	level, lines, err := cutHeader(text, word, what)
	if err != nil {
		return err
	}
	if level > 0 {
		add, o = l.addChild, new(order) // a last path comes again as its entry's
	}
	*l = Listing{Chunked: l.Chunked, Level: level, Entries: l.Entries[:0], Chunks: l.Chunks[:0], Children: l.Children[:0]}
	for n := 2; lines != ""; n++ {
		var line string
		if line, lines, err = cutLine(lines); err == nil {
			err = add(line, o)
		}
		if err != nil {
			return corrupt("%s node, line %d: %w", what, n, err)
		}
	}
	if l.Len() == 0 && (level > 0 || l.Chunked) {
		return corrupt("%s node of level %d without lines", what, level)
	}
	return nil
}

func (l *Listing) addEntry(line string, o *order) (err error) {
	var e Entry
	if e.ID, line, err = cutID(line); err != nil {
		return err
	}
	if e.Size, line, err = cutNumber(line); err != nil {
		return err
	}
	if len(line) < 2 || line[1] != ' ' {
		return corrupt("no mode")
	}
	e.Mode = Mode(line[0])
	if e.Path, err = parsePath(line[2:]); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	if err := o.next(e.Path); err != nil {
		return err
	}
	l.Entries = append(l.Entries, e)
	l.Outputs = l.Outputs || e.Mode == Tree
	return l.count(1, e.Size)
}

func (l *Listing) addChunk(line string, _ *order) (err error) {
	var c Chunk
	if c.ID, line, err = cutID(line); err != nil {
		return err
	}
	if c.Size, err = ParseNumber(line); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	l.Chunks = append(l.Chunks, c)
	return l.count(1, c.Size)
}

func (l *Listing) addChild(line string, o *order) (err error) {
	var c Child
	if c.ID, line, err = cutID(line); err != nil {
		return err
	}
	if c.Files, line, err = cutNumber(line); err != nil {
		return err
	}
	if l.Chunked {
		c.Bytes, err = ParseNumber(line)
	} else if c.Bytes, line, err = cutNumber(line); err == nil {
		c.Last, err = parsePath(line)
	}
	if err != nil {
		return err
	}
	if c.Files == 0 {
		return corrupt("a node without lines")
	}
	if !l.Chunked {
		if err := o.next(c.Last); err != nil {
			return err
		}
	}
	l.Children = append(l.Children, c)
	return l.count(c.Files, c.Bytes)
}

func (l *Listing) count(files, bytes int64) error {
	var ok1, ok2 bool
	l.Files, ok1 = addSizes(l.Files, files)
	l.Bytes, ok2 = addSizes(l.Bytes, bytes)
	if !ok1 || !ok2 {
		return corrupt("more than 2⁶³ files or bytes")
	}
	return nil
}

// cutHeader returns the level of a node and its lines, in a copy of their own.
// What names the kind of node in errors.
func cutHeader(text []byte, word, what string) (level int, lines string, err error) {
	if len(text) > MaxNode {
		return 0, "", corrupt("%s node of %d bytes, more than %d", what, len(text), MaxNode)
	}
	header, lines, ok := strings.Cut(string(text), "\n")
	rest, isNode := strings.CutPrefix(header, word+" ")
	version, digit, _ := strings.Cut(rest, " ")
	switch {
	case !ok || !isNode:
		return 0, "", corrupt("not a %s node", what)
	case version > "1" && isNumber(version):
		return 0, "", newer(what, version)
	case version != "1" || len(digit) != 1 || digit[0] < '0' || digit[0] > '0'+MaxLevel:
		return 0, "", corrupt("%s node with the header %q", what, header)
	}
	return int(digit[0] - '0'), lines, nil
}

func cutLine(text string) (line, rest string, err error) {
	line, rest, ok := strings.Cut(text, "\n")
	if !ok {
		return "", "", corrupt("no line feed at its end")
	}
	return line, rest, nil
}

// cutID returns the hash that begins line, and what stands behind its blank.
func cutID(line string) (id ID, rest string, err error) {
	if len(line) <= 2*len(id) || line[2*len(id)] != ' ' {
		return ID{}, "", corrupt("no hash")
	}
	if id, err = ParseID(line[:2*len(id)]); err != nil {
		return ID{}, "", err
	}
	return id, line[2*len(id)+1:], nil
}

// cutNumber returns the number that begins line, and what stands behind its
// blank.
func cutNumber(line string) (n int64, rest string, err error) {
	digits, rest, ok := strings.Cut(line, " ")
	if !ok {
		return 0, "", corrupt("a field is missing")
	}
	n, err = ParseNumber(digits)
	return n, rest, err
}

// ParseNumber reads the only spelling that our formats have for a number:
// decimal, below 2⁶³, without leading zeros.
func ParseNumber(s string) (n int64, err error) {
	if !isNumber(s) {
		return 0, corrupt("%q is not a number", s)
	}
	for i := range len(s) {
		d := int64(s[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, corrupt("number %s is past 2⁶³", s)
		}
		n = n*10 + d
	}
	return n, nil
}

// isNumber tells whether s is spelled like a number, of whatever size.
func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s == "0" || s != "" && s[0] != '0'
}

func parsePath(s string) (fsx.Path, error) {
	if strings.IndexByte(s, '\\') >= 0 {
		var err error
		if s, err = unescape(s); err != nil {
			return "", err
		}
	}
	p, err := fsx.ParsePath(s)
	if err != nil {
		return "", corrupt("%w", err)
	}
	return p, nil
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, `\`)
		b.WriteString(before)
		switch {
		case !ok:
			return b.String(), nil
		case strings.HasPrefix(after, "n"):
			b.WriteByte('\n')
		case strings.HasPrefix(after, `\`):
			b.WriteByte('\\')
		default:
			return "", corrupt("an escape in a path that is neither \\n nor \\\\")
		}
		s = after[1:]
	}
}
