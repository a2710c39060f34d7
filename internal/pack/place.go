package pack

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mlv-dev/mlv/internal/object"
)

// A Place says where on a remote the content of a line lies. The zero Place is
// that of empty content, which lies nowhere.
type Place struct {
	Container object.ID // zero: the container that holds the node of this map
	Node      bool      // a node, or the top of a file's chunk tree, in a container of t/; else a blob or chunk in one of c/
	Codec     Codec     // of the frame; Zstd of a node
	Offset    uint32    // of the frame
	Stored    uint32
	Plain     uint32 // what the frame decodes to; 0 of a node, whose frame says it
	Skip      uint32 // where the blob begins in that
}

// Empty tells whether p is the place of empty content.
func (p Place) Empty() bool { return p.Stored == 0 }

// SameFrame tells whether p and q lie in one frame.
func (p Place) SameFrame(q Place) bool {
	p.Skip = q.Skip
	return p == q
}

// Resolve names self in the places that mean the container of their node.
func Resolve(places []Place, self object.ID) {
	for i := range places {
		if p := &places[i]; !p.Empty() && p.Container.IsZero() {
			p.Container = self
		}
	}
}

// A line is what a place must suit.
type line struct {
	size  int64
	kinds kinds
}

// kinds are the kinds of place that a line can have.
type kinds uint8

const (
	kindNone kinds = 1 << iota
	kindBlob
	kindNode
)

func lineOf(l *object.Listing, i int) line {
	switch {
	case l.Level > 0:
		return line{0, kindNode}
	case l.Chunked:
		return line{l.Chunks[i].Size, kindBlob}
	}
	switch e := l.Entries[i]; {
	case e.Mode == object.Tree:
		return line{0, kindNode}
	case e.Size == 0:
		return line{0, kindNone}
	default:
		return line{e.Size, kindBlob | kindNode}
	}
}

// check tells why p can't be the place of l.
func (p *Place) check(l line) error {
	var kind kinds
	switch {
	case p.Empty():
		kind = kindNone
	case p.Node:
		kind = kindNode
	default:
		kind = kindBlob
	}
	end := int64(p.Offset) + int64(p.Stored)
	switch {
	case l.kinds&kind == 0:
		return corrupt("a place of another kind than its line")
	case kind == kindNone && *p != Place{}:
		return corrupt("empty content with a place")
	case end > MaxContainer:
		return corrupt("a frame that ends at %d, past the largest container", end)
	case kind == kindNode && (p.Codec != Zstd || p.Plain != 0 || p.Skip != 0):
		return corrupt("a node inside a frame")
	case kind == kindBlob:
		return p.checkBlob(l.size)
	}
	return nil
}

func (p *Place) checkBlob(size int64) error {
	switch plain := int64(p.Plain); {
	case p.Container.IsZero():
		return corrupt("a blob in a container of nodes")
	case p.Codec > Planes4:
		return newer("codec " + strconv.Itoa(int(p.Codec)))
	case int64(p.Skip)+size > plain:
		return corrupt("a blob that leaves its frame")
	case plain > MaxFrame || plain > MaxGroup && plain != size:
		return corrupt("a frame of %d bytes", plain)
	case p.Codec == Raw && p.Stored != p.Plain:
		return corrupt("%d raw bytes of %d", p.Stored, p.Plain)
	}
	return nil
}

const mapWord = "map\n"

// AppendMap appends the map of the node l: a place for each of its lines.
func AppendMap(b []byte, l *object.Listing, places []Place) ([]byte, error) {
	if len(places) != l.Len() {
		return b, corrupt("%d places for %d lines", len(places), l.Len())
	}
	return appendMap(b, places, func(i int) line { return lineOf(l, i) })
}

func appendMap(b []byte, places []Place, lineAt func(int) line) ([]byte, error) {
	b = append(b, mapWord...)
	var s mapState
	for i := range places {
		l := lineAt(i)
		if err := places[i].check(l); err != nil {
			return b, fmt.Errorf("place %d: %w", i+1, err)
		}
		b = s.append(b, &places[i], uint32(l.size))
	}
	return b, nil
}

// mapState is what a map has said so far.
type mapState struct {
	here   Place // Container, Node and Offset of what comes next
	at     bool  // here is set
	frame  Place // of the blob before
	end    uint32
	follow bool // frame and end are set
}

// append appends p in the one spelling that it has at this point.
func (s *mapState) append(b []byte, p *Place, size uint32) []byte {
	if p.Empty() {
		return append(b, "-\n"...)
	}
	if s.follow && p.Skip == s.end && p.SameFrame(s.frame) {
		s.end += size
		return append(b, "+\n"...)
	}
	if !s.at || p.Container != s.here.Container || p.Node != s.here.Node || p.Offset != s.here.Offset {
		b = append(b, "@ "...)
		if p.Container.IsZero() {
			b = append(b, '-')
		} else {
			b = p.Container.AppendTo(b)
		}
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(p.Offset), 10)
		b = append(b, '\n')
	}
	switch {
	case p.Node:
		b = append(b, 't')
	default:
		b = strconv.AppendUint(b, uint64(p.Codec), 10)
	}
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(p.Stored), 10)
	if !p.Node && p.Plain != size {
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(p.Plain), 10)
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(p.Skip), 10)
	}
	s.passed(p, size)
	return append(b, '\n')
}

