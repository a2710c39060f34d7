package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/value"
)

// A decoder turns nodes of one document into Go values. Every error shows the
// node; where names what is being decoded: "stage train".
type decoder struct {
	doc   *value.Document
	where string
}

func (d decoder) in(where string) decoder {
	if d.where != "" {
		where = d.where + ": " + where
	}
	return decoder{d.doc, where}
}

func (d decoder) errorf(n *value.Node, hint, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if d.where != "" {
		text = d.where + ": " + text
	}
	return d.doc.Errorf(n, hint, "%s", text)
}

// unknown is the error of a key that is none of names.
func (d decoder) unknown(key *value.Node, what string, names []string) error {
	near := errs.Nearest(key.Text, names)
	hint := "known are " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
	if len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	text := fmt.Sprintf("unknown %s %q", what, key.Text)
	if d.where != "" {
		text = d.where + ": " + text
	}
	e := d.doc.Errorf(key, hint, "%s", text)
	e.Candidates = near
	return e
}

func (d decoder) value(n *value.Node) (value.Value, error) { return d.doc.Value(n) }

// wants is the error of a node that is not what it should be.
func (d decoder) wants(n *value.Node, what string) error {
	have := "nothing"
	if v, err := d.doc.Value(n); err == nil && n.Style != value.Absent {
		have = aKind(v.Kind())
	}
	return d.errorf(n, "", "wants %s, not %s", what, have)
}

// aKind names a type as messages do.
func aKind(k value.Kind) string {
	switch k {
	case value.Null:
		return "nothing"
	case value.Int:
		return "an integer"
	case value.String:
		return "text"
	case value.Bool:
		return "true or false"
	}
	return "a " + k.String()
}

// text reads a string. A number or date that a person forgot to quote is not
// one.
func (d decoder) text(n *value.Node) (string, error) {
	v, err := d.value(n)
	if err != nil {
		return "", err
	}
	if v.Kind() != value.String {
		return "", d.wants(n, "text")
	}
	return v.Text(), nil
}

func (d decoder) boolean(n *value.Node) (bool, error) {
	v, err := d.value(n)
	if err != nil {
		return false, err
	}
	if v.Kind() != value.Bool {
		return false, d.wants(n, "true or false")
	}
	return v.Bool(), nil
}

// count reads an integer from 0.
func (d decoder) count(n *value.Node) (int64, error) {
	v, err := d.value(n)
	if err != nil {
		return 0, err
	}
	i, ok := v.Int64()
	if !ok || i < 0 {
		return 0, d.wants(n, "a number from 0")
	}
	return i, nil
}

func (d decoder) word(n *value.Node, of ...string) (string, error) {
	text, err := d.text(n)
	if err != nil {
		return "", err
	}
	if !slices.Contains(of, text) {
		return "", d.errorf(n, "", "%q is not one of %s", text, strings.Join(of, ", "))
	}
	return text, nil
}

func (d decoder) texts(n *value.Node) ([]string, error) {
	if n.Kind != value.List {
		return nil, d.wants(n, "a list")
	}
	out := make([]string, len(n.Items))
	for i, item := range n.Items {
		text, err := d.text(item)
		if err != nil {
			return nil, err
		}
		out[i] = text
	}
	return out, nil
}

func (d decoder) hash(n *value.Node) (object.ID, error) {
	text, err := d.text(n)
	if err != nil {
		return object.ID{}, err
	}
	digits, ok := strings.CutPrefix(text, "blake3:")
	if !ok {
		return object.ID{}, d.errorf(n, "", "a hash begins with blake3:")
	}
	id, err := object.ParseID(digits)
	if err != nil {
		return object.ID{}, d.errorf(n, "", "%s", err)
	}
	return id, nil
}

func (d decoder) path(n *value.Node) (fsx.Path, error) {
	text, err := d.text(n)
	if err != nil {
		return "", err
	}
	p, err := fsx.ParsePath(text)
	if err != nil {
		return "", d.errorf(n, "", "%s", err)
	}
	if p.Private() { // a repository must not name the user's own settings
		return "", d.errorf(n, "", "%q leads into .mlv", text)
	}
	return p, nil
}

// version reads the version of a file's format, which must be 1.
func (d decoder) version(root *value.Node) error {
	n := root.Get("version")
	if n == nil {
		return d.errorf(root, "begin the file with: version: 1", "it names no version")
	}
	v, err := d.value(n)
	if err != nil {
		return err
	}
	switch i, ok := v.Int64(); {
	case ok && i == 1:
		return nil
	case ok && i > 1:
		return d.errorf(n, "install a newer mlv", "version %d needs a newer mlv", i)
	}
	return d.errorf(n, "", "version is %s, not 1", v)
}

// tooLarge is the error of a file beyond its limit.
func tooLarge(name string, limit int64) error {
	return errs.At(errs.Usage, name, "", "the file is larger than %d bytes", limit)
}
