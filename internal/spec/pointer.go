package spec

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/value"
)

// Ext is the ending of a pointer's name.
const Ext = ".mlv"

// maxPointer is the most bytes that a pointer may have.
const maxPointer = 64 << 10

// A Pointer is what git holds of one tracked file or directory. Its format is
// docs/format/pointer.md.
type Pointer struct {
	Path  string // one component: the name in the pointer's own folder
	ID    object.ID
	Size  int64
	Files int64       // of a directory: lines of level 0
	Mode  object.Mode // File, Exec or Tree

	Desc    string
	Labels  []string
	Meta    value.Value
	Remote  string // the only remote that it goes to; "": the default
	NoPush  bool
	NoCache bool
	Frozen  bool
	Import  bool // its source lies elsewhere; read only

	doc *value.Document // what it was read from; nil: it is new
}

// The keys of a pointer in the order in which a new one has them.
var pointerKeys = [...]string{
	"version", "path", "type", "hash", "size", "files", "exec",
	"desc", "labels", "meta", "remote", "push", "cache", "frozen",
}

// ParsePointer reads a pointer; name is for messages. Unknown keys are kept.
func ParsePointer(name string, b []byte) (*Pointer, error) {
	if len(b) > maxPointer {
		return nil, tooLarge(name, maxPointer)
	}
	if err := conflicted(name, b, "choose one side and run 'mlv checkout'"); err != nil {
		return nil, err
	}
	doc, err := value.ParseYAML(name, b)
	if err != nil {
		return nil, err
	}
	if doc.Root.Kind != value.Map {
		return nil, errs.At(errs.Usage, name, "", "not a pointer: it holds no map")
	}
	p := &Pointer{Mode: object.File, doc: doc}
	d := decoder{doc: doc}
	if err := d.version(doc.Root); err != nil {
		return nil, err
	}
	for _, key := range pointerKeys[:5] {
		if doc.Root.Get(key) == nil {
			return nil, d.errorf(doc.Root, "", "it names no %s", key)
		}
	}
	for _, pair := range doc.Root.Pairs {
		if err := p.read(d.in(pair.Key.Text), pair.Key.Text, pair.Value); err != nil {
			return nil, err
		}
	}
	return p, p.check(d)
}

func (p *Pointer) read(d decoder, key string, n *value.Node) (err error) {
	switch key {
	case "path":
		var path fsx.Path
		if path, err = d.path(n); err == nil && path.Dir() != "" {
			err = d.errorf(n, "", "%q is more than one name", path)
		}
		p.Path = string(path)
	case "type":
		var kind string
		if kind, err = d.word(n, "file", "directory"); kind == "directory" {
			p.Mode = object.Tree
		}
	case "hash":
		p.ID, err = d.hash(n)
	case "size":
		p.Size, err = d.count(n)
	case "files":
		p.Files, err = d.count(n)
	case "desc":
		p.Desc, err = d.text(n)
	case "labels":
		p.Labels, err = d.texts(n)
	case "meta":
		p.Meta, err = d.value(n)
	case "remote":
		p.Remote, err = d.text(n)
	case "push":
		p.NoPush, err = d.not(n)
	case "cache":
		p.NoCache, err = d.not(n)
	case "frozen":
		p.Frozen, err = d.boolean(n)
	case "source":
		p.Import = true
	}
	return err
}

func (d decoder) not(n *value.Node) (bool, error) {
	b, err := d.boolean(n)
	return !b, err
}

// check holds what is true of a pointer as a whole.
func (p *Pointer) check(d decoder) error {
	files, exec := d.doc.Root.Get("files"), d.doc.Root.Get("exec")
	tree := p.Mode == object.Tree
	switch {
	case tree && files == nil:
		return d.errorf(d.doc.Root.Get("type"), "", "a directory names its number of files")
	case !tree && files != nil:
		return d.errorf(files, "", "a file has no number of files")
	case tree && exec != nil:
		return d.errorf(exec, "", "a directory is not executable")
	case !tree && (p.Size == 0) != (p.ID == object.Empty):
		return d.errorf(d.doc.Root.Get("size"), "", "size %d does not fit the hash", p.Size)
	}
	if exec != nil {
		yes, err := d.in("exec").boolean(exec)
		if err == nil && !yes {
			err = d.errorf(exec, "leave the line out", "exec is never false")
		}
		if err != nil {
			return err
		}
		p.Mode = object.Exec
	}
	return nil
}