// passed moves s behind the frame that p names.
func (s *mapState) passed(p *Place, size uint32) {
	s.here, s.at = Place{Container: p.Container, Node: p.Node, Offset: p.Offset + p.Stored}, true
	s.frame, s.end, s.follow = *p, p.Skip+size, !p.Node
}

// ParseMap reads the map of the node l: a place for each of its lines, none of
// which leaves its frame or the largest container. What follows the last place
// is ignored; before it, only the spelling of AppendMap is accepted.
func ParseMap(text []byte, l *object.Listing) ([]Place, error) {
	return parseMap(text, l.Len(), func(i int) line { return lineOf(l, i) })
}

func parseMap(text []byte, n int, lineAt func(int) line) ([]Place, error) {
	if len(text) > MaxText {
		return nil, corrupt("map of %d bytes", len(text))
	}
	rest, ok := strings.CutPrefix(string(text), mapWord)
	if !ok {
		return nil, corrupt("not a map")
	}
	var s mapState
	places := make([]Place, n)
	for i := range places {
		var err error
		if rest, err = s.cut(rest, &places[i], lineAt(i)); err != nil {
			return nil, fmt.Errorf("map, place %d: %w", i+1, err)
		}
	}
	again, err := appendMap(make([]byte, 0, len(text)), places, lineAt)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	if !bytes.HasPrefix(text, again) {
		return nil, corrupt("a map that is not spelled as maps are")
	}
	return places, nil
}

// cut reads the place p of l, which begins text, and returns what follows it.
func (s *mapState) cut(text string, p *Place, l line) (rest string, err error) {
	row, rest, ok := strings.Cut(text, "\n")
	if at, is := strings.CutPrefix(row, "@ "); is && ok {
		if err := s.move(at); err != nil {
			return "", err
		}
		row, rest, ok = strings.Cut(rest, "\n")
	}
	if !ok {
		return "", corrupt("the map ends")
	}
	switch {
	case row == "-":
		return rest, nil
	case row == "+":
		if !s.follow {
			return "", corrupt("nothing before that it could follow")
		}
		*p = s.frame
		p.Skip = s.end
		s.end += uint32(l.size)
		return rest, p.check(l)
	case !s.at:
		return "", corrupt("no container is named")
	}
	if err := s.parse(row, p, l); err != nil {
		return "", err
	}
	if err := p.check(l); err != nil {
		return "", err
	}
	s.passed(p, uint32(l.size))
	return rest, nil
}

// move reads what stands behind an "@ ".
func (s *mapState) move(text string) (err error) {
	key, offset, _ := strings.Cut(text, " ")
	s.here, s.at = Place{}, true
	if key != "-" {
		if s.here.Container, err = object.ParseID(key); err != nil {
			return corrupt("%w", err)
		}
	}
	s.here.Offset, err = parse32(offset)
	return err
}

// parse reads a place that names a frame here.
func (s *mapState) parse(row string, p *Place, l line) (err error) {
	*p = Place{Container: s.here.Container, Offset: s.here.Offset}
	codec, row, _ := strings.Cut(row, " ")
	stored, row, inside := strings.Cut(row, " ")
	if p.Stored, err = parse32(stored); err != nil {
		return err
	}
	if p.Stored == 0 {
		return corrupt("an empty frame")
	}
	if codec == "t" {
		if inside {
			return corrupt("a node inside a frame")
		}
		p.Node, p.Codec = true, Zstd
		return nil
	}
	n, err := parse32(codec)
	if err != nil {
		return err
	}
	p.Codec = Codec(min(n, math.MaxUint8))
	if !inside {
		if l.size > MaxFrame {
			return corrupt("a blob of %d bytes in one frame", l.size)
		}
		p.Plain = uint32(l.size)
		return nil
	}
	plain, skip, _ := strings.Cut(row, " ")
	if p.Plain, err = parse32(plain); err != nil {
		return err
	}
	p.Skip, err = parse32(skip)
	return err
}

func parse32(s string) (uint32, error) {
	n, err := object.ParseNumber(s)
	if err == nil && n > math.MaxUint32 {
		err = corrupt("number %s is past 2³²", s)
	}
	return uint32(n), err
}

// SplitNode cuts what the frame of a node decodes to into the node's text and
// its map. No line of a node is "map".
func SplitNode(b []byte) (text, mapText []byte, err error) {
	i := bytes.Index(b, []byte("\n"+mapWord))
	if i < 0 {
		return nil, nil, corrupt("a node without a map")
	}
	return b[:i+1], b[i+1:], nil
}
