package pack

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/mlv-dev/mlv/internal/object"
)

// A Record says where on a remote a root lies. Its places name their
// containers.
type Record struct {
	Mode   object.Mode // Tree or File
	ID     object.ID   // of the directory or file
	Size   int64
	Commit string          // HEAD when it was pushed; "" unknown
	Top    *object.Listing // the top node of a tree
	Places []Place         // of the lines of Top; of a file, one
}

const recordWord = "mlv-record "

// AppendTo appends the text of r, to be stored as Encoder.AppendText does.
func (r *Record) AppendTo(b []byte) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, err
	}
	b = append(b, recordWord+"1\nroot "...)
	b = append(b, byte(r.Mode), ' ')
	b = r.ID.AppendTo(b)
	b = append(b, ' ')
	b = strconv.AppendInt(b, r.Size, 10)
	b = append(b, "\ncommit "...)
	if r.Commit == "" {
		b = append(b, '-')
	}
	b = append(b, r.Commit...)
	b = append(b, '\n')
	if r.Mode == object.Tree {
		b = r.Top.AppendTo(b)
	}
	return appendMap(b, r.Places, r.line)
}

// line returns the line of place i.
func (r *Record) line(i int) line {
	if r.Mode == object.Tree {
		return lineOf(r.Top, i)
	}
	return line{r.Size, kindBlob | kindNode}
}

// check tells what no record says.
func (r *Record) check() error {
	lines := 1
	switch {
	case r.Mode != object.Tree && r.Mode != object.File:
		return corrupt("record of mode %q", byte(r.Mode))
	case r.Mode == object.File && (r.Size <= 0 || r.Top != nil):
		return corrupt("record of a file of %d bytes", r.Size)
	case r.Mode == object.Tree && (r.Top == nil || r.Top.Chunked || r.Top.Bytes != r.Size):
		return corrupt("record of %s: its top node is not that of the tree", r.ID.Short())
	case r.Mode == object.Tree && object.Sum(r.Top.AppendTo(nil)) != r.ID:
		return corrupt("record of %s: its top node has another hash", r.ID.Short())
	case r.Commit != "" && !isCommit(r.Commit):
		return corrupt("record of %s: commit %q", r.ID.Short(), r.Commit)
	case r.Mode == object.Tree:
		lines = r.Top.Len()
	}
	if len(r.Places) != lines {
		return corrupt("record of %s: %d places for %d lines", r.ID.Short(), len(r.Places), lines)
	}
	for i := range r.Places {
		if p := &r.Places[i]; !p.Empty() && p.Container.IsZero() {
			return corrupt("record of %s: place %d names no container", r.ID.Short(), i+1)
		}
	}
	return nil
}

// isCommit tells whether s is spelled like git's names of commits.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// ParseRecord reads the text of a record. It proves that the record's tree
// begins as it says, and nothing of where things lie. What follows the last
// place is ignored.
func ParseRecord(text []byte) (*Record, error) {
	if len(text) > MaxText {
		return nil, corrupt("record of %d bytes", len(text))
	}
	i := bytes.Index(text, []byte("\n"+mapWord))
	if i < 0 {
		return nil, corrupt("not a record")
	}
	r, top, err := parseHead(string(text[:i+1]))
	if err != nil {
		return nil, err
	}
	n := 1
	switch {
	case r.Mode == object.Tree:
		if r.Top, err = object.ParseNode([]byte(top)); err != nil {
			return nil, corrupt("record: %w", err)
		}
		n = r.Top.Len()
	case top != "":
		return nil, corrupt("record of a file with lines before its map")
	}
	if r.Places, err = parseMap(text[i+1:], n, r.line); err != nil {
		return nil, err
	}
	return r, r.check()
}

// parseHead reads the three lines that begin a record, and returns the rest.
func parseHead(text string) (r *Record, rest string, err error) {
	var first, root, commit string
	for _, line := range []*string{&first, &root, &commit} {
		*line, text, _ = strings.Cut(text, "\n")
	}
	version, isRecord := strings.CutPrefix(first, recordWord)
	if !isRecord {
		return nil, "", corrupt("not a record")
	}
	if version != "1" {
		if n, err := object.ParseNumber(version); err != nil || n == 0 {
			return nil, "", corrupt("record with the header %q", first)
		}
		return nil, "", newer("record version " + version)
	}
	fields := strings.Split(root, " ")
	if len(fields) != 4 || fields[0] != "root" || len(fields[1]) != 1 {
		return nil, "", corrupt("record with the root %q", root)
	}
	r = &Record{Mode: object.Mode(fields[1][0])}
	if r.ID, err = object.ParseID(fields[2]); err != nil {
		return nil, "", corrupt("record: %w", err)
	}
	if r.Size, err = object.ParseNumber(fields[3]); err != nil {
		return nil, "", corrupt("record: %w", err)
	}
	ok := false
	if r.Commit, ok = strings.CutPrefix(commit, "commit "); !ok || r.Commit == "" {
		return nil, "", corrupt("record without a commit")
	}
	if r.Commit == "-" {
		r.Commit = ""
	}
	return r, text, nil
}