// fields returns the keys that p has, with their values.
func (p *Pointer) fields() map[string]value.Value {
	kind := "file"
	if p.Mode == object.Tree {
		kind = "directory"
	}
	f := map[string]value.Value{
		"version": value.OfInt(1),
		"path":    value.OfString(p.Path),
		"type":    value.OfString(kind),
		"hash":    value.OfString("blake3:" + p.ID.String()),
		"size":    value.OfInt(p.Size),
	}
	put := func(key string, has bool, v value.Value) {
		if has {
			f[key] = v
		}
	}
	labels := make([]value.Value, len(p.Labels))
	for i, l := range p.Labels {
		labels[i] = value.OfString(l)
	}
	put("files", p.Mode == object.Tree, value.OfInt(p.Files))
	put("exec", p.Mode == object.Exec, value.OfBool(true))
	put("desc", p.Desc != "", value.OfString(p.Desc))
	put("labels", len(labels) > 0, value.OfList(labels...))
	put("meta", !p.Meta.IsNull(), p.Meta)
	put("remote", p.Remote != "", value.OfString(p.Remote))
	put("push", p.NoPush, value.OfBool(false))
	put("cache", p.NoCache, value.OfBool(false))
	put("frozen", p.Frozen, value.OfBool(true))
	return f
}

// Format returns the pointer's text. One that was read keeps every byte but
// those of fields that have changed since: comments, order, unknown keys.
func (p *Pointer) Format() ([]byte, error) {
	if !utf8.ValidString(p.Path) {
		return nil, fmt.Errorf("path %q is not UTF-8, which a pointer needs", p.Path)
	}
	want := p.fields()
	if p.doc == nil {
		var b []byte
		for _, key := range pointerKeys {
			if v, ok := want[key]; ok {
				b = append(append(b, key...), ": "...)
				b = append(pointerText(b, key, v), '\n')
			}
		}
		return b, nil
	}
	old, err := ParsePointer(p.doc.Name, p.doc.Bytes())
	if err != nil {
		return nil, err
	}
	have, doc := old.fields(), p.doc
	for i, key := range pointerKeys {
		v, ok := want[key]
		was, had := have[key]
		switch {
		case ok && had && v.Equal(was), !ok && !had:
			continue
		case !ok:
			doc, _, err = doc.Unset([]string{key})
		default:
			doc, err = doc.SetAfter(pointerKeys[:i], key, v)
		}
		if err != nil {
			return nil, err
		}
	}
	return doc.Bytes(), nil
}

// pointerText spells a value of a new pointer. A hash stands plain: its one
// colon is followed by a digit.
func pointerText(b []byte, key string, v value.Value) []byte {
	if key == "hash" {
		return append(b, v.Text()...)
	}
	return v.AppendLine(b)
}

// Output returns what p tracks, for a pointer that stands in dir.
func (p *Pointer) Output(dir fsx.Path) Output {
	return Output{
		Path: dir.Join(fsx.Path(p.Path)), ID: p.ID, Size: p.Size, Files: p.Files, Mode: p.Mode,
		Remote: p.Remote, NoPush: p.NoPush || p.Import, NoCache: p.NoCache, Frozen: p.Frozen,
	}
}

// conflicted returns an error if b holds git's conflict markers.
func conflicted(name string, b []byte, hint string) error {
	for _, marker := range [...]string{"<<<<<<< ", ">>>>>>> "} {
		at := bytes.Index(b, []byte("\n"+marker)) + 1
		if at > 0 || bytes.HasPrefix(b, []byte(marker)) {
			return &errs.Error{
				Kind: errs.Usage, Path: name, Line: bytes.Count(b[:at], []byte("\n")) + 1, Hint: hint,
				Err: errors.New("git left a merge conflict here"),
			}
		}
	}
	return nil
}
